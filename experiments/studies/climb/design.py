"""The climb: the same market with all prices divided by 1, 2, 5, 10 and 20, and the same again with log utility.

In every run supply costs are divided as well, so that no provider has a reason to act otherwise; what changes is
only how dear tokens are to customers. Fleets are larger than the market's own (by ``fleet``), in every run alike, so
that what customers want is what they get: with scarce GPUs those who climb meet queues and refusals. The control
replaces money by log price in customers' utility: then a uniform fall of prices changes no choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from experiments.measures.catalogue import measure, unit_of
from experiments.studies.climb.figures import CLIMB_COLUMNS, EFFECT
from sim.errors import ScenarioError
from sim.units import NANO_PER_USD, TOKENS_PER_MTOK

if TYPE_CHECKING:
    from pandas import DataFrame

    from sim.market.result import MarketResult
    from sim.scenario.firm_settings import Firm
    from sim.scenario.market_scenario import MarketScenario

DIVISORS: Final = (1.0, 2.0, 5.0, 10.0, 20.0)
FLEET: Final = 3.0  # assumption: with it 97% of requests complete at today's prices, 94% at a twentieth
SHOWN: Final = ("size_b", "quality", "price_usd_per_mtok", "tokens_per_day", "spend_usd_per_day", "completed_share")
METRICS: Final = (*SHOWN, *(EFFECT.format(name) for name in ("price", "volume", "mix")))
CONTROLS: Final = {"money": "money", "log_price": "log"}  # name in the tables: utility of customers


@dataclass(frozen=True)
class ClimbDesign:
    """What is run.

    Attributes
    ----------
    scenario
        The market at divisor 1.
    divisors
        What all prices are divided by; the first one is the base of the decomposition.
    replications
        Runs of each; replication r has the same customers and tastes in all of them.
    measured_days
        Measured are the last so many days of the horizon, all of them at most.
    fleet
        Every pool has so many times its GPUs.

    Raises
    ------
    ScenarioError
        If a number is out of range.
    """

    scenario: MarketScenario
    divisors: tuple[float, ...] = DIVISORS
    replications: int = 3
    measured_days: int = 30
    fleet: float = FLEET

    def __post_init__(self) -> None:
        days = self.scenario.horizon.days
        if not 1 <= self.measured_days <= days:
            raise ScenarioError(f"measured days are {self.measured_days}, but must be 1 to {days}, the days of a run")
        for name, values in (("divisors", self.divisors), ("fleet", (self.fleet,))):
            for value in values:
                if not 1e-3 <= value <= 1e3:  # nor if it is not a number
                    raise ScenarioError(f"{name}: {value:g} is not allowed; it must be from 0.001 to 1000")
        if len(set(self.divisors)) < len(self.divisors):
            raise ScenarioError(f"divisors are {', '.join(f'{one:g}' for one in self.divisors)}; none may stand twice")

    def cells(self) -> Iterator[tuple[str, float, int]]:
        """Yield control, divisor and replication of every run."""
        for control in CONTROLS:
            for divisor in self.divisors:
                for replication in range(self.replications):
                    yield control, divisor, replication


@dataclass(frozen=True)
class Bill:
    """The measured days of one run, by model: USD and tokens a day; and token-weighted size and quality."""

    spend_usd: np.ndarray
    tokens: np.ndarray
    size_b: float
    quality: float
    completed_share: float


def climb(design: ClimbDesign, jobs: int = 1, tick: Callable[[int, int], None] | None = None) -> DataFrame:
    """Run the design and return the frame of `experiments.studies.climb.figures`; it does not depend on ``jobs``."""
    from experiments.runs.workers import in_processes

    calls = [(number, design, *cell) for number, cell in enumerate(design.cells())]
    done = in_processes(_run, calls, jobs) if jobs > 1 else (_run(*call) for call in calls)
    bills: dict[int, Bill] = {}
    for number, bill in done:
        bills[number] = bill
        if tick is not None:
            tick(len(bills), len(calls))
    return _frame(design, [bills[number] for number in range(len(calls))])


def scaled(scenario: MarketScenario, control: str, divisor: float, fleet: float = 1.0) -> MarketScenario:
    """Return the market with all prices divided, customers' utility in money or in log price, and larger fleets."""
    choice = scenario.customers.choice.model_copy(update={"utility": CONTROLS[control]})
    customers = scenario.customers.model_copy(update={"choice": choice})
    firms = {name: _grown(firm, fleet) for name, firm in scenario.supply.firms.items()}
    return scenario.model_copy(update={
        "customers": customers, "price_factor": scenario.price_factor / divisor,
        "supply": scenario.supply.model_copy(update={"firms": firms})})


def _grown(firm: Firm, fleet: float) -> Firm:
    pools = tuple(pool.model_copy(update={"count": round(pool.count * fleet)}) for pool in firm.pools)
    return firm.model_copy(update={"pools": pools})


def _run(number: int, design: ClimbDesign, control: str, divisor: float, replication: int) -> tuple[int, Bill]:
    from experiments.runs.run_market import run_market

    result, _ = run_market(scaled(design.scenario, control, divisor, design.fleet), replication)
    return number, bill_of(result, design.measured_days)


def bill_of(result: MarketResult, days: int) -> Bill:
    """Return what was bought in the last ``days`` days of a run."""
    from experiments.measures.market.panel import by_group, offer_series, offer_tokens, workload_series
    from experiments.measures.market.run import Run
    from experiments.measures.market.shares import weighted_mean

    run = Run(result)
    count = len(result.models)
    spend = by_group(offer_series(result, "revenue_nano")[-days:] / NANO_PER_USD, result.offer_model, count)
    tokens = by_group(offer_tokens(result)[-days:], result.offer_model, count)
    quality = run.quality[-days:].ravel()
    born, completed = (workload_series(result, name)[-days:].sum() for name in ("born", "completed"))
    used = np.where(np.isfinite(quality), run.tokens[-days:].ravel(), 0)  # requests may end after their workload did
    sold = tokens.sum(axis=0)
    return Bill(
        spend_usd=spend.mean(axis=0),
        tokens=tokens.mean(axis=0),
        size_b=float(sold @ result.models.total_b / sold.sum()) if sold.sum() > 0 else np.nan,
        quality=float(weighted_mean(quality, used)),
        completed_share=float(completed / born) if born > 0 else np.nan,
    )


def _frame(design: ClimbDesign, bills: list[Bill]) -> DataFrame:
    import pandas as pd

    by_cell = dict(zip(design.cells(), bills, strict=True))
    rows = [
        (control, divisor, replication, metric, value)
        for (control, divisor, replication), bill in by_cell.items()
        for metric, value in metrics_of(by_cell[control, design.divisors[0], replication], bill).items()
    ]
    return pd.DataFrame(rows, columns=list(CLIMB_COLUMNS))


def metrics_of(base: Bill, bill: Bill) -> dict[str, float]:
    """Return the metrics of a run, its spend set against that of the base."""
    from experiments.measures.market.decomposition import shapley

    spend, tokens = bill.spend_usd.sum(), bill.tokens.sum()
    split = shapley(np.stack([base.spend_usd, bill.spend_usd]), np.stack([base.tokens, bill.tokens]))
    return {
        "size_b": bill.size_b,
        "quality": bill.quality,
        "price_usd_per_mtok": float(TOKENS_PER_MTOK * spend / tokens) if tokens > 0 else np.nan,
        "tokens_per_day": float(tokens),
        "spend_usd_per_day": float(spend),
        "completed_share": bill.completed_share,
        **{EFFECT.format(name): float(getattr(split, name)) for name in ("price", "volume", "mix")},
    }


def summary(frame: DataFrame) -> DataFrame:
    """Return mean, half-width and number of replications of every metric by control and divisor."""
    import pandas as pd

    from experiments.stats import interval

    rows: list[tuple[Any, ...]] = []
    for (control, divisor, metric), part in frame.groupby(["control", "divisor", "metric"], sort=False):
        got = interval(part["value"].tolist())
        rows.append((control, divisor, metric, unit_of(str(metric)), got.mean, got.half_width, got.n))
    return pd.DataFrame(rows, columns=["control", "divisor", "metric", "unit", "mean", "half_width", "n"])


def table(frame: DataFrame) -> str:
    """Return the climb as aligned text: one line a control and divisor, means with half-widths."""
    shown = [measure(name) for name in SHOWN]
    means = summary(frame).set_index(["control", "divisor", "metric"])
    grid = [["utility", "prices /", *(f"{it.heading}, {it.show.unit}" for it in shown)]]
    for control, divisor in dict.fromkeys(zip(frame["control"], frame["divisor"], strict=True)):
        line = [str(control), f"{divisor:g}"]
        for it in shown:
            row, factor = means.loc[(control, divisor, it.name)], it.show.factor
            half = row["half_width"] * factor
            line.append(f"{row['mean'] * factor:.3g}" + (f" ± {half:.1g}" if np.isfinite(half) else ""))
        grid.append(line)
    widths = [max(len(line[i]) for line in grid) for i in range(len(grid[0]))]
    return "\n".join(" ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in grid)

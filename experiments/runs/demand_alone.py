"""Customers without a supply side: every released model is sold at its list price, as much as anybody wants of it.

No traffic is simulated and no request is lost: volumes are what customers mean to buy. A run of a year takes seconds.
Of supply one thing is looked at: where GPUs get cheaper on a day (`GpuFall`), and sellers do not keep that, open
models do so too, as if competition passed it on in full and nothing but GPUs cost anything; closed ones stay as listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from sim.units import DAY_S, PICO_PER_USD_PER_MTOK

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandas import DataFrame

    from sim.market.customers.customers import Customers
    from sim.market.customers.lab_sales import LabSales
    from sim.market.models.model import Models
    from sim.scenario import MarketScenario
    from sim.scenario.cost_settings import GpuFall

CACHED_PRICE: Final = 0.25  # of the input price, as strategies price cached tokens that no list price names
TTFT_S: Final = 0.6  # seconds to the first token, and per output token, with any model (assumption)
TPOT_S: Final = 0.02
COLUMNS: Final = ("day", "model", "total_b", "requests", "tokens", "plain_tokens", "quality_tokens", "spend_usd")


class ListPrices:
    """A desk at which every released model with a list price is for sale at it.

    Parameters
    ----------
    models
        The models.
    price_factor
        All prices are multiplied by this.
    first, fall_days
        Prices of the first day over those later, and the days over which they fall, evenly in their logarithm (E132);
        0 days: they have fallen when it opens.
    gpus
        A fall of what GPUs cost, which open models' prices follow; None: there is none.
    """

    def __init__(self, models: Models, price_factor: float, first: float = 1.0, fall_days: float = 0.0,
                 gpus: GpuFall | None = None) -> None:
        from simpy import Environment

        from sim.scenario.cost_settings import GpuFall

        self.env, self.models = Environment(), models
        scale = PICO_PER_USD_PER_MTOK * price_factor
        self._pico = np.array([
            (np.nan, np.nan) if row.list_in_usd is None or row.list_out_usd is None
            else (row.list_in_usd * scale, row.list_out_usd * scale) for row in models.rows]).reshape(-1, 2)
        self._first, self._fall_s, self._gpus = first, fall_days * DAY_S, gpus or GpuFall()

    def level(self) -> float:
        """Return prices now over those that they fall to (E132)."""
        return float(self._first ** max(0.0, 1.0 - self.env.now / self._fall_s)) if self._fall_s > 0 else 1.0

    def released(self) -> np.ndarray:
        """Return bool (models,): released, not retired, and with a list price."""
        day = self.env.now / DAY_S
        there = (self.models.release_day <= day) & (day < self.models.retire_day)
        return np.asarray(there & np.isfinite(self._pico[:, 0]))

    def paid_pico_per_token(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return list prices of input, output and cached tokens, float64 (models,); nan where nobody sells."""
        level = self.level() * np.where(self.models.open, self._open_level(), 1.0)
        into, out = np.where(self.released()[:, None], self._pico * level[:, None], np.nan).T
        return into, out, into * CACHED_PRICE

    def _open_level(self) -> float:
        """Prices of open models over those that are listed: as GPUs now cost over what they did."""
        fallen = not self._gpus.kept and self.env.now >= self._gpus.day * DAY_S
        return 1.0 / self._gpus.divisor if fallen else 1.0

    def latency_s(self) -> tuple[np.ndarray, np.ndarray]:
        """Return times to the first token and per token, the same for all models."""
        count = len(self.models)
        return np.full(count, TTFT_S), np.full(count, TPOT_S)


def demand_alone(
    scenario: MarketScenario, replication: int = 0, progress: Callable[[float], None] | None = None
) -> DataFrame:
    """Run the customers of a market at list prices, and return what they mean to buy, a row a day and model.

    Columns are ``COLUMNS``; models that nobody wants on a day have no row. ``plain_tokens`` are those that the same
    requests would take with a model of verbosity 1.

    Parameters
    ----------
    scenario, replication
        As for `experiments.runs.run_market.run_market`; of the supply side only a fall of GPUs' cost is looked at.
    progress
        Called with the market time in days after each day.

    Raises
    ------
    MarketError
        For anything wrong in the scenario.
    """
    import pandas as pd

    customers, desk, labs = _staged(scenario, replication)
    customers.counts_surplus = False  # of which no column is kept
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for day in range(scenario.horizon.days):
        if labs is not None:
            labs.level = desk.level()
        customers.step(desk)
        for name, values in _day(customers, desk.models, day).items():
            columns[name].append(values)
        desk.env.run(until=(day + 1) * DAY_S)
        if progress is not None:
            progress(day + 1.0)
    return pd.DataFrame({name: np.concatenate(parts) for name, parts in columns.items()})


class _Shop(NamedTuple):
    """Who buys, where, and from whom directly (None: nobody can)."""

    customers: Customers
    desk: Any  # a `ListPrices`, which stands in for the market's
    labs: LabSales | None


def _staged(scenario: MarketScenario, replication: int) -> _Shop:
    from sim.market.customers.customers import Customers
    from sim.market.customers.lab_sales import LabSales
    from sim.market.customers.population import draw_population
    from sim.market.models.catalogue import load_catalogue
    from sim.market.models.upgrades import migration_matrix, upgrade_graph
    from sim.streams import Streams

    streams, wanted = Streams(scenario.seed, replication), scenario.customers
    models = load_catalogue(scenario.models, scenario.horizon.start, scenario.horizon.days, streams)
    population = draw_population(wanted, streams, scenario.horizon.days)
    sold = wanted.uses.enabled and wanted.uses.direct.enabled
    labs = LabSales(population, models, wanted.uses.direct, scenario.fees, scenario.price_factor) if sold else None
    migration = migration_matrix(upgrade_graph(models, scenario.models), models)
    choice = wanted.choice
    return _Shop(Customers(population, models, migration, choice, labs, wanted.drift),
                 ListPrices(models, scenario.price_factor, choice.first_prices, choice.fall_days,
                            scenario.supply.gpu_fall), labs)


def _day(customers: Customers, models: Models, day: int) -> dict[str, np.ndarray]:
    """What is wanted on a day, by model."""
    from sim.market.customers.answer_lengths import kept_share

    buys = np.flatnonzero(customers.model >= 0)
    model, people, count = customers.model[buys], customers.population, len(models)
    requests = DAY_S * customers.rate_per_s[buys]
    tokens = customers.planned_tokens()[buys]
    kept = kept_share(people.output_tokens, people.length_sigma, people.max_tokens)[buys]
    plain = requests * (people.prompt_tokens[buys] + people.output_tokens[buys] * kept)
    quality = models.quality[people.task[buys], model]
    sums = {"requests": requests, "tokens": tokens, "plain_tokens": plain, "quality_tokens": quality * tokens,
            "spend_usd": requests * customers.cost_usd[buys]}
    found = {name: np.bincount(model, values, minlength=count) for name, values in sums.items()}
    wanted = np.flatnonzero(found["requests"] > 0)
    return {"day": np.full(len(wanted), day), "model": np.array(models.names, object)[wanted],
            "total_b": models.total_b[wanted], **{name: values[wanted] for name, values in found.items()}}

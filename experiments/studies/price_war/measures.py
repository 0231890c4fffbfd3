"""What ``price_war`` finds: prices over the grid, whose doing they are, and what entry makes of what is above cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from experiments.studies.assuming import at_point
from experiments.studies.price_war import closed_prices
from experiments.studies.price_war.main_effects import variance_shares
from experiments.studies.price_war.rule_season import MOST, Desk, SeasonEnd
from experiments.studies.price_war.war_cells import (
    ENTRY,
    FEW,
    LAX,
    LEVELS,
    MANY,
    RANDOM,
    RULES,
    STRICT,
    WarCell,
    cells,
)
from sim.streams import Streams

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.runs.specs import Value
    from experiments.studies.price_war.assumed import PriceWarAssumptions
    from experiments.studies.price_war.design import PriceWar

NAMES: Final = {"rule": "rule", "hosts": "hosts, or entry", "all_routed": "routed share", "ample": "capacity",
                "outages": "outages", "told": "told or learned", "interactions": "interactions"}
COLUMNS: Final = ("quantity", "unit", "mean", "half_width", "n", "inputs_alone", "standard_errors")


@dataclass(frozen=True)
class FoundWar:
    """Ends of seasons by cell, of every seed; those of random routing apart.

    Attributes
    ----------
    seeds, random
        By seed.
    assumed
        What was assumed.
    """

    seeds: tuple[Mapping[WarCell, SeasonEnd], ...]
    random: tuple[Mapping[WarCell, SeasonEnd], ...]
    assumed: PriceWarAssumptions

    def values(self, of: Callable[[SeasonEnd], float], **levels: Any) -> list[float]:  # noqa: ANN401 - of cells
        """Return the mean over all cells with these levels, by seed."""
        rows = self.random if levels.get("rule") == RANDOM else self.seeds
        return [float(np.mean([of(end) for cell, end in seed.items() if cell._replace(**levels) == cell]))
                for seed in rows]


def find_war(design: PriceWar, check: Callable[[], None]) -> FoundWar:
    """Play all seasons of all seeds."""
    rows: list[list[dict[WarCell, SeasonEnd]]] = [[], []]
    for replication in range(design.replications):
        for row, grid in zip(rows, (cells(), cells((RANDOM,))), strict=True):
            row.append({})
            for cell in grid:
                row[-1][cell] = Desk(cell, design.assumed, Streams(design.seed, replication)).run()
                check()
    return FoundWar(tuple(rows[0]), tuple(rows[1]), design.assumed)


def _log(end: SeasonEnd) -> float:
    return end.log_paid


def shares_of(prices: Mapping[WarCell, float]) -> dict[str, float]:
    """Return whose main effect how much of the variance of log prices is."""
    return variance_shares(LEVELS, np.array([prices[cell] for cell in cells()]))


def falls(prices: Mapping[WarCell, float]) -> dict[str, float]:
    """Return the mean fall of log prices from the lax to the strict rule, in the four worlds."""
    out = {}
    for entry in (False, True):
        for told in (True, False):
            rows = [price - prices[cell._replace(rule=STRICT)] for cell, price in prices.items()
                    if cell.rule == LAX and cell.told == told and (cell.hosts == ENTRY) == entry]
            out[f"{'free entry' if entry else 'given hosts'}, {'told' if told else 'learned'}"] = float(np.mean(rows))
    return out


def compared(prices: Mapping[WarCell, float]) -> dict[str, float]:
    """Return what the rule compares."""
    return {"rule_share": shares_of(prices)["rule"], "least_fall": min(falls(prices).values())}


def statistics(found: FoundWar) -> dict[str, list[float]]:
    """Return what the rule compares, one value a seed."""
    rows = [compared(_prices(seed)) for seed in found.seeds]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _prices(seed: Mapping[WarCell, SeasonEnd]) -> dict[WarCell, float]:
    return {cell: end.log_paid for cell, end in seed.items()}


def control(found: FoundWar) -> list[float]:
    """Return how far below the ceiling prices end under random routing, in logarithms."""
    return [math.log(found.assumed.ceiling) - value for value in found.values(_log, rule=RANDOM)]


def known(assumed: PriceWarAssumptions) -> dict[WarCell, float]:
    """Return log prices of all cells by the inputs alone: nobody learns, fails or fills up."""
    plain: dict[WarCell, float] = {}
    out = {}
    for cell in cells():
        base = cell._replace(ample=True, outages=False, told=True)
        if base not in plain:
            plain[base] = closed_prices.known_log_price(base, assumed, MOST)
        out[cell] = plain[base]
    return out


def statistics_at(design: PriceWar, point: Mapping[str, Value]) -> dict[str, float]:
    """Return what the rule compares at a point, by the inputs alone."""
    return compared(known(at_point(design.assumed, point)))


def summary(found: FoundWar) -> DataFrame:
    """Return a row a quantity, with what the inputs alone have of it, and how many standard errors that is away."""
    import pandas as pd

    rows = [*_variance_rows(found), *_price_rows(found), *_entry_rows(found)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(quantity: str, unit: str, values: list[float], alone: float = math.nan) -> tuple[Any, ...]:
    from experiments.stats import interval

    got = interval(values)
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    away = (got.mean - alone) / error if error > 0 else math.nan
    return quantity, unit, got.mean, got.half_width, got.n, alone, away


def _variance_rows(found: FoundWar) -> list[tuple[Any, ...]]:
    seeds, alone = [_prices(seed) for seed in found.seeds], known(found.assumed)
    shared, inputs = [shares_of(prices) for prices in seeds], shares_of(alone)
    rows = [_row(f"variance due to: {label}", "1", [it[name] for it in shared], inputs[name])
            for name, label in NAMES.items()]
    fallen, expected = [falls(prices) for prices in seeds], falls(alone)
    return rows + [_row(f"fall of log price from lax to strict: {world}", "1", [it[world] for it in fallen], value)
                   for world, value in expected.items()]


def _price_rows(found: FoundWar) -> list[tuple[Any, ...]]:
    """Price over cost where nothing but the rule and hosts matters, and how far each of the others moves it."""
    plain: dict[str, Any] = {"all_routed": True, "ample": True, "outages": False, "told": True}
    rows = []
    for rule in RULES:
        for hosts in (FEW, MANY, ENTRY):
            alone = math.exp(closed_prices.known_log_price(WarCell(rule, hosts, **plain), found.assumed, MOST))
            values = [math.exp(it) for it in found.values(_log, rule=rule, hosts=hosts, **plain)]
            rows.append(_row(f"price over cost: {rule}, {hosts} hosts" if hosts != ENTRY else
                             f"price over cost: {rule}, {hosts}", "1", values, alone))
    for name, (before, after) in {"all_routed": (True, False), "ample": (True, False), "outages": (False, True),
                                  "told": (True, False)}.items():
        moved = np.subtract(found.values(_log, **{name: after}), found.values(_log, **{name: before}))
        rows.append(_row(f"log price moved by {NAMES[name]}", "1", moved.tolist()))
    for rule, limit in closed_prices.floors(found.assumed).items():
        over = [math.exp(it) - limit for it in found.values(_log, rule=rule, hosts=ENTRY, **plain)]
        rows.append(_row(f"price over cost above the floor k/(k - 1) under entry: {rule}", "1", over))
    return rows


def _entry_rows(found: FoundWar) -> list[tuple[Any, ...]]:
    """Hosts, excess of them, surplus and idle capacity under free entry, all demand being routed."""
    rows, given = [], found.assumed
    cell: dict[str, Any] = {"hosts": ENTRY, "all_routed": True, "ample": True, "outages": False, "told": True}
    capacity, most = given.ample / given.many, MOST
    for rule in RULES:
        def price(number: int, rule: str = rule) -> float:
            return closed_prices.known_price(rule, number, 1.0, given)

        free = closed_prices.free_hosts(price, given, most)
        plan = closed_prices.planned_hosts(price, given, capacity, most)
        best = closed_prices.surplus(price(plan), plan, given)
        lost = best - closed_prices.surplus(price(free), free, given)
        rows += [
            _row(f"hosts under free entry: {rule}", "hosts", found.values(lambda end: end.hosts, rule=rule, **cell),
                 free),
            _row(f"excess entry: {rule}", "hosts",
                 [it - plan for it in found.values(lambda end: end.hosts, rule=rule, **cell)], free - plan),
            _row(f"surplus lost to entry: {rule}", "share of cost",
                 [best - it for it in found.values(lambda end: _surplus(end, given), rule=rule, **cell)], lost),
            _row(f"markup turned into idle cost: {rule}", "1",
                 found.values(_idle_share, rule=rule, **cell),
                 closed_prices.idle_share(free, price(free) ** -given.elasticity, capacity, price(free) - 1.0,
                                          1.0 / given.size)),
            _row(f"customers' surplus: {rule}", "share of cost",
                 found.values(lambda end: _customers(end, given), rule=rule, **cell),
                 closed_prices.customers_surplus(price(free), given))]
    return rows


def _surplus(end: SeasonEnd, given: PriceWarAssumptions) -> float:
    return closed_prices.surplus(math.exp(end.log_paid), end.hosts, given, end.sold / end.wanted)


def _customers(end: SeasonEnd, given: PriceWarAssumptions) -> float:
    return end.sold / end.wanted * closed_prices.customers_surplus(math.exp(end.log_paid), given)


def _idle_share(end: SeasonEnd) -> float:
    return end.idle / ((math.exp(end.log_paid) - 1.0) * end.sold)


"""What the gates of a market ask of one run, as rows of one table: a fact, what it is of, its value."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.measures.market import facing, live_uses
from experiments.measures.market.entry_gap import FACTORS, gap
from experiments.measures.market.panel import by_group, offer_series, offer_tokens
from experiments.measures.market.postings import Stretches, held_at_list, is_open, markup_over_rule, stretches
from experiments.measures.market.price_series import cheapest, usd_per_mtok
from experiments.measures.market.run import Run
from sim.market.result import MarketResult
from sim.units import NANO_PER_USD

if TYPE_CHECKING:
    from pandas import DataFrame

LAST_DAYS: Final = 30  # over which sellers are counted, or half the run
DAYS_PER_QUARTER: Final = 91  # of cohorts
COLUMNS: Final = ("fact", "of", "value")


class Fact(NamedTuple):
    """One value of a run.

    Attributes
    ----------
    fact
        What it is: one of the names in the docstring of `facts`.
    of
        What it is of: an offer, a month and a quality, a day; empty for the run as a whole.
    value
        The value; nan where the run has none.
    """

    fact: str
    of: str
    value: float


def facts_table(result: MarketResult, exponents: Sequence[float]) -> "DataFrame":
    """Return `facts` as a frame."""
    import pandas as pd

    return pd.DataFrame(list(facts(result, exponents)), columns=list(COLUMNS))


def facts(result: MarketResult, exponents: Sequence[float]) -> Iterator[Fact]:
    """Say what the gates ask of a run.

    ``open_tokens_two``, ``open_tokens_three``, ``closed_tokens_two``, ``closed_tokens_three``: shares of tokens by the
    prices they could choose from. ``open_price``: USD per million tokens of open models; ``open_tokens``, ``open_usd``:
    tokens of an open model sold in a month, and USD for them. ``open_sellers``: providers
    that sold open models, mean over the last days. ``over_rule``, ``answerable``: `markup_over_rule` of open models.
    ``held_at_list``: share of their tokens sold at list prices. ``launch_price``, ``launch_cost``: of each open offer.
    ``direct_uses``, ``outside_uses``: shares of uses; of runs that count them.
    ``level_price``: mean logarithm of the cheapest open price, of a month and a quality; ``level_held``: share of days
    and qualities on which that was of an offer that stood at its creator's list price. ``outside_types``,
    ``outside_worth``: types outside that were asked on a day, and of them those that would gain by entering.
    ``capital``, ``expected``, ``realised``: USD of the hosts that entered in a quarter. ``entry_gap``: what realised
    value differs from the expected one by, of each factor, over the expected one.

    Parameters
    ----------
    result
        The run.
    exponents
        Exponent of the rule ``1/price^k`` of the router, or of each marketplace; nan of one that has no such rule.
    """
    run, found = Run(result), stretches(result)
    kept = is_open(result, found)
    for name, share in facing.prices_faced(result)._asdict().items():
        yield Fact(name, "", share)
    yield Fact("open_price", "", _open_price(result))
    yield from _open_sales(run)
    yield Fact("open_sellers", "", _open_sellers(run))
    markup = markup_over_rule(found, kept, exponents)
    yield Fact("over_rule", "", markup.over_rule)
    yield Fact("answerable", "", markup.answerable)
    yield Fact("held_at_list", "", held_at_list(found, kept))
    if result.demand_days:
        for name, share in live_uses.uses_shares(result)._asdict().items():
            yield Fact(f"{name}_uses", "", share)
    yield from _launches(result, found, kept)
    yield from _levels(run, _held_daily(result, found))
    yield from _outside(result)
    yield from _cohorts(result)
    yield from _entry_gap(result)


def _open_price(result: MarketResult) -> float:
    mine = result.models.open[result.offer_model]
    nano, tokens = offer_series(result, "revenue_nano")[:, mine].sum(), offer_tokens(result)[:, mine].sum()
    return float(usd_per_mtok(np.array(nano), np.array(tokens)))


def _open_sales(run: Run) -> Iterator[Fact]:
    """Tokens of each open model in each month, and USD for them; of those that sold some."""
    result, months = run.result, run.months
    tokens, nano = (by_group(months.add(values), result.offer_model, len(result.models))
                    for values in (offer_tokens(result), offer_series(result, "revenue_nano")))
    for model in np.flatnonzero(result.models.open):
        for month in np.flatnonzero(tokens[:, model] > 0):
            of = f"{months.labels[month]} {result.models.rows[model].name}"
            yield Fact("open_tokens", of, float(tokens[month, model]))
            yield Fact("open_usd", of, float(nano[month, model] / NANO_PER_USD))


def _open_sellers(run: Run) -> float:
    result, (names, provider) = run.result, run.providers
    mine = result.models.open[result.offer_model]
    last = min(LAST_DAYS, max(1, result.days // 2))
    sold = by_group(offer_tokens(result)[-last:][:, mine], provider[mine], len(names))
    return float((sold > 0).sum(axis=1).mean())


def _launches(result: MarketResult, found: Stretches, kept: np.ndarray) -> Iterator[Fact]:
    for row in np.flatnonzero(kept & found.launch & (found.price > 0) & (found.cost > 0)):
        offer = result.offers[found.offer[row]]
        name = f"{offer.provider}/{offer.model}"
        yield Fact("launch_price", name, float(found.price[row]))
        yield Fact("launch_cost", name, float(found.cost[row]))


def _held_daily(result: MarketResult, found: Stretches) -> np.ndarray:
    """Which offers stood at their creator's list price for some of a day, bool (days, offers)."""
    held = np.zeros_like(result.listed_daily)
    within = found.first < result.days  # at the midnight that ends a run somebody may still post
    for offer, first, at_list in zip(found.offer[within], found.first[within], found.at_list[within], strict=True):
        stood = held[first, offer]  # the price before it, for a part of that day
        held[first:, offer] = at_list
        held[first, offer] |= stood
    return held


def _levels(run: Run, held: np.ndarray) -> Iterator[Fact]:
    """The cheapest open price at each quality of the open models of the first day that has some."""
    result, at_list = run.result, []
    listed = result.listed_daily & result.models.open[result.offer_model]
    quality = run.mean_quality[result.offer_model]
    offered = np.flatnonzero(listed.any(axis=1))
    for level in np.unique(quality[listed[offered[0]]]) if len(offered) else ():
        lowest = np.log(cheapest(run.price, listed, quality, float(level)))
        for month, value in zip(run.months.labels, run.months.mean(lowest), strict=True):
            yield Fact("level_price", f"{month} {level:.6g}", float(value))
        able = np.where(listed & (run.price > 0) & (quality >= level), run.price, np.inf)
        days = np.flatnonzero(np.isfinite(lowest))
        at_list.append(held[days, able[days].argmin(axis=1)])
    yield Fact("level_held", "", float(np.concatenate(at_list).mean()) if at_list else np.nan)


def _outside(result: MarketResult) -> Iterator[Fact]:
    for day in sorted({it.day for it in result.entry_values}):
        values = [it.value_usd for it in result.entry_values if it.day == day]
        yield Fact("outside_types", str(day), len(values))
        yield Fact("outside_worth", str(day), sum(value > 0 for value in values))


def _cohorts(result: MarketResult) -> Iterator[Fact]:
    for quarter in sorted({it.entry_day // DAYS_PER_QUARTER for it in result.hosts}):
        hosts = [it for it in result.hosts if it.entry_day // DAYS_PER_QUARTER == quarter]
        yield Fact("capital", str(quarter), sum(it.capital_usd for it in hosts))
        yield Fact("expected", str(quarter), sum(it.expected_so_far_usd for it in hosts))
        yield Fact("realised", str(quarter), sum(it.realised_usd for it in hosts))


def _entry_gap(result: MarketResult) -> Iterator[Fact]:
    whole = gap(result.listings)
    for factor in FACTORS if whole.expected_usd > 0 else ():
        yield Fact("entry_gap", factor, getattr(whole, f"{factor}_usd") / whole.expected_usd)

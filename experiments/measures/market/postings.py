"""Prices beside costs: what sellers posted, what serving cost them then, and how their shares answered to price.

The elasticity of a seller's sales is ``e = sum_r w_r k_r (1 - s_r)`` over the rules that place requests (of each
marketplace where there are several, E93), w what part of
its sales each places and s its share of what that rule places (E41); who answers it asks ``e / (e - 1)`` times its cost
(P3, P10 of docs/market/pricing.md). Both sides are in a run: s in its days, cost in
its postings.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from experiments.measures.market.panel import by_group, offer_tokens, ratio
from experiments.measures.market.ways_sold import DEFAULT, ways_sold
from sim.engines.wanted import RULES
from sim.market.result import MarketResult
from sim.price_response import STEEPEST
from sim.units import DAY_S


class Stretches(NamedTuple):
    """Each posting with the days on which its prices stood, arrays (postings,).

    Attributes
    ----------
    offer, first
        int64: row of the offer, and day of the posting.
    price, cost
        USD per million tokens.
    at_list, launch
        bool.
    tokens
        Sold on the days from the posting's own to the day before the next one's; those of a posting that is replaced
        on its own day are the next one's.
    share
        Share of the model's tokens of those days; nan where nobody sold any.
    placed_by, share_by_rule
        (postings, ways): what part of its completed requests of those days each way of `ways_sold` placed, and its
        share of all that it placed of the model. Where a run does not count them, all is by the router's own rule.
    """

    offer: np.ndarray
    first: np.ndarray
    price: np.ndarray
    cost: np.ndarray
    at_list: np.ndarray
    launch: np.ndarray
    tokens: np.ndarray
    share: np.ndarray
    placed_by: np.ndarray
    share_by_rule: np.ndarray


class Markup(NamedTuple):
    """Price over cost against what the rule makes of it, of open models.

    Attributes
    ----------
    over_rule
        Median over tokens of ``(price / cost) / (e / (e - 1))``, of those whose seller has e above 1; nan without any.
    answerable
        Share of tokens whose seller has e above 1: of the others no price is the best one.
    """

    over_rule: float
    answerable: float


def stretches(result: MarketResult) -> Stretches:
    """Cut a run into the stretches in which posted prices stood."""
    rows = sorted(result.postings, key=lambda it: (it.offer, it.time_s))
    offer = np.array([it.offer for it in rows], np.int64)
    first = np.array([int(it.time_s // DAY_S) for it in rows], np.int64)
    end = np.full(len(rows), result.days, np.int64)
    same = offer[:-1] == offer[1:]
    end[:-1][same] = first[1:][same]
    tokens = offer_tokens(result)
    whole = by_group(tokens, result.offer_model, len(result.models))
    sold = _between(tokens, offer, first, end)
    of_model = _between(whole, result.offer_model[offer], first, end)
    share = ratio(sold, of_model)
    placed_by, share_by_rule = _rules(result, offer, np.stack([first, end]), share)
    return Stretches(
        offer=offer, first=first, price=np.array([it.price_usd_per_mtok for it in rows], float),
        cost=np.array([it.unit_cost_usd_per_mtok for it in rows], float),
        at_list=np.array([it.at_list for it in rows], bool), launch=np.array([it.launch for it in rows], bool),
        tokens=sold, share=share, placed_by=placed_by, share_by_rule=share_by_rule,
    )


def _rules(result: MarketResult, offer: np.ndarray, span: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, ...]:
    """Parts of each way in what was sold between two days, and shares of what each placed, (postings, ways) both."""
    counted = ways_sold(result)
    if counted is None:
        placed = np.zeros((len(offer), len(RULES)))
        placed[:, DEFAULT] = 1.0
        return placed, np.repeat(np.nan_to_num(share)[:, None], len(RULES), axis=1)
    mine, all_of = np.zeros((len(offer), counted.shape[2])), np.zeros((len(offer), counted.shape[2]))
    for way in range(counted.shape[2]):
        daily = counted[:, :, way]
        mine[:, way] = _between(daily, offer, *span)
        models = by_group(daily, result.offer_model, len(result.models))
        all_of[:, way] = _between(models, result.offer_model[offer], *span)
    return np.nan_to_num(ratio(mine, mine.sum(axis=1, keepdims=True))), np.nan_to_num(ratio(mine, all_of))


def _between(daily: np.ndarray, column: np.ndarray, first: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Sum columns of a daily table over the days from first to before end, each row its own."""
    so_far = np.concatenate([np.zeros((1, daily.shape[1]), daily.dtype), np.cumsum(daily, axis=0)])
    last = len(daily)
    return np.asarray(so_far[np.minimum(end, last), column] - so_far[np.minimum(first, last), column])


def is_open(result: MarketResult, found: Stretches) -> np.ndarray:
    """Return which postings are of open models, bool (postings,)."""
    return np.asarray(result.models.open[result.offer_model[found.offer]], bool)


def markup_over_rule(found: Stretches, kept: np.ndarray, exponents: Sequence[float]) -> Markup:
    """Hold price over cost against the rules ``1/price^k``, and those of customers who route differently (E75).

    Parameters
    ----------
    found
        The postings.
    kept
        Which of them count, bool (postings,).
    exponents
        That of the router, or of each marketplace; nan of one without such a rule, so that nothing can be said.
    """
    sold = kept & (found.tokens > 0) & (found.cost > 0)
    total = found.tokens[sold].sum()
    if np.isnan(exponents).any():
        return Markup(np.nan, np.nan)
    asked_for = [{"floor": STEEPEST.exponent}.get(rule, 0.0) for rule in RULES[DEFAULT + 1:]]
    steep = np.array([*exponents, *asked_for])
    elasticity = np.where(sold, (found.placed_by * steep * (1.0 - found.share_by_rule)).sum(axis=1), 0.0)
    known = sold & (elasticity > 1.0)
    if not known.any():
        return Markup(np.nan, 0.0 if total else np.nan)
    e = elasticity[known]
    over = found.price[known] / found.cost[known] / (e / (e - 1.0))
    return Markup(weighted_median(over, found.tokens[known]), float(found.tokens[known].sum() / total))


def held_at_list(found: Stretches, kept: np.ndarray) -> float:
    """Share of the tokens of the kept postings that were sold at the creator's list price; nan without any."""
    total = found.tokens[kept].sum()
    return float(found.tokens[kept & found.at_list].sum() / total) if total else np.nan


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the smallest value with half of the weight at or below it."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, 0.5 * reached[-1])])

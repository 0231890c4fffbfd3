"""What sellers are told of the ways in which customers come: the part of a model's demand that each rule places.

Prices move only customers whom a rule places by prices. Whoever has named a provider, or goes to the fastest, is held
by the seller that it has: that seller may ask more of all its customers, and nobody else can count on them (E56).
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from simpy import Event

from providers.pricing.sold_through import PriceRule, Rules
from sim.engines.wanted import RULES
from sim.market.desk import Desk
from sim.price_response import STEEPEST
from sim.units import DAY_S

KEPT: Final = 27.0 / 28.0  # of counts, from day to day: a memory of four weeks (assumption)
PRIOR_REQUESTS: Final = 1000.0  # for which the mix of all customers counts beside a model's own sales (assumption)
HELD: Final = np.array([rule in ("nitro", "pinned") for rule in RULES])  # rules that look at no price


class ModelDemand(NamedTuple):
    """How customers of a model come.

    Attributes
    ----------
    model
        Its name.
    rules
        Of the demand that is loose: that no seller holds.
    loose
        Part of the model's demand that is.
    held
        By row of an offer: what it holds, over the demand that is loose.
    """

    model: str
    rules: Rules
    loose: float
    held: Mapping[int, float]

    def rules_of(self, row: int) -> Rules:
        """Rules through which an offer sells: those of what is loose, and the customers that it holds."""
        own = self.held.get(row, 0.0)
        if own <= 0:
            return self.rules
        loose = (rule._replace(share=part) for rule, part in zip(self.rules.rules, self.rules.placed, strict=True))
        return Rules((*loose, PriceRule(own, captive=True)))


def mixed_rules(default: PriceRule, parts: Sequence[float]) -> Rules:
    """Return the rules of a demand of which each of ``RULES`` places a part.

    The router's own rule is ``default``; who goes to the cheapest first leaves nothing to the others; who goes to the
    fastest, or has named a provider, does not look at prices.

    Parameters
    ----------
    default
        The rule of the router's policy.
    parts
        One a rule, in the order of ``sim.engines.wanted.RULES``, at least 0 and not all 0; they need not add up to 1.
    """
    whole = (default, PriceRule(1.0, STEEPEST.exponent), PriceRule(1.0), PriceRule(1.0))
    return Rules(tuple(rule._replace(share=float(part)) for rule, part in zip(whole, parts, strict=True) if part > 0))


class RuleMix:
    """Counts sales by rule, and tells sellers at each midnight.

    Parameters
    ----------
    default
        The rule of the router's policy.
    planned
        Part of all planned requests that each rule places, float64 (rules,). Beside what was sold it counts as
        ``PRIOR_REQUESTS``, of whom nobody knows yet who will hold them.
    tell
        Told how customers of a model come.
    """

    def __init__(self, default: PriceRule, planned: np.ndarray, tell: Callable[[ModelDemand], None]) -> None:
        self._default, self._planned, self._tell = default, planned, tell
        self._counts: np.ndarray | None = None

    def process(self, desk: Desk) -> Generator[Event, Any, Any]:
        """Live on the calendar (started before customers decide, after the day was closed)."""
        while True:
            if desk.offer_days:
                self.see(desk.offer_days[-1].by_rule, desk)
            yield desk.env.timeout(DAY_S)

    def see(self, by_rule: np.ndarray, desk: Desk) -> None:
        """Take in a day's completed requests, (offers, rules), and tell the sellers of each model that sold any."""
        self._counts = by_rule.astype(float) if self._counts is None else KEPT * self._counts + by_rule
        # whom a seller held that left, others hold by now, and their counts say so
        self._counts[np.ix_(~desk.board.listed, HELD)] = 0.0
        held = self._counts[:, HELD].sum(axis=1)
        of_model, sold = (np.stack([np.bincount(desk.offer_model, of_rule, len(desk.models)) for of_rule in counts.T],
                                   axis=1) for counts in (self._counts, by_rule))
        parts = np.where(HELD, 0.0, of_model) + PRIOR_REQUESTS * self._planned
        total = parts.sum(axis=1)
        loose = total / (total + of_model[:, HELD].sum(axis=1))
        holders = np.flatnonzero(held > 0)
        model_of, over_loose = desk.offer_model[holders], held[holders] / total[desk.offer_model[holders]]
        for model in np.flatnonzero(sold.any(axis=1)).tolist():
            there = model_of == model
            self._tell(ModelDemand(
                desk.models.names[model], mixed_rules(self._default, (parts[model] / total[model]).tolist()),
                float(loose[model]), dict(zip(holders[there].tolist(), over_loose[there].tolist(), strict=True))))

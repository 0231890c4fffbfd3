"""What sellers are told of the ways in which customers come: the part of a model's demand that each rule places."""

from collections.abc import Callable, Generator, Sequence
from typing import Any, Final

import numpy as np
from simpy import Event

from providers.pricing.sold_through import PriceRule, Rules
from sim.engines.wanted import RULES
from sim.market.desk import Desk
from sim.price_response import STEEPEST
from sim.units import DAY_S

KEPT: Final = 27.0 / 28.0  # of counts, from day to day: a memory of four weeks (assumption)
PRIOR_REQUESTS: Final = 1000.0  # for which the mix of all customers counts beside a model's own sales (assumption)


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
        Part of all planned requests that each rule places, float64 (rules,).
    tell
        Told the rules of a model, and its name.
    """

    def __init__(self, default: PriceRule, planned: np.ndarray, tell: Callable[[Rules, str], None]) -> None:
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
        day = np.zeros((len(desk.models), len(RULES)))
        np.add.at(day, desk.offer_model, by_rule)
        self._counts = day if self._counts is None else KEPT * self._counts + day
        for model in np.flatnonzero(day.any(axis=1)).tolist():
            parts = self._counts[model] + PRIOR_REQUESTS * self._planned
            self._tell(mixed_rules(self._default, parts / parts.sum()), desk.models.names[model])

"""What sellers are told where marketplaces compete: the part of a model's demand that comes by each one's rules."""

from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np
from simpy import Event

from providers.firms.rule_mix import KEPT, PRIOR_REQUESTS, mixed_rules
from providers.pricing.sold_through import PriceRule, Rules
from sim.market.desk import Desk
from sim.units import DAY_S


def rules_among(defaults: Sequence[PriceRule], parts: np.ndarray) -> Rules:
    """Return the rules of a demand that comes by several marketplaces (E93): one posted price faces all of them.

    Parameters
    ----------
    defaults
        The rule of each marketplace's policy.
    parts
        float64 (marketplaces, rules): part of demand that each rule (``sim.engines.wanted.RULES``) of each places, at
        least 0 and not all 0.
    """
    return Rules(tuple(rule for default, own in zip(defaults, parts, strict=True) if own.any()
                       for rule in mixed_rules(default, own.tolist()).rules))


class MarketplaceMix:
    """Counts sales by marketplace and rule, and tells sellers at each midnight.

    Parameters
    ----------
    defaults, planned
        As for `rules_among`; the parts are those of what is planned for the first day.
    sold
        Returns the last day's completed requests, int64 (marketplaces, models, rules); None before the first day ended.
    tell
        Told the rules of a model, and its name.
    """

    def __init__(self, defaults: Sequence[PriceRule], planned: np.ndarray, sold: Callable[[], np.ndarray | None],
                 tell: Callable[[Rules, str], None]) -> None:
        self._defaults, self._planned, self._sold, self._tell = defaults, planned, sold, tell
        self._counts = np.zeros((0, *planned.shape))

    def process(self, desk: Desk) -> Generator[Event, Any, Any]:
        """Live on the calendar (started before customers decide, after the day was closed)."""
        while True:
            sold = self._sold()
            if sold is not None:
                self.see(sold, desk.models.names)
            yield desk.env.timeout(DAY_S)

    def see(self, sold: np.ndarray, names: Sequence[str]) -> None:
        """Take in a day, and tell the sellers of each model that sold any."""
        day = np.moveaxis(sold, 0, 1)
        self._counts = KEPT * self._counts + day if len(self._counts) else day.astype(float)
        for model in np.flatnonzero(day.any(axis=(1, 2))).tolist():
            parts = self._counts[model] + PRIOR_REQUESTS * self._planned
            self._tell(rules_among(self._defaults, parts / parts.sum()), names[model])

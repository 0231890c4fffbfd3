"""What sellers are told where marketplaces compete: the part of a model's demand that comes by each one's rules."""

from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np
from simpy import Event

from providers.firms.rule_mix import HELD, KEPT, PRIOR_REQUESTS, ModelDemand, mixed_rules
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
        Told how customers of a model come.
    """

    def __init__(self, defaults: Sequence[PriceRule], planned: np.ndarray, sold: Callable[[], np.ndarray | None],
                 tell: Callable[[ModelDemand], None]) -> None:
        self._defaults, self._planned, self._sold, self._tell = defaults, planned, sold, tell
        self._counts: np.ndarray | None = None
        self._of_offers: np.ndarray | None = None

    def process(self, desk: Desk) -> Generator[Event, Any, Any]:
        """Live on the calendar (started before customers decide, after the day was closed)."""
        while True:
            sold = self._sold()
            if sold is not None:
                self.see(sold, desk.offer_days[-1].by_rule, desk)
            yield desk.env.timeout(DAY_S)

    def see(self, sold: np.ndarray, by_rule: np.ndarray, desk: Desk) -> None:
        """Take in a day, and tell the sellers of each model that sold any.

        Parameters
        ----------
        sold
            int64 (marketplaces, models, rules): its completed requests.
        by_rule
            int64 (offers, rules): the same at each offer; whom a seller holds it holds wherever they come from.
        desk
            The market.
        """
        day = np.moveaxis(sold, 0, 1)
        self._counts = day.astype(float) if self._counts is None else KEPT * self._counts + day
        self._of_offers = by_rule.astype(float) if self._of_offers is None else KEPT * self._of_offers + by_rule
        self._of_offers[~desk.board.listed] = 0.0
        held = self._of_offers[:, HELD].sum(axis=1)
        for model in np.flatnonzero(day.any(axis=(1, 2))).tolist():
            parts = np.where(HELD, 0.0, self._counts[model]) + PRIOR_REQUESTS * self._planned
            rows = np.flatnonzero((desk.offer_model == model) & (held > 0))
            self._tell(ModelDemand(desk.models.names[model], rules_among(self._defaults, parts / parts.sum()),
                                   float(parts.sum() / (parts.sum() + held[rows].sum())),
                                   {row: float(held[row] / parts.sum()) for row in rows.tolist()}))

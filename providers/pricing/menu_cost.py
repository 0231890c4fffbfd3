"""Posted prices as they really move: rare reviews, lumpy changes, and exact matching of the cheapest.

"CalvoPlus" (Nakamura and Steinsson 2010): reviews come at a constant hazard, as in Calvo's model, and a review
changes the price by a lump, as menu costs would make it. On top a seller who is undercut sometimes matches the
cheapest rival, with a lag. The facts are those of pluriholonomic/ai-routing (OpenRouter quotes every five
minutes, memo of July 2026); what they do not tell is marked as an assumption.
"""

import math
from typing import Final

from numpy.random import Generator

from providers.pricing.situation import Situation
from providers.pricing.strategy import Steady, StrategyKind
from providers.pricing.tariff import ListedTariff
from sim.market.prices import Prices
from sim.scenario.base import quantity
from sim.units import DAY_S, HOUR_S

ORCAP: Final = "pluriholonomic/ai-routing, July 2026"


class MenuCost(ListedTariff):
    """Parameters of ``menu_cost``."""

    reviews_per_day: float = quantity(0.028, unit="1/day", doc="Hazard of a price review", gt=0, le=1,
                                      source=f"{ORCAP}: 2.8% of endpoint-days reprice; range 0.01 to 0.1")
    jump_median: float = quantity(0.25, unit="1", doc="Median size of a change of the log price", gt=0, le=2,
                                  source=f"{ORCAP}: median 25.6%")
    jump_sigma: float = quantity(
        0.6, unit="1", doc="Standard deviation of the log of the size of a change", ge=0, le=1.5,
        source=f"{ORCAP}: kurtosis of log changes between 1 and 6; exp(4 * 0.6^2) = 4.2",
    )
    cut_share_first_month: float = quantity(0.65, unit="1", doc="Share of cuts among changes at the launch", ge=0,
                                            le=1, source=f"{ORCAP}: 65% in a model's first month")
    cut_share_after_year: float = quantity(0.39, unit="1", doc="Share of cuts after a year", ge=0, le=1,
                                           source=f"{ORCAP}: 39% after a year")
    pull: float = quantity(2.0, unit="1", doc="Log-odds of a cut for each log-unit above the median rival", ge=0)
    match_share: float = quantity(
        0.25, unit="1", doc="Share of launches and reviews that take the cheapest rival's price", ge=0, le=1,
        source=f"assumption, so that about half of the two cheapest tie ({ORCAP}: 48%)",
    )
    follow_share: float = quantity(
        0.15, unit="1", doc="Probability that a seller follows a rival who undercuts all", ge=0, le=1,
        source=f"assumption, so that about half of the two cheapest tie ({ORCAP}: 48%)",
    )
    follow_median_h: float = quantity(21.0, unit="h", doc="Median lag of a follower", gt=0,
                                      source=f"{ORCAP}: 1,513 pairs, median about 21 h; range 6 to 72 h")
    match_within: float = quantity(0.5, unit="1", doc="It matches no price below this share of its own", ge=0, le=1)
    dispersion: float = quantity(
        0.35, unit="1", doc="Standard deviation of the log of the launch price over the anchor", ge=0, le=1,
        source="same-model coefficient of variation 0.15 to 0.6 (pydantic/genai-prices); ai-routing: 0.275",
    )


class CalvoPlus(Steady[MenuCost]):
    """Rare lumpy changes, drawn towards the rivals' median, and matching."""

    def launch(self, situation: Situation, rng: Generator) -> Prices:
        """Price of the cheapest rival, or the anchor times a log-normal."""
        # both drawn in any case, as in `review`
        u, z = rng.random(), rng.standard_normal()
        target = situation.cheapest_rival
        if target and u < self.parameters.match_share and self._acceptable(situation, target):
            return target
        spread = math.exp(self.parameters.dispersion * z)
        return self.parameters.prices(situation, self.parameters.anchor_pico(situation) * spread)

    def next_review_s(self, situation: Situation, rng: Generator) -> float:
        """Exponential with the hazard of a review."""
        return float(rng.exponential(DAY_S / self.parameters.reviews_per_day))

    def review(self, situation: Situation, rng: Generator) -> Prices | None:
        """Take the cheapest rival's price, or jump."""
        # all draws before any branch: what rivals charge must not shift the draws of later reviews
        u_match, u_cut, z = rng.random(), rng.random(), rng.standard_normal()
        target = situation.cheapest_rival
        own = situation.own
        if own is None:
            return None
        if target and u_match < self.parameters.match_share and self._acceptable(situation, target):
            return target
        size = self.parameters.jump_median * math.exp(self.parameters.jump_sigma * z)
        if u_cut < self._cut_probability(situation, own):
            size = -size
        return self.parameters.prices(situation, self.parameters.level_pico(situation, own) * math.exp(size))

    def react_s(self, situation: Situation, rng: Generator) -> float | None:
        """Sometimes, if the latest change has made a rival the only cheapest of all: an exponential lag."""
        u, lag = rng.random(), rng.exponential(self.parameters.follow_median_h * HOUR_S / math.log(2))
        if u >= self.parameters.follow_share or not self._undercut(situation):
            return None
        return float(lag)

    def react(self, situation: Situation, rng: Generator) -> Prices | None:
        """Match the cheapest rival if it is still cheaper."""
        target, own = situation.cheapest_rival, situation.own
        if target is None or own is None or situation.blend(target) >= situation.blend(own):
            return None
        return target if self._acceptable(situation, target) else None

    def _undercut(self, situation: Situation) -> bool:
        """Whether the rival that changed last is now cheaper than this offer and all other rivals."""
        if situation.own is None or not situation.rivals:
            return False
        last = max(range(len(situation.rivals)), key=lambda rival: situation.rivals_changed_s[rival])
        others = [situation.own, *(situation.rivals[i] for i in range(len(situation.rivals)) if i != last)]
        return situation.blend(situation.rivals[last]) < min(situation.blend(prices) for prices in others)

    def _acceptable(self, situation: Situation, target: Prices) -> bool:
        """Whether a price to match is above the floor and not too far below the own (or the anchor)."""
        own = situation.blend(situation.own) if situation.own else self.parameters.anchor_pico(situation)
        return situation.blend(target) >= max(self.parameters.floor_pico(situation), self.parameters.match_within * own)

    def _cut_probability(self, situation: Situation, own: Prices) -> float:
        """Share of cuts at this age, shifted by the distance to the median rival."""
        given = self.parameters
        settled = 1 - math.exp(-situation.age_days / 120)  # 95% of the way after a year
        share = given.cut_share_first_month + settled * (given.cut_share_after_year - given.cut_share_first_month)
        levels = sorted(situation.blend(prices) for prices in situation.rivals)
        if not levels or min(levels[len(levels) // 2], situation.blend(own)) <= 0 or not 0 < share < 1:
            return share
        gap = math.log(situation.blend(own) / levels[len(levels) // 2])
        return 1 / (1 + (1 - share) / share * math.exp(-given.pull * gap))


MENU_COST: Final = StrategyKind(
    kind="menu_cost",
    make=CalvoPlus,
    parameters=MenuCost,
    summary="Reviews rarely, jumps by a lump on the cent grid, and sometimes matches the cheapest rival.",
    source=f"{ORCAP}: how posted prices move; CalvoPlus: Nakamura and Steinsson, QJE 2010",
)

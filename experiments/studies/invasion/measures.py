"""What invasions found: who was where at the end, what both sides paid and waited, and what that cost the others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.studies.invasion.design import HELD, NEW, Invasion, Meeting
from experiments.studies.invasion.sides import Side, side
from sim.market.marketplaces.attraction import keeping, stationary_shares

if TYPE_CHECKING:
    from experiments.store.results import Results

RESISTED: Final = 0.8  # of seeds in which the other ends below where it began
A_TENTH: Final = float(np.log(1.1))  # of odds, by which newcomers may end above those with the incumbent's own rule


@dataclass(frozen=True)
class Invaded:
    """Results of the study.

    Attributes
    ----------
    design
        What was run.
    sides
        By meeting the incumbent and the invader.
    """

    design: Invasion
    sides: dict[Meeting, dict[str, Side]]

    @property
    def planned(self) -> float:
        """Share of the customers of the first day that the invader has, but for luck."""
        places = self.design.scenario.marketplaces
        return places[NEW].start_share / sum(place.start_share for place in places.values())

    def stays_below(self, meeting: Meeting) -> float:
        """Share of seeds in which the invader ends below where it began."""
        new = self.sides[meeting][NEW]
        return float((new.share < new.first_share).mean())

    def others(self, rule: str) -> list[str]:
        """All rules but one."""
        return [other for other in self.design.rules if other != rule]

    def everybody(self, meeting: Meeting) -> Side:
        """Both sides of a meeting together."""
        return self.sides[meeting][HELD].beside(self.sides[meeting][NEW])

    def values(self, meeting: Meeting) -> dict[str, np.ndarray]:
        """What is told of a meeting, float64 (replications,) each.

        The invader's share on the last day, its log odds less those of the same newcomers with the incumbent's own
        rule, and the share at which it would end; what both sides pay, wait and get from the second month on; what all
        pay more, in the mean and in the dearest month, and incumbents pay and wait more, than where all keep the
        incumbent's rule.
        """
        held, new = self.sides[meeting][HELD], self.sides[meeting][NEW]
        alone = Meeting(meeting.incumbent, meeting.incumbent)
        held_alone, all_, all_alone = self.sides[alone][HELD], self.everybody(meeting), self.everybody(alone)
        return {
            "final_share": new.share, "odds": _log_odds(new.share) - _log_odds(self.sides[alone][NEW].share),
            "long_run_share": self._long_run(meeting),
            "incumbent_usd_per_mtok": held.price, "invader_usd_per_mtok": new.price,
            "incumbent_ttft_p99_s": held.ttft_p99_s, "invader_ttft_p99_s": new.ttft_p99_s,
            "incumbent_completed": held.completed, "invader_completed": new.completed,
            "all_pay_more": all_.price / all_alone.price - 1,
            "all_pay_more_in_dearest_month": all_.dearest_month / all_alone.price - 1,
            "incumbents_pay_more": held.price / held_alone.price - 1,
            "incumbents_wait_more_s": held.ttft_mean_s - held_alone.ttft_mean_s}

    def cost_to_all(self, meeting: Meeting) -> np.ndarray:
        """Disutility of what all pay, wait and lose, in units of tastes (E90), float64 (replications,)."""
        chosen, all_ = self.design.scenario.marketplace_choice, self.everybody(meeting)
        return np.asarray(chosen.price_weight * np.log(all_.price / all_.completed)
                          + chosen.latency_weight * all_.ttft_mean_s)

    def generalised_cost(self, rule: str) -> np.ndarray:
        """The same where all keep a rule."""
        return self.cost_to_all(Meeting(rule, rule))

    @cached_property
    def efficient(self) -> str:
        """The rule of the lowest generalised cost, in the mean over replications."""
        return min(self.design.rules, key=lambda rule: float(self.generalised_cost(rule).mean()))

    def is_undominated(self, rule: str) -> bool:
        """Whether no other rule is both cheaper and faster where all keep it, in means."""
        mine = self._alone(rule)
        return not any((self._alone(other) < mine).all() for other in self.others(rule))

    def _alone(self, rule: str) -> np.ndarray:
        all_ = self.everybody(Meeting(rule, rule))
        return np.array([(all_.price / all_.completed).mean(), all_.ttft_mean_s.mean()])

    def withstands(self, rule: str) -> int:
        """Against how many others a rule's customers stay: newcomers' odds end at most a tenth higher, in the mean."""
        return sum(float(self.values(Meeting(rule, other))["odds"].mean()) <= A_TENTH for other in self.others(rule))

    def resisted(self) -> list[float]:
        """Share of the others whose newcomers did not win against the efficient rule, one a replication."""
        odds = [self.values(Meeting(self.efficient, other))["odds"] for other in self.others(self.efficient)]
        return [float(it) for it in np.mean([it <= A_TENTH for it in odds], axis=0)]

    def paid_more(self) -> list[float]:
        """How much more all pay beside another rule than where all keep the efficient one, one a replication."""
        more = [self.values(Meeting(self.efficient, other))["all_pay_more"] for other in self.others(self.efficient)]
        return [float(it) for it in np.mean(more, axis=0)]

    def won_by_the_same(self) -> list[float]:
        """Customers that newcomers with the incumbent's rule won, of all, in the mean of rules, one a replication."""
        new = [self.sides[Meeting(rule, rule)][NEW] for rule in self.design.rules]
        return [float(it) for it in np.mean([it.share - it.first_share for it in new], axis=0)]

    def _long_run(self, meeting: Meeting) -> np.ndarray:
        """Share at which the invader would end if both sides stayed as they were from the second month on (E91)."""
        chosen, places = self.design.scenario.marketplace_choice, self.design.scenario.marketplaces
        start = np.array([places[HELD].start_share, places[NEW].start_share])
        kept = keeping(start / start.sum(), chosen.inertia)
        worth = []
        for it in (self.sides[meeting][HELD], self.sides[meeting][NEW]):
            with np.errstate(divide="ignore"):
                cost = np.log(it.paid_over_mean / it.completed)
            worth.append(-chosen.price_weight * cost - chosen.latency_weight * it.ttft_mean_s)
        return np.array([stationary_shares(kept + it, chosen.inertia)[1] if np.isfinite(it).all() else np.nan
                         for it in np.stack(worth, axis=1)])


def invaded(design: Invasion, results: Results) -> Invaded:
    """Return what the runs in a store say."""
    table = results.table("monthly_marketplaces")
    sides: dict[Meeting, dict[str, Side]] = {}
    for row, meeting in enumerate(design.meetings()):
        mine = table[table["row"] == row]
        sides[meeting] = {name: side(mine[mine["marketplace"] == name]) for name in (HELD, NEW)}
    return Invaded(design, sides)


def _log_odds(share: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(share) - np.log(1 - share))

"""What invasions found: who was where at the end, what both sides paid and waited, and what that cost the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.stats import interval
from experiments.studies.invasion.design import HELD, NEW, Invasion, Meeting
from sim.market.marketplaces.attraction import keeping, stationary_shares

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.store.results import Results

RESISTED: Final = 0.8  # of seeds in which the other stays below its share of the first day
MEASURED: Final = ("customer_share", "price_usd_per_mtok", "paid_over_mean", "completed_share", "ttft_mean_s",
                   "ttft_p99_simulated_s", "spend_usd", "tokens", "requests")


class Side(NamedTuple):
    """A marketplace in its last month, float64 (replications,) each."""

    of: dict[str, np.ndarray]


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
        """Share of seeds in which the invader ends below what it was to begin with."""
        return float((self.sides[meeting][NEW].of["customer_share"] < self.planned).mean())

    def values(self, meeting: Meeting) -> dict[str, np.ndarray]:
        """What is told of a meeting, float64 (replications,) each.

        The invader's share on the last day, its log odds less those of the same newcomers with the incumbent's own
        rule, and the share at which it would end; what both sides pay,
        wait and get in the last month; and what all pay more, and incumbents pay and wait more, than where all keep
        the incumbent's rule.
        """
        held, new = self.sides[meeting][HELD], self.sides[meeting][NEW]
        alone = self.sides[Meeting(meeting.incumbent, meeting.incumbent)]
        alone_price, price = (_spend(sides) / _tokens(sides) for sides in (alone, self.sides[meeting]))
        final = new.of["customer_share"]
        held_alone = alone[HELD].of
        return {
            "final_share": final, "odds": _log_odds(final) - _log_odds(alone[NEW].of["customer_share"]),
            "long_run_share": self._long_run(meeting),
            "incumbent_usd_per_mtok": held.of["price_usd_per_mtok"],
            "invader_usd_per_mtok": new.of["price_usd_per_mtok"],
            "incumbent_ttft_p99_s": held.of["ttft_p99_simulated_s"],
            "invader_ttft_p99_s": new.of["ttft_p99_simulated_s"],
            "incumbent_completed": held.of["completed_share"], "invader_completed": new.of["completed_share"],
            "all_pay_more": price / alone_price - 1,
            "incumbents_pay_more": held.of["price_usd_per_mtok"] / held_alone["price_usd_per_mtok"] - 1,
            "incumbents_wait_more_s": held.of["ttft_mean_s"] - held_alone["ttft_mean_s"]}

    def _long_run(self, meeting: Meeting) -> np.ndarray:
        """Share at which the invader would end if both sides stayed as they are in the last month (E91)."""
        chosen, places = self.design.scenario.marketplace_choice, self.design.scenario.marketplaces
        start = np.array([places[HELD].start_share, places[NEW].start_share])
        kept = keeping(start / start.sum(), chosen.inertia)
        worth = []
        for side in (self.sides[meeting][HELD].of, self.sides[meeting][NEW].of):
            with np.errstate(divide="ignore"):
                cost = np.log(side["paid_over_mean"] / side["completed_share"])
            worth.append(-chosen.price_weight * cost - chosen.latency_weight * side["ttft_mean_s"])
        return np.array([stationary_shares(kept + it, chosen.inertia)[1] if np.isfinite(it).all() else np.nan
                         for it in np.stack(worth, axis=1)])


def invaded(design: Invasion, results: Results) -> Invaded:
    """Return what the runs in a store say."""
    table = results.table("monthly_marketplaces")
    sides: dict[Meeting, dict[str, Side]] = {}
    for row, meeting in enumerate(design.meetings()):
        mine = table[table["row"] == row]
        sides[meeting] = {name: _side(mine[mine["marketplace"] == name]) for name in (HELD, NEW)}
    return Invaded(design, sides)


def _side(rows: DataFrame) -> Side:
    """A marketplace over its replications."""
    last = rows.sort_values(["replication", "month"]).groupby("replication").last()
    return Side({name: last[name].to_numpy(float) for name in MEASURED})


def _log_odds(share: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(share) - np.log(1 - share))


def _spend(sides: dict[str, Side]) -> np.ndarray:
    return np.asarray(sides[HELD].of["spend_usd"] + sides[NEW].of["spend_usd"])


def _tokens(sides: dict[str, Side]) -> np.ndarray:
    return np.asarray((sides[HELD].of["tokens"] + sides[NEW].of["tokens"]) / 1e6)


def pairs(found: Invaded) -> DataFrame:
    """Return a row a meeting: whether the incumbent resists, and every value with its half-width."""
    import pandas as pd

    rows = []
    for meeting in found.design.meetings():
        below = found.stays_below(meeting)
        row: dict[str, object] = {"incumbent": meeting.incumbent, "invader": meeting.invader,
                                  "replications": found.design.replications, "stays_below": below,
                                  "resists": below >= RESISTED}
        for name, values in found.values(meeting).items():
            got = interval(values.tolist())
            row |= {name: got.mean, f"{name}_half_width": got.half_width}
        rows.append(row)
    return pd.DataFrame(rows)


def summary(found: Invaded) -> DataFrame:
    """Return a row a rule: what it costs where all keep it, whom it resists, and against whom it grows."""
    import pandas as pd

    rules = found.design.rules
    rows = []
    for rule in rules:
        alone = Meeting(rule, rule)
        own, others = found.sides[alone], [other for other in rules if other != rule]
        held = own[HELD].of
        values = {"alone_usd_per_mtok": _spend(own) / _tokens(own), "alone_ttft_mean_s": held["ttft_mean_s"],
                  "alone_ttft_p99_s": held["ttft_p99_simulated_s"], "alone_completed": held["completed_share"],
                  "odds_against_itself": _log_odds(own[NEW].of["customer_share"]) - _log_odds(np.array(found.planned))}
        row: dict[str, object] = {"rule": rule, "replications": found.design.replications}
        for name, each in values.items():
            got = interval(each.tolist())
            row |= {name: got.mean, f"{name}_half_width": got.half_width}
        row |= {"resists": sum(found.stays_below(Meeting(rule, other)) >= RESISTED for other in others),
                "grows_against": sum(_grows(found, Meeting(other, rule)) for other in others), "others": len(others)}
        rows.append(row)
    return pd.DataFrame(rows)


def _grows(found: Invaded, meeting: Meeting) -> bool:
    """Whether the invader's odds rose, by their 95 % interval."""
    got = interval(found.values(meeting)["odds"].tolist())
    return bool(got.mean - got.half_width > 0)

"""The runs of invasions that are kept with the project, a row a run, and what they say as a page.

``python -m experiments.studies.invasion.keep_meetings FOLDER`` keeps those of a finished folder in the place of others.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from experiments.report.pieces import listed
from experiments.stats import Interval, interval
from experiments.studies.invasion.design import NEW, Meeting
from experiments.studies.invasion.measures import A_TENTH
from experiments.validation.comparison import markdown

if TYPE_CHECKING:
    from experiments.studies.invasion.measures import Invaded

KEPT: Final = Path(__file__).with_name("kept_meetings.csv")


class MeetingRun(NamedTuple):
    """One run.

    Attributes
    ----------
    incumbent, invader, replication
        Which.
    first_share, final_share
        Of customers that are the invader's, before anybody moved and at the end.
    usd_per_mtok, dearest_usd_per_mtok
        What all pay from the second month on, and in the dearest month of these.
    completed, ttft_mean_s
        Share of requests that were answered, and their mean time to the first token.
    generalised_cost
        Disutility of these terms (E90), in units of tastes.
    """

    incumbent: str
    invader: str
    replication: int
    first_share: float
    final_share: float
    usd_per_mtok: float
    dearest_usd_per_mtok: float
    completed: float
    ttft_mean_s: float
    generalised_cost: float

    @property
    def log_odds(self) -> float:
        """Of a customer's being the invader's at the end."""
        return math.log(self.final_share / (1.0 - self.final_share))


def runs_of(found: Invaded) -> list[MeetingRun]:
    """Return the runs of a study, meeting by meeting."""
    rows = []
    for meeting in found.design.meetings():
        all_, new = found.everybody(meeting), found.sides[meeting][NEW]
        columns = zip(new.first_share, new.share, all_.price, all_.dearest_month, all_.completed, all_.ttft_mean_s,
                      found.cost_to_all(meeting), strict=True)
        rows += [MeetingRun(*meeting, number, *(float(f"{value:.6g}") for value in each))
                 for number, each in enumerate(columns)]
    return rows


def write_runs(rows: Iterable[MeetingRun], path: Path = KEPT) -> None:
    """Write runs, pairs in order, replications inside."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([MeetingRun._fields, *rows])


def read_runs(path: Path = KEPT) -> list[MeetingRun]:
    """Return the runs that are kept."""
    with path.open(encoding="utf-8", newline="") as file:
        return [MeetingRun(incumbent, invader, int(number), *map(float, values))
                for incumbent, invader, number, *values in list(csv.reader(file))[1:]]


class KeptRuns:
    """Runs that are kept, by pair and replication; not every pair need have all.

    Parameters
    ----------
    rows
        The runs.
    """

    def __init__(self, rows: Sequence[MeetingRun]) -> None:
        self._by_pair: dict[Meeting, dict[int, MeetingRun]] = {}
        for row in rows:
            self._by_pair.setdefault(Meeting(row.incumbent, row.invader), {})[row.replication] = row
        self.rules = [it.incumbent for it in self._by_pair if it.incumbent == it.invader]
        own = [self._by_pair[Meeting(rule, rule)] for rule in self.rules]
        self._common = set.intersection(*map(set, own)) if own else set()  # replications in which rules are compared

    def alone(self, rule: str, name: str) -> Interval:
        """Return a value where all keep a rule, over its replications."""
        return interval([getattr(row, name) for row in self._by_pair[Meeting(rule, rule)].values()])

    @property
    def efficient(self) -> str:
        """The rule of the lowest generalised cost, in the mean over replications that all rules have."""
        return min(self.rules, key=lambda rule: sum(row.generalised_cost for row in self._compared(rule)))

    def is_undominated(self, rule: str) -> bool:
        """Whether no other is both cheaper, over what is answered, and faster where all keep it, in the same means."""
        price, wait = self._price_and_wait(rule)
        others = [self._price_and_wait(other) for other in self.rules if other != rule]
        return not any(cheaper < price and faster < wait for cheaper, faster in others)

    def winners(self, rule: str) -> list[str]:
        """Return whose newcomers win a rule's customers: odds end more than a tenth higher, in the mean."""
        return [other for other in self.rules if other != rule and self.odds(Meeting(rule, other)).mean > A_TENTH]

    def _price_and_wait(self, rule: str) -> tuple[float, float]:
        own = self._compared(rule)
        return sum(row.usd_per_mtok / row.completed for row in own), sum(row.ttft_mean_s for row in own)

    def _compared(self, rule: str) -> list[MeetingRun]:
        return [row for number, row in self._by_pair[Meeting(rule, rule)].items() if number in self._common]

    def odds(self, meeting: Meeting) -> Interval:
        """Return the invader's log odds less those of the same newcomers with the incumbent's own rule."""
        return interval([row.log_odds - own.log_odds for row, own in self._paired(meeting)])

    def pays_more(self, meeting: Meeting, name: str = "usd_per_mtok") -> Interval:
        """Return what all pay more than where all keep the incumbent's rule, as a share."""
        return interval([getattr(row, name) / own.usd_per_mtok - 1.0 for row, own in self._paired(meeting)])

    def _paired(self, meeting: Meeting) -> list[tuple[MeetingRun, MeetingRun]]:
        own = self._by_pair.get(Meeting(meeting.incumbent, meeting.incumbent), {})
        return [(row, own[number]) for number, row in self._by_pair.get(meeting, {}).items() if number in own]


def page(rows: Sequence[MeetingRun]) -> str:
    """Return what runs say as Markdown: the rules alone, what opens beside the efficient one, and all pairs' odds."""
    kept = KeptRuns(rows)
    best = kept.efficient
    head = (f"{len(rows)} runs. Means over seeds with 95 % half-widths; n says of how many. `{best}` is the efficient "
            "rule.")
    lost = "; ".join(f"`{rule}` to {listed([f'`{it}`' for it in kept.winners(rule)])}" for rule in kept.rules
                     if kept.is_undominated(rule) and kept.winners(rule))
    said = (f"Of the rules that no other beats at both price and wait, these lose customers (newcomers' odds end more "
            f"than a tenth above those with its own rule, in the mean): {lost}." if lost else
            "No rule that no other beats at both price and wait loses customers.")
    return "\n\n".join((head, said, markdown(_alone(kept)), markdown(_beside(kept, best)), markdown(_odds(kept))))


def _alone(kept: KeptRuns) -> list[tuple[str, ...]]:
    names = ("usd_per_mtok", "ttft_mean_s", "completed", "generalised_cost")
    head = ("where all keep", "USD per million tokens", "TTFT, mean, s", "completed", "generalised cost",
            "beaten at both", "n")
    rows = []
    for rule in sorted(kept.rules, key=lambda it: kept.alone(it, names[-1]).mean):
        found = [kept.alone(rule, name) for name in names]
        beaten = "no" if kept.is_undominated(rule) else "yes"
        rows.append((f"`{rule}`", *map(_told, found), beaten, str(found[0].n)))
    return [head, *rows]


def _beside(kept: KeptRuns, best: str) -> list[tuple[str, ...]]:
    head = (f"a twentieth beside `{best}`", "newcomers' log odds, less the same with its rule", "all pay more, %",
            "in the dearest month, %", "n")
    rows = []
    for rule in kept.rules:
        meeting = Meeting(best, rule)
        if rule != best and (odds := kept.odds(meeting)).n:
            more, most = (kept.pays_more(meeting, name) for name in ("usd_per_mtok", "dearest_usd_per_mtok"))
            rows.append((f"`{rule}`", _told(odds), _told(more, 100.0), _told(most, 100.0), str(odds.n)))
    return [head, *rows]


def _odds(kept: KeptRuns) -> list[tuple[str, ...]]:
    head = ("log odds of newcomers, by incumbent", *(f"`{rule}`" for rule in kept.rules))
    return [head, *((f"`{rule}`", *(_cell(kept, Meeting(rule, other)) for other in kept.rules)) for rule in kept.rules)]


def _cell(kept: KeptRuns, meeting: Meeting) -> str:
    if meeting.incumbent == meeting.invader:
        return "0"
    found = kept.odds(meeting)
    return f"{_told(found)} ({found.n})" if found.n else "–"


def _told(found: Interval, times: float = 1.0) -> str:
    if math.isfinite(found.half_width):
        return f"{times * found.mean:.3g} ± {times * found.half_width:.2g}"
    return f"{times * found.mean:.3g}"

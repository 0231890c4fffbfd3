"""The tables of invasions: a row a pair of rules, and a row a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.stats import interval
from experiments.studies.invasion.design import NEW, Meeting
from experiments.studies.invasion.measures import RESISTED, Invaded

if TYPE_CHECKING:
    import numpy as np
    from pandas import DataFrame


def pairs(found: Invaded) -> DataFrame:
    """Return a row a meeting: whether the incumbent resists, and every value with its half-width."""
    import pandas as pd

    rows = []
    for meeting in found.design.meetings():
        below = found.stays_below(meeting)
        row: dict[str, object] = {"incumbent": meeting.incumbent, "invader": meeting.invader,
                                  "replications": found.design.replications, "stays_below": below,
                                  "resists": below >= RESISTED}
        rows.append(row | _told(found.values(meeting)))
    return pd.DataFrame(rows)


def summary(found: Invaded) -> DataFrame:
    """Return a row a rule: what it costs where all keep it, whom it resists, and against whom it grows."""
    import pandas as pd

    rows = []
    for rule in found.design.rules:
        alone = Meeting(rule, rule)
        all_, new, others = found.everybody(alone), found.sides[alone][NEW], found.others(rule)
        values = {"alone_usd_per_mtok": all_.price, "alone_ttft_mean_s": all_.ttft_mean_s,
                  "alone_ttft_p99_s": all_.ttft_p99_s, "alone_completed": all_.completed,
                  "generalised_cost": found.generalised_cost(rule), "won_by_the_same": new.share - new.first_share}
        row: dict[str, object] = {"rule": rule, "replications": found.design.replications, **_told(values)}
        row |= {"efficient": rule == found.efficient, "undominated": found.is_undominated(rule),
                "withstands": found.withstands(rule),
                "resists": sum(found.stays_below(Meeting(rule, other)) >= RESISTED for other in others),
                "grows_against": sum(_grows(found, Meeting(other, rule)) for other in others), "others": len(others)}
        rows.append(row)
    return pd.DataFrame(rows)


def _told(values: dict[str, np.ndarray]) -> dict[str, object]:
    """Means over replications, each with its half-width."""
    found: dict[str, object] = {}
    for name, each in values.items():
        got = interval(each.tolist())
        found |= {name: got.mean, f"{name}_half_width": got.half_width}
    return found


def _grows(found: Invaded, meeting: Meeting) -> bool:
    """Whether the invader's odds rose, by their 95 % interval."""
    got = interval(found.values(meeting)["odds"].tolist())
    return bool(got.mean - got.half_width > 0)

"""What the study of policies says of its numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from experiments.output.folder import SUMMARY, Folder
from experiments.report.numbers import measured
from experiments.report.pieces import listed
from experiments.studies.policies.design import ALIKE

if TYPE_CHECKING:
    from pandas import Series


def sentences(folder: Folder) -> list[str]:
    """Return a sentence a condition, whose numbers stand in ``summary.csv``."""
    frame, said = folder.table(SUMMARY), []
    for condition, rows in frame[frame["condition"] != ALIKE].groupby("condition", sort=False):
        cheap = rows.loc[rows["paid_usd_per_mtok"].idxmin()]
        fast = rows.loc[rows["ttft_p99_s"].idxmin()]
        both = rows[rows["best_at_both"] > 0]
        best = listed([f"`{row['policy']}` in {row['best_at_both']} of {row['n']} seeds"
                       for row in both.to_dict("records")])
        said.append(f"{str(condition).capitalize()}: `{cheap['policy']}` pays least, "
                    f"{measured(cheap['paid_usd_per_mtok'], cheap['paid_half_width'])} USD a million tokens, with a "
                    f"p99 {_wait(cheap)}; `{fast['policy']}` waits "
                    f"least, {_wait(fast)}, for "
                    f"{measured(fast['paid_usd_per_mtok'], fast['paid_half_width'])} USD. "
                    + (f"Best at both: {best}." if best else "None is best at both."))
    return said


def _wait(row: Series) -> str:
    if math.isinf(row["ttft_p99_s"]):
        return "past every deadline"
    return f"of {measured(row['ttft_p99_s'], row['ttft_half_width'])} s"

"""Sentences of ``inference_share``, made from its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.output.folder import SUMMARY
from experiments.studies.inference_share.measures import ALL, FROZEN, OF_MONEY, PENETRATIONS

if TYPE_CHECKING:
    from experiments.output.folder import Folder


def sentences(folder: Folder) -> list[str]:
    """Return what the dates are, and how they move with the elasticity of uses."""
    rows = {str(row["case"]): row for row in folder.table(SUMMARY).to_dict("records")}
    every, money = rows[ALL], rows[OF_MONEY]
    told = (f"Inference passes training before the claim's years at {every['before']:.0%} of all points, in them at "
            f"{every['in_window']:.0%}, after them at {every['after']:.0%}, and not within the horizon at "
            f"{every['never']:.0%}.")
    then = (f"When the claim's years end it leads at {every['leads_at_end']:.0%} of all points; with uses and prices "
            f"frozen, at {rows[FROZEN]['leads_at_end']:.0%}.")
    alone = (f"With demand as it is assumed, what is imposed on money alone moves the answer: {money['before']:.0%} "
             f"before, {money['in_window']:.0%} in the window, {money['never']:.0%} never.")
    few, half = (rows[f"{OF_MONEY}, {value:g} of uses live at first"] for value in (PENETRATIONS[0], PENETRATIONS[-1]))
    by = (f"Between a long-run elasticity of {few['elasticity']:.2f} and one of {half['elasticity']:.2f}, the share "
          f"that never leads goes from {few['never']:.0%} to {half['never']:.0%}.")
    return [told, then, alone, by]

"""Sentences of ``open_gap``, made from its table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments.output.folder import SUMMARY
from experiments.report.numbers import measured
from experiments.studies.open_gap.design import BEST, FIXED, LAB_LOGIT, LagCell
from experiments.studies.open_gap.measures import case_of

if TYPE_CHECKING:
    from experiments.output.folder import Folder


def sentences(folder: Folder) -> list[str]:
    """Return what closed models keep, at which prices, and how long a lead lasts."""
    parameters = folder.manifest["parameters"]["assumed"]["behind"]
    short, long = float(parameters["months"]), float(parameters["long_months"])
    gap = float(parameters["gap"])
    rows = {(str(row["case"]), float(row["lag_months"]), float(row["gap"])): row
            for row in folder.table(SUMMARY).to_dict("records")}

    def row(cell: LagCell) -> dict[str, Any]:
        return {str(name): value for name, value in rows[case_of(cell), cell.months, cell.gap].items()}

    def kept(cell: LagCell) -> str:
        return measured(row(cell)["kept"], row(cell)["kept_half_width"])

    with_name, without = (LagCell(short, gap, has_brand=brand) for brand in (True, False))
    said = [
        f"At a lag of {short:g} months closed models keep {kept(with_name)} of the profit that they make at "
        f"{long:g} months with the default market's brands, and {kept(without)} without.",
        f"They sell {row(with_name)['closed_token_share']:.0%} and {row(without)['closed_token_share']:.0%} of all "
        f"tokens then, at {row(with_name)['price_over_list']:.2f} and {row(without)['price_over_list']:.2f} of their "
        f"list prices; half of a flagship's peak is gone {row(with_name)['half_life_months']:.1f} and "
        f"{row(without)['half_life_months']:.1f} months after its release.",
    ]
    others = [(cell._replace(pricing=pricing), word) for pricing, word in (
        (FIXED, "at list prices"), (LAB_LOGIT, "by the default market's rule for labs")) for cell in (with_name,)]
    if all((case_of(cell), cell.months, cell.gap) in rows for cell, _ in others):
        said.append("How creators price matters: " + ", ".join(
            f"{word} they keep {kept(cell)} with brand and {kept(cell._replace(has_brand=False))} without"
            for cell, word in others) + f"; with the answers of this study ({BEST}) as above.")
    return said

"""What the study of invasions says of its numbers: every one stands in ``summary.csv`` or ``pairs.csv``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.output.folder import SUMMARY, Folder
from experiments.report.numbers import measured
from experiments.report.pieces import listed

if TYPE_CHECKING:
    from pandas import DataFrame


def sentences(folder: Folder) -> list[str]:
    """Return who is efficient and whether it lasts, what others did to its prices, and which efficient rules do not."""
    rules, pairs = folder.table(SUMMARY), folder.table("pairs.csv")
    return [_efficient(rules), *_beside(rules, pairs), _undominated(rules)]


def _efficient(rules: DataFrame) -> str:
    best = rules[rules["efficient"]].iloc[0]
    price = measured(best["alone_usd_per_mtok"], best["alone_usd_per_mtok_half_width"])
    wait = measured(best["alone_ttft_mean_s"], best["alone_ttft_mean_s_half_width"])
    return (f"`{best['rule']}` costs customers least where all keep it: {price} USD a million tokens, {wait} s to the "
            f"first token. Its customers stay with it beside {best['withstands']} of {best['others']} others, and it "
            f"grows against {best['grows_against']}.")


def _beside(rules: DataFrame, pairs: DataFrame) -> list[str]:
    best = rules.loc[rules["efficient"], "rule"].iloc[0]
    rows = pairs[(pairs["incumbent"] == best) & (pairs["invader"] != best)]
    if rows.empty:
        return []
    worst = rows.loc[rows["all_pay_more"].idxmax()]
    more, peak = (measured(100 * worst[name], 100 * worst[f"{name}_half_width"])
                  for name in ("all_pay_more", "all_pay_more_in_dearest_month"))
    return [f"Beside a twentieth at `{worst['invader']}` all of its customers pay most: {more} % more than alone, and "
            f"{peak} % more in the dearest month."]


def _undominated(rules: DataFrame) -> str:
    kept = rules[rules["undominated"]]
    lost = kept[kept["withstands"] < kept["others"]]
    if lost.empty:
        return "Every rule that no other beats at both price and wait keeps its customers."
    told = listed([f"`{row['rule']}` ({row['others'] - row['withstands']} of {row['others']} others win)"
                   for row in lost.to_dict("records")])
    return f"Of the rules that no other beats at both price and wait, these lose customers: {told}."

"""Sentences of ``train_or_serve``, made from its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.output.folder import SUMMARY
from experiments.report.numbers import measured
from experiments.studies.train_or_serve.measures import FIXED, FULL_HOST, HOST, MARGINAL, NIGHTS, SHADOW

if TYPE_CHECKING:
    from experiments.output.folder import Folder


def sentences(folder: Folder) -> list[str]:
    """Return what splits lose, and how customers are served."""
    rows = {str(row["kind"]).split(" (")[0]: row for row in folder.table(SUMMARY).to_dict("records")}

    def lost(kind: str) -> str:
        return measured(100.0 * rows[kind]["loss"], 100.0 * rows[kind]["loss_half_width"])

    marginal, host, full = rows[MARGINAL], rows[HOST], rows[FULL_HOST]
    return [
        f"The best constant split earns {lost(FIXED)} % less than the marginal one, the best of days and nights "
        f"{lost(NIGHTS)} % less, and one shadow price for ever {lost(SHADOW)} %.",
        f"Under the marginal split {marginal['refused_share']:.2%} of requests are turned away, and the 99th "
        f"percentile of the time to the first token is {marginal['p99_ttft_s']:.2f} s; under the constant one "
        f"{rows[FIXED]['refused_share']:.2%} and {rows[FIXED]['p99_ttft_s']:.2f} s.",
        f"A pure host with the lab's customers has {host['refused_share']:.2%} and {host['p99_ttft_s']:.2f} s; one "
        f"that is full {full['refused_share']:.2%} and {full['p99_ttft_s']:.2f} s.",
        f"A further GPU is worth {marginal['gpu_worth']:.2f} of its rent to the lab, {host['gpu_worth']:.2f} to that "
        f"host, and {full['gpu_worth']:.2f} to the full one; the lab leads by {marginal['lead_points']:.1f} points.",
    ]

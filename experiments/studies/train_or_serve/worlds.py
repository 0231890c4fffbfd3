"""Worlds of which it is known whether a lab's two uses of its GPUs are at odds, and that customers see it."""

from __future__ import annotations

from typing import Final

from experiments.studies.assuming import at_point
from experiments.studies.train_or_serve.assumed import FleetAssumptions
from experiments.studies.train_or_serve.design import FleetYears
from experiments.studies.train_or_serve.measures import FoundSplits, find_splits
from experiments.studies.train_or_serve.searching import Search

# serving earns so much more than the rent that a full host turns hardly anybody away; the next model is worth more
# yet, and demand comes in great bursts
AT_ODDS: Final = {"serving.gross_margin": 0.97, "serving.load": 0.5, "serving.goodwill": 0.0, "lead.answer": 0.2,
                  "serving.peakedness": 2000.0}
# every hour is like every other, and customers hardly mind whose model is better: there is nothing to weigh anew
ALIKE: Final = {"serving.noise": 0.0, "serving.busiest": 1.0, "serving.weekend": 1.0, "serving.peakedness": 1.0,
                "lead.answer": 0.02}
SEEDS: Final = 3
STEP_HOURS: Final = 12
ROUGHLY: Final = Search((0.0, 0.3, 0.45, 0.6, 0.75), (0.05, 0.02), 2)


def built(changes: dict[str, float], seed: int) -> FoundSplits:
    """Return what a lab finds in a world, looked at coarsely."""
    design = FleetYears(at_point(FleetAssumptions(), changes), seed, SEEDS, STEP_HOURS)
    return find_splits(design, lambda: None, ROUGHLY)

"""What is assumed of DeepSeek's day beyond what was published: every number with its range and its source."""

from typing import Final

from sim.scenario.base import Part, Sweep, quantity

DAY6: Final = "deepseek-ai/open-infra-index, 202502OpenSourceWeek, day 6"


class DayAssumptions(Part):
    """What stands between published inputs and what a node gets done.

    The inputs themselves, each with its source, are constants of `experiments.validation.deepseek_day`.
    """

    speed_per_s: float = quantity(21.0, unit="tokens/s", gt=0, le=200, doc="No user is to get fewer",
                                  source=DAY6 + ": 20 to 22; the published batch is faster: it does not bind")
    lengths_cv: float = quantity(
        1.0, unit="1", ge=0, le=5, doc="Coefficient of variation of prompts and of answers, both log-normal; their "
        "means follow from the published tokens and context", sweep=Sweep(0.0, 2.0))
    imbalance: float = quantity(
        0.0, unit="1", ge=0, le=1, doc="How far the slowest GPU of a unit is waited for: 0, all have the same share of "
        "attention; 1, requests lie as they come", source=DAY6 + ": balances attention and KV memory between GPUs",
        sweep=Sweep(0.0, 1.0))
    exchange_slower: float = quantity(1.0, unit="1", gt=0, le=20, sweep=Sweep(1.0, 2.0),
                                      doc="Exchange of tokens with experts over what DeepEP's benchmarks say")
    steps_slower: float = quantity(
        1.0, unit="1", gt=0, le=20, doc="All else of a step over what constants say that were fitted to other GPUs",
        sweep=Sweep(0.8, 2.0, source="assumption; median errors of step times are docs/validation-silicon.md"))

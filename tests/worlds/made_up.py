"""Tournaments whose numbers are given, not simulated."""

from collections.abc import Sequence

from experiments.scenarios import load_traffic
from experiments.studies.tournament.design import Tournament
from experiments.studies.tournament.measures import COST, GOOD, LATENCY, Found


def made_up(loads: Sequence[float] = (1.0,), **policies) -> Found:
    """A tournament whose costs and latencies are given, alike at all loads: policy=([costs], [latencies]).

    A policy that is twice as slow has half as many good requests.
    """
    values = {(name, load): {COST: costs, GOOD: [1 / time for time in times], LATENCY: times, "ttft_p90_s": times,
                             "completed_share": times}
              for load in loads for name, (costs, times) in policies.items()}
    runs = len(next(iter(policies.values()))[0])
    design = Tournament(load_traffic("duel"), ("random",), tuple(loads), runs)
    object.__setattr__(design, "policies", tuple(policies))  # names that no policy has
    return Found(design, values)

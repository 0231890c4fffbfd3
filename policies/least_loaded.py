"""Policies that follow load: least in flight, least tokens, power of d, Peak-EWMA and the oracle."""

import math

import numpy as np

from policies.toolbox import clearly_below, lowest, lowest_of_draws, lowest_of_sample, open_pair
from sim.compiled import rule
from sim.policy import DONE, FIRST_TOKEN, Event, Imitation, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import IN_FLIGHT, OUTSTANDING_TOKENS, TRUE_WORK_S


def choose_least_in_flight(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Fewest own requests in flight (join the shortest queue, as this router sees it)."""
    return lowest(view, view, IN_FLIGHT, u)


def choose_least_outstanding_tokens(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Fewest prompt plus expected output tokens of own requests in flight."""
    return lowest(view, view, OUTSTANDING_TOKENS, u)


def choose_oracle_least_work(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Least true unfinished work: a bound, not a policy anyone could run."""
    return lowest(view, view, TRUE_WORK_S, u)


class PowerOfD(Part):
    """Parameters of ``power_of_d``."""

    d: int = quantity(
        2,
        unit="offers",
        doc="Number of offers that are compared",
        ge=1,
        le=4096,
        source="Mitzenmacher 2001; Vvedenskaya, Dobrushin and Karpelevich 1996",
    )
    replacement: bool = quantity(
        False, unit="flag", doc="Draw with replacement", source="SGLang router: two distinct"
    )
    by_tokens: bool = quantity(
        False,
        unit="flag",
        doc="Compare outstanding tokens instead of requests in flight",
        source="classic: queue lengths",
    )


POWER_AT = places(PowerOfD)


def choose_power_of_d(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Least loaded of ``d`` offers drawn at random."""
    column = OUTSTANDING_TOKENS if memory.params[POWER_AT.by_tokens] > 0.0 else IN_FLIGHT
    if memory.params[POWER_AT.replacement] > 0.0:
        return lowest_of_draws(view, view, column, int(memory.params[POWER_AT.d]), u)
    return lowest_of_sample(view, view, column, int(memory.params[POWER_AT.d]), u)


class PeakEwma(Part):
    """Parameters of ``peak_ewma``."""

    decay_s: float = quantity(
        30.0,
        unit="s",
        doc="Time constant with which a latency estimate decays",
        gt=0,
        source="Helicone ai-gateway@42d2998 (2025-07-30)",
    )
    default_rtt_s: float = quantity(
        0.25,
        unit="s",
        doc="Latency estimate at the start of the run",
        gt=0,
        source="Helicone ai-gateway@42d2998 (2025-07-30)",
    )
    decay_on_read: bool = quantity(
        True,
        unit="flag",
        doc="The estimate decays towards zero between samples, so idle offers are tried again",
        source="tower load/peak_ewma.rs@0032923: load() updates with a zero duration",
    )
    whole_answer: bool = quantity(
        False,
        unit="flag",
        doc="A sample is the time to the last token instead of the first",
        source="tower: CompleteOnResponse ends a sample when the response head arrives",
    )


PEAK_AT = places(PeakEwma)


@rule()
def peak_ewma_load(view: np.ndarray, request: Request, memory: Memory, row: int) -> float:
    """Latency estimate of an offer, decayed to now if the original's reads do that, times (in flight + 1)."""
    estimate = memory.offers[row, 0] if memory.offers[row, 2] > 0.0 else memory.params[PEAK_AT.default_rtt_s]
    if memory.params[PEAK_AT.decay_on_read] > 0.0:
        estimate *= math.exp((memory.offers[row, 1] - request.now_s) / memory.params[PEAK_AT.decay_s])
    return float(estimate * (view[row, IN_FLIGHT] + 1.0))


def choose_peak_ewma(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Of two random offers the one with the smaller peak-sensitive latency x (in flight + 1)."""
    first, second = open_pair(view, u)
    if first == second:
        return first
    loads = (peak_ewma_load(view, request, memory, first), peak_ewma_load(view, request, memory, second))
    return second if clearly_below(loads[1], loads[0]) else first


def observe_peak_ewma(memory: Memory, event: Event) -> None:
    """Jump to a higher sample at once, move to a lower one by the time that has passed."""
    whole = memory.params[PEAK_AT.whole_answer] > 0.0
    if event.kind != (DONE if whole else FIRST_TOKEN):
        return
    sample = event.e2e_s if whole else event.ttft_s
    row = event.row
    estimate = memory.offers[row, 0]
    if memory.offers[row, 2] == 0.0:
        estimate = memory.params[PEAK_AT.default_rtt_s]
    kept = math.exp((memory.offers[row, 1] - event.now_s) / memory.params[PEAK_AT.decay_s])
    if memory.params[PEAK_AT.decay_on_read] > 0.0:
        # in the original every read moves the estimate towards zero; reads leave no trace here, so catch up
        estimate *= kept
        kept = 1.0
    memory.offers[row, 0] = sample if sample > estimate else sample * (1.0 - kept) + estimate * kept
    memory.offers[row, 1] = event.now_s
    memory.offers[row, 2] = 1.0


LEAST_IN_FLIGHT = Policy(
    kind="least_in_flight",
    choose=choose_least_in_flight,
    summary="Fewest own requests in flight.",
    source="join the shortest queue (Winston 1977)",
    ties="random",
)
LEAST_OUTSTANDING_TOKENS = Policy(
    kind="least_outstanding_tokens",
    choose=choose_least_outstanding_tokens,
    summary="Fewest prompt plus expected output tokens of own requests in flight.",
    source="join the shortest queue with requests weighed by their tokens",
    ties="random",
)
POWER_OF_D = Policy(
    kind="power_of_d",
    choose=choose_power_of_d,
    summary="Least loaded of d offers drawn at random.",
    source="Mitzenmacher, IEEE TPDS 2001",
    ties="random (with replacement: the first drawn, which is random)",
    parameters=PowerOfD,
)
PEAK_EWMA = Policy(
    kind="peak_ewma",
    choose=choose_peak_ewma,
    summary="Of two random offers the smaller peak-sensitive latency x (in flight + 1).",
    source="tower load/peak_ewma.rs, after Finagle; as used by Helicone ai-gateway@42d2998 (2025-07-30)",
    ties="random",
    parameters=PeakEwma,
    imitation=Imitation(
        original="Helicone ai-gateway, latency strategy (tower's Peak-EWMA)",
        release="42d2998",
        date="2025-07-30",
        agreement="formula by hand-worked values; not run side by side",
    ),
    observe=observe_peak_ewma,
    offer_slots=3,
)
ORACLE_LEAST_WORK = Policy(
    kind="oracle_least_work",
    choose=choose_oracle_least_work,
    summary="Least true unfinished work: sees what no router can.",
    source="least work left; a central queue for identical servers",
    ties="random",
    oracle=True,
)

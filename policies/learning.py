"""Policies that learn or steer: discounted Thompson sampling and drift-plus-penalty."""

import math

import numpy as np

from policies.toolbox import gamma, lowest
from sim.policy import CANCELLED, DONE, FAILED, Event, Imitation, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import COST_USD, OPEN, OUTSTANDING_TOKENS

SCORE, GOOD, BAD, UPDATED_S = 0, 1, 2, 3
UNIFORMS = 64  # uniforms that one row may use: two gamma variates of 32


class Thompson(Part):
    """Parameters of ``thompson``."""

    value_usd: float = quantity(
        0.01,
        unit="USD",
        doc="Worth of a good answer: weighs quality of service against cost",
        ge=0,
        source="assumption: some ten times what a request costs",
    )
    slo_ttft_s: float = quantity(
        2.0,
        unit="s",
        doc="An answer whose first token comes later is not good",
        gt=0,
        source="MLPerf Inference v5.1 Llama-2-70B server limit (2,000 ms TTFT)",
    )
    memory_s: float = quantity(
        300.0,
        unit="s",
        doc="Time constant with which evidence is forgotten",
        gt=0,
        source="OpenRouter's 5 min window; discounting after Garivier and Moulines (2008)",
    )


THOMPSON_AT = places(Thompson)


def choose_thompson(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Draw each offer's chance of a good answer from its Beta posterior; the best value minus cost wins."""
    value, memory_s = memory.params[THOMPSON_AT.value_usd], memory.params[THOMPSON_AT.memory_s]
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            kept = math.exp((memory.offers[i, UPDATED_S] - request.now_s) / memory_s)
            good = gamma(1.0 + kept * memory.offers[i, GOOD], u, UNIFORMS * (i + 1))
            bad = gamma(1.0 + kept * memory.offers[i, BAD], u, UNIFORMS * (i + 1) + UNIFORMS // 2)
            memory.offers[i, SCORE] = view[i, COST_USD] - value * good / (good + bad)
    return lowest(view, memory.offers, SCORE, u)


def observe_thompson(memory: Memory, event: Event) -> None:
    """Good: done with its first token in time. Bad: late, failed, refused or given up."""
    if event.kind != DONE and event.kind != FAILED and event.kind != CANCELLED:
        return
    own = memory.offers[event.row]
    kept = math.exp((own[UPDATED_S] - event.now_s) / memory.params[THOMPSON_AT.memory_s])
    good = 1.0 if event.kind == DONE and event.ttft_s <= memory.params[THOMPSON_AT.slo_ttft_s] else 0.0
    own[GOOD] = own[GOOD] * kept + good
    own[BAD] = own[BAD] * kept + 1.0 - good
    own[UPDATED_S] = event.now_s


class DriftPlusPenalty(Part):
    """Parameters of ``drift_plus_penalty``."""

    v: float = quantity(
        1e6,
        unit="tokens per USD/Mtok",
        doc="Outstanding tokens accepted to save one dollar per million tokens",
        ge=0,
        le=1e15,
        source="assumption: a gap of 0.1 USD/Mtok is worth 100,000 tokens, some 60 chat requests",
    )


DRIFT_AT = places(DriftPlusPenalty)


def choose_drift_plus_penalty(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Minimise V times the request's price per million tokens plus the tokens outstanding there."""
    per_mtok = 1e6 / max(request.prompt_tokens + request.expected_output_tokens, 1.0)
    for i in range(view.shape[0]):
        memory.offers[i, SCORE] = (
            memory.params[DRIFT_AT.v] * view[i, COST_USD] * per_mtok + view[i, OUTSTANDING_TOKENS]
        )
    return lowest(view, memory.offers, SCORE, u)


THOMPSON = Policy(
    kind="thompson",
    choose=choose_thompson,
    summary="Discounted Thompson sampling of the chance of a good answer, worth value_usd, minus cost.",
    source="Thompson 1933; discounting after Garivier and Moulines (2008)",
    ties="random",
    parameters=Thompson,
    imitation=Imitation(
        original="Thompson sampling with discounted evidence",
        release="Thompson 1933; Garivier and Moulines 2008",
        date="2008",
        agreement="posterior by hand-worked values",
        herds=True,  # a bandit takes an offer's quality as given: here it falls with what the bandit sends there
    ),
    observe=observe_thompson,
    offer_slots=4,
)
DRIFT_PLUS_PENALTY = Policy(
    kind="drift_plus_penalty",
    choose=choose_drift_plus_penalty,
    summary="V x price + outstanding tokens: one knob from least loaded (0) to cheapest (large).",
    source="Neely, Stochastic Network Optimization (2010)",
    ties="random",
    parameters=DriftPlusPenalty,
    offer_slots=1,
)

"""Step time of a replica (E1) as a function of coefficients in seconds.

``providers`` turns GPU, model, precision and tensor-parallel degree into these coefficients; the engines only
ever evaluate them. Both terms of the roofline are affine in the KV tokens read, which is what lets the compiled
engine sum many decode steps in closed form.
"""

import math
from typing import NamedTuple

from sim.compiled import hot


class StepCoefficients(NamedTuple):
    """Coefficients of E1: tau = base + max(memory, compute) + communication + sequences.

    With T tokens computed in the step, K tokens of KV read, A (query, key) pairs of attention and B requests that
    decode::

        memory  = weights_s + experts_s * (1 - exp(miss_log * T)) + kv_s * K
        compute = token_s * T + pair_s * A
        tau     = base_s + max(memory, compute) + comm_token_s * T + sequence_s * B
    """

    base_s: float
    weights_s: float  # reading weights that every step touches
    experts_s: float  # reading all routed experts
    miss_log: float  # ln(1 - k/E), 0 for dense models
    kv_s: float  # reading one token of KV
    token_s: float  # computing one token
    pair_s: float  # one (query, key) pair of attention
    comm_token_s: float  # exchange of one token's activations between GPUs
    sequence_s: float = 0.0  # one request that decodes: sampling, detokenising, bookkeeping of the batch


class DecodeTerms(NamedTuple):
    """E1 of steps that only decode, with a fixed batch: the larger of two affine functions of the KV tokens read."""

    memory_s: float
    memory_kv_s: float  # a KV token
    compute_s: float
    compute_kv_s: float  # a KV token: a decoding request forms one pair with each token that it reads


@hot(cache=True, forceinline=True)
def experts_time(c: StepCoefficients, tokens: int) -> float:
    """Time to read the experts that so many tokens touch, in seconds; 0 for dense models."""
    return c.experts_s * (1.0 - math.exp(c.miss_log * tokens)) if c.miss_log < 0.0 else 0.0


@hot(cache=True)
def step_time(c: StepCoefficients, tokens: int, kv_tokens: int, pairs: float, decoding: int) -> float:
    """Duration in seconds of one step in which ``decoding`` requests decode (E1)."""
    # Tokens pick their experts at random: a share (1 - k/E)^T of the experts is met by none of T tokens.
    memory = c.weights_s + c.kv_s * kv_tokens + experts_time(c, tokens)
    compute = c.token_s * tokens + c.pair_s * pairs
    return c.base_s + max(memory, compute) + c.comm_token_s * tokens + c.sequence_s * decoding


@hot(cache=True, forceinline=True)
def decode_terms(c: StepCoefficients, batch: int) -> DecodeTerms:
    """Split E1 for a leap: each step computes one token for every request of the batch."""
    fixed = c.base_s + (c.comm_token_s + c.sequence_s) * batch
    memory = c.weights_s + experts_time(c, batch)
    return DecodeTerms(fixed + memory, c.kv_s, fixed + c.token_s * batch, c.pair_s)

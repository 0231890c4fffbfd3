"""Units of prefill and of decode, stepped through with requests of random lengths, step after step."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from experiments.validation.deepseek_day import (
    CONTEXT_TOKENS,
    DECODE_GPUS,
    HIT_TOKENS,
    INPUT_TOKENS,
    NODE_GPUS,
    OUTPUT_TOKENS,
    PREFILL_GPUS,
    PREFILL_TOKENS,
    Lengths,
    Unit,
)

if TYPE_CHECKING:
    from numpy.random import Generator


class Stepped(NamedTuple):
    """What a unit got done: tokens a second of a node, and of a user (nan in prefill)."""

    per_node: float
    per_user: float


class Steps(NamedTuple):
    """How many steps are counted, how many before them are not, and how far GPUs wait for the slowest, 0 to 1."""

    counted: int
    before: int
    imbalance: float = 0.0


def request_of(cv: float) -> Lengths:
    """Return the mean request that the day's tokens and its mean context imply of lengths with this variation (E122).

    An output token of an answer of length o sees the prompt and half of o on average; long answers have more tokens, so
    that the mean over tokens is prompt + o (1 + cv^2) / 2.
    """
    ratio = INPUT_TOKENS / OUTPUT_TOKENS
    output = CONTEXT_TOKENS / (ratio + (1.0 + cv**2) / 2.0)
    return Lengths(ratio * output, output, HIT_TOKENS / INPUT_TOKENS)


def drawn(mean: float, cv: float, draws: Generator, count: int, by_size: bool = False) -> np.ndarray:
    """Return log-normal lengths, float64 (count,), at least 1; ``by_size`` those that a token at random is in."""
    if cv == 0.0:
        return np.full(count, mean)
    spread = np.log1p(cv**2)
    middle = np.log(mean) - spread / 2.0 + (spread if by_size else 0.0)
    return np.asarray(np.maximum(np.exp(middle + np.sqrt(spread) * draws.normal(size=count)), 1.0))


def decode_stepped(unit: Unit, batch: int, cv: float, steps: Steps, draws: Generator) -> Stepped:
    """Step through a unit of decode whose GPUs are always full; who has finished is followed by another at once.

    Lengths are rounded up to whole steps. It begins as in the long run: answers as a token finds them, anywhere within.
    """
    request, slots = request_of(cv), DECODE_GPUS * batch
    whole = np.ceil(drawn(request.output, cv, draws, slots, by_size=True))
    # evenly over their lives where all are alike: then nothing is random
    part = draws.random(slots) if cv > 0.0 else np.tile((np.arange(batch) + 0.5) / batch, DECODE_GPUS)
    done = np.floor(part * whole)
    prompt = drawn(request.prompt, cv, draws, slots)
    time_s = 0.0
    for step in range(steps.before + steps.counted):
        kv_tokens = DECODE_GPUS * waited_for((prompt + done).reshape(DECODE_GPUS, batch).sum(axis=1), steps.imbalance)
        took = unit.time_s(slots, round(kv_tokens), kv_tokens, slots)
        time_s += took if step >= steps.before else 0.0
        done += 1.0
        over = np.flatnonzero(done >= whole)
        done[over] = 0.0
        whole[over] = np.ceil(drawn(request.output, cv, draws, len(over)))
        prompt[over] = drawn(request.prompt, cv, draws, len(over))
    each_s = time_s / steps.counted
    return Stepped(batch * NODE_GPUS / each_s, 1.0 / each_s)


def prefill_stepped(unit: Unit, cv: float, steps: Steps, draws: Generator) -> Stepped:
    """Step through a unit of prefill whose GPUs always have prompts, in chunks of what a step may hold.

    A share of each prompt is in the cache; its rest is computed in order, and a token of it sees all before it.
    """
    request, total = request_of(cv), steps.before + steps.counted
    loads = np.array([_pairs(request, cv, total, draws) for _ in range(PREFILL_GPUS)])[:, steps.before:]
    tokens = PREFILL_TOKENS * PREFILL_GPUS
    whole = tokens / (1.0 - request.hit)
    pairs = [PREFILL_GPUS * waited_for(load, steps.imbalance) for load in loads.T]
    time_s = sum(unit.time_s(tokens, round(whole), each, 0) for each in pairs)
    return Stepped(whole * steps.counted / time_s * NODE_GPUS / PREFILL_GPUS, float("nan"))


def waited_for(loads: np.ndarray, imbalance: float) -> float:
    """Return the load that a step waits for: the mean of all GPUs if they are balanced, the largest if not at all."""
    return float((1.0 - imbalance) * loads.mean() + imbalance * loads.max())


def _pairs(request: Lengths, cv: float, steps: int, draws: Generator) -> np.ndarray:
    """Pairs of attention of the full steps of one GPU, float64 (steps,)."""
    count = int(steps * PREFILL_TOKENS / (request.prompt * (1.0 - request.hit)) * 1.5) + 50
    prompt = drawn(request.prompt, cv, draws, count)
    while prompt.sum() * (1.0 - request.hit) < steps * PREFILL_TOKENS:
        prompt = np.concatenate([prompt, drawn(request.prompt, cv, draws, count)])
    ends = np.cumsum(prompt * (1.0 - request.hit))
    edges = PREFILL_TOKENS * np.arange(steps + 1.0)
    # of prompt i, the u-th new token sees hit p + u: pairs up to a new token x are a parabola in each prompt
    starts, first = np.concatenate([[0.0], ends[:-1]]), request.hit * prompt
    whole = np.concatenate([[0.0], np.cumsum(first * (ends - starts) + (ends - starts) ** 2 / 2.0)])
    at = np.minimum(np.searchsorted(ends, edges, side="right"), len(ends) - 1)
    into = edges - starts[at]
    return np.asarray(np.diff(whole[at] + first[at] * into + into**2 / 2.0))

"""What serving costs: capacity of a replica and GPU time per token, from the roofline.

A replica that keeps ``B`` requests in its batch, with ``p`` prompt and ``o`` output tokens on average, computes in a
step ``B`` output tokens and, to make up for the requests that leave, begins ``nu = B / o`` prompts, of which ``h``
tokens each are found in a prefix cache. With tau(T, K, A) of E1 and m tokens of context in memory a request,

    (E168)  q = max(1 - exp(-nu), min(1, nu (p - h) / (budget - B))),   m = p S_po + o S_oo / 2
    (E169)  tau = (1 - q) tau(B, B m, B m) + q tau(B + n, B m + nu p / q, B m + A),   n = nu (p - h) / q,
            A = nu S_pp (p^2 - h^2) / (2 q),   R = B / (o tau)

A share q of the steps computes prompts, whole ones unless the budget of a step forbids it. The others read memory while
the arithmetic idles, so that a step of mean tokens would be too short by far. And requests are unlike: who has a long
answer is there for longer, and attention within a prompt grows with its square,

    (E170)  S_pp = E[p^2] / E[p]^2,   S_oo = E[o^2] / E[o]^2,   S_po = E[p o] / (E[p] E[o])

``B`` is the largest batch that fits (memory, ``max_batch``, token budget of a step) and at which a user still gets a
token every ``tpot_s``.

The time of a replica that a request takes, ``1/R``, is split between its tokens: a prompt token that is computed takes
what computing it takes (FLOPs of its weights and attention, all-reduce), one that is found nothing, an output token the
rest. What is found is held and read like the rest of a context, which is part of what an output token takes; that
requests may hold one copy together is not reckoned with.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from sim.compiled import hot
from sim.engines.steptime import StepCoefficients, step_time
from sim.market.prices import Mix
from sim.units import HOUR_S, TOKENS_PER_MTOK

Numbers = float | np.ndarray


class Spread(NamedTuple):
    """How unlike requests are (E170): means of products of lengths, over products of their means; 1 if all are alike.

    Attributes
    ----------
    prompt, output
        Of the square of the prompt, and of the answer.
    both
        Of prompt times answer.
    """

    prompt: float = 1.0
    output: float = 1.0
    both: float = 1.0

    @classmethod
    def lognormal(cls, sigma: float) -> "Spread":
        """Of prompts and answers that are drawn independently, with a standard deviation of their logarithms."""
        square = math.exp(sigma * sigma)
        return cls(square, square, 1.0)


ALIKE: Final = Spread()


class Shape(NamedTuple):
    """The mean request for which capacity is reckoned, and how unlike it requests are.

    Attributes
    ----------
    prompt, output
        Tokens.
    found
        Of the prompt, tokens that a prefix cache has: the same share of every prompt.
    spread
        How unlike requests are.
    """

    prompt: float
    output: float
    found: float = 0.0
    spread: Spread = ALIKE

    @property
    def held(self) -> float:
        """Tokens in memory of a request that runs, on average over time."""
        return float(request_rows(self.prompt, self.output, self.found, self.spread)[MeanRequest._fields.index("held")])

    @property
    def mix(self) -> Mix:
        """What its tokens are: computed input, output, found input."""
        tokens = self.prompt + self.output
        return Mix((self.prompt - self.found) / tokens, self.output / tokens, self.found / tokens)


class EngineSize(NamedTuple):
    """What bounds the batch of a replica.

    Attributes
    ----------
    kv_tokens, overhead_tokens
        Tokens that its memory holds, and those of them that each sequence takes beside its own.
    max_batch, max_step_tokens
        Requests at once, and tokens that a step computes.
    """

    kv_tokens: int
    overhead_tokens: int
    max_batch: int
    max_step_tokens: int


class Capacity(NamedTuple):
    """What a replica can do at its reference batch.

    Attributes
    ----------
    batch
        Requests at once.
    tpot_s
        Time of a step, which is a user's time per output token.
    requests_per_s
        Requests finished per second.
    prompt_s, output_s
        Time of the replica that one computed prompt token and one output token take, seconds.
    """

    batch: int
    tpot_s: float
    requests_per_s: float
    prompt_s: float
    output_s: float

    def work_s(self, prompt_tokens: float, output_tokens: float) -> float:
        """Seconds of one replica at full load that so many computed prompt and output tokens take (S2)."""
        return prompt_tokens * self.prompt_s + output_tokens * self.output_s

    def cost_usd_per_mtok(self, usd_per_hour: float, utilisation: float, mix: Mix) -> float:
        """Cost of a million tokens of a mix, USD (S3).

        Parameters
        ----------
        usd_per_hour
            Cost of a replica (all its GPUs), USD per hour.
        utilisation
            Share of the capacity that is used, above 0.
        mix
            What they are; those found in a cache take no time.
        """
        seconds = mix.blend((self.prompt_s, self.output_s, 0.0))
        return usd_per_hour / HOUR_S * seconds * TOKENS_PER_MTOK / utilisation


def step_at(step: StepCoefficients, batch: int, shape: Shape, budget: int) -> float:
    """Mean step time, s, of a replica that keeps ``batch`` requests; no step computes more than ``budget`` (E169)."""
    request = MeanRequest(*request_rows(shape.prompt, shape.output, shape.found, shape.spread).tolist())
    # compiled code is made for each type: all with the same
    return float(_mean_step_s(StepCoefficients(*map(float, step)), batch, request, budget))


def capacity(step: StepCoefficients, size: EngineSize, shape: Shape, tpot_s: float) -> Capacity:
    """Capacity of a replica: the largest batch that fits and is fast enough (at least 1).

    Parameters
    ----------
    step
        Step time of the replica.
    size
        Bounds of its batch.
    shape
        Mean request.
    tpot_s
        Slowest time per output token, seconds.
    """
    request = request_rows(shape.prompt, shape.output, shape.found, shape.spread).reshape(-1, 1)
    return capacities(np.array([step], float), np.array([size], np.int64), request, tpot_s)[0]


class MeanRequest(NamedTuple):
    """The mean request of a replica, as compiled code reckons with it.

    Attributes
    ----------
    prompt, output, found
        As in ``Shape``.
    held
        Tokens in memory of one that runs, on average over time (m): the long answers are there for longest.
    seen
        Tokens that a computed prompt token attends to on average: all that was found, and half of what was not. Most
        of them are in long prompts.
    """

    prompt: float
    output: float
    found: float
    held: float
    seen: float


def request_rows(prompt: Numbers, output: Numbers, found: Numbers, spread: Sequence[Numbers]) -> np.ndarray:
    """Mean requests of these lengths, and of how unlike requests are; float64 (fields of ``MeanRequest``, replicas)."""
    of_prompt, of_output, both = spread
    held = prompt * both + output * of_output / 2
    return np.array([prompt, output, found, held, of_prompt * (prompt + found) / 2], float)


def capacities(steps: np.ndarray, sizes: np.ndarray, requests: np.ndarray, tpot_s: float) -> list[Capacity]:
    """Capacity of each of some replicas.

    Parameters
    ----------
    steps
        Their step times: float64 (replicas, fields of ``StepCoefficients``).
    sizes
        Bounds of their batches: int64 (replicas, fields of ``EngineSize``).
    requests
        Their mean requests: float64 (fields of ``MeanRequest``, replicas).
    tpot_s
        Slowest time per output token, seconds.
    """
    batch, found = np.empty(len(steps), np.int64), np.empty((len(Capacity._fields) - 1, len(steps)))
    _reckon(steps, sizes, requests, float(tpot_s), batch, found)
    return list(map(Capacity, batch.tolist(), *found.tolist()))


@hot(cache=True)
def _reckon(steps: np.ndarray, sizes: np.ndarray, requests: np.ndarray, tpot_s: float, batch: np.ndarray,
            found: np.ndarray) -> None:
    """Write the fields of ``Capacity`` of each replica: its batch, and the others as rows of ``found``."""
    for row in range(len(steps)):
        s, q = steps[row], requests[:, row]
        step = StepCoefficients(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8])
        request = MeanRequest(q[0], q[1], q[2], q[3], q[4])
        kv_tokens, overhead, max_batch, budget = sizes[row, 0], sizes[row, 1], sizes[row, 2], sizes[row, 3]
        low = _batch_of(step, request, kv_tokens / (request.held + overhead), max_batch, budget, tpot_s)
        tau = _mean_step_s(step, low, request, budget)
        request_s = request.output * tau / low
        prompt_s = step.token_s + step.comm_token_s + step.pair_s * request.seen
        batch[row] = low
        found[0, row], found[1, row], found[2, row] = tau, 1.0 / request_s, prompt_s
        found[3, row] = (request_s - prompt_s * (request.prompt - request.found)) / request.output


@hot(cache=True)
def _batch_of(step: StepCoefficients, request: MeanRequest, in_memory: float, max_batch: int, budget: int,
              tpot_s: float) -> int:
    """The largest batch that fits and is fast enough."""
    in_budget = budget / (1.0 + (request.prompt - request.found) / request.output)
    low, high = 1, max(1, int(min(max_batch, min(in_memory, in_budget))))
    while low < high:  # step time grows with the batch
        middle = (low + high + 1) // 2
        if _mean_step_s(step, middle, request, budget) <= tpot_s:
            low = middle
        else:
            high = middle - 1
    return low


@hot(cache=True)
def _mean_step_s(step: StepCoefficients, batch: int, request: MeanRequest, budget: int) -> float:
    """Mean time of steps with prompts and without, s (E169); beginnings are a Poisson number a step, nu in the mean."""
    begun, kv = batch / request.output, batch * request.held
    computed = begun * (request.prompt - request.found)
    mixed = max(-math.expm1(-begun), min(1.0, computed / max(1, budget - batch)))
    pairs = computed * request.seen
    alone_s = step_time(step, batch, round(kv), kv, batch)
    mixed_s = step_time(step, round(batch + computed / mixed), round(kv + begun * request.prompt / mixed),
                        kv + pairs / mixed, batch)
    return (1.0 - mixed) * alone_s + mixed * mixed_s

"""What serving costs: capacity of a replica and GPU time per token, from the roofline.

A replica that keeps ``B`` requests in its batch, each with ``p`` prompt and ``o`` output tokens, computes in a mean
step ``B`` output tokens and, to make up for the requests that leave, ``B (p - h) / o`` prompt tokens (chunked prefill),
where ``h`` of a prompt are found in a prefix cache. With the step time tau of E1 it finishes ``R = B / (o tau)``
requests a second. ``B`` is the largest batch that fits (memory, ``max_batch``, token budget of a step) and at which a
user still gets a token every ``tpot_s``.

The time of a replica that a request takes, ``1/R``, is split between its tokens: a prompt token that is computed takes
what computing it takes (FLOPs of its weights and attention, all-reduce), one that is found nothing, an output token the
rest. What is found is held and read like the rest of a context, which is part of what an output token takes; that
requests may hold one copy together is not reckoned with.
"""

from typing import NamedTuple

from sim.engines.steptime import StepCoefficients, step_time
from sim.market.prices import Mix
from sim.units import HOUR_S, TOKENS_PER_MTOK


class Shape(NamedTuple):
    """The mean request for which capacity is reckoned.

    Attributes
    ----------
    prompt, output
        Tokens.
    found
        Of the prompt, tokens that a prefix cache has.
    """

    prompt: float
    output: float
    found: float = 0.0

    @property
    def mix(self) -> Mix:
        """What its tokens are: computed input, output, found input."""
        tokens = self.prompt + self.output
        return Mix((self.prompt - self.found) / tokens, self.output / tokens, self.found / tokens)


class EngineSize(NamedTuple):
    """What bounds the batch of a replica."""

    kv_tokens: int
    overhead_tokens: int  # of each sequence
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


def step_at(step: StepCoefficients, batch: int, shape: Shape) -> float:
    """Mean step time, seconds, of a replica that keeps ``batch`` requests going."""
    prefill = batch * (shape.prompt - shape.found) / shape.output
    # on average a request is half through its output
    context = shape.prompt + shape.output / 2
    pairs = batch * context + prefill * _seen(shape)
    return float(step_time(step, round(batch + prefill), round(batch * context), pairs, batch))


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
    in_memory = size.kv_tokens / (shape.prompt + shape.output + size.overhead_tokens)
    in_budget = size.max_step_tokens / (1.0 + (shape.prompt - shape.found) / shape.output)
    low, high = 1, max(1, int(min(size.max_batch, in_memory, in_budget)))
    while low < high:  # step time grows with the batch
        middle = (low + high + 1) // 2
        if step_at(step, middle, shape) <= tpot_s:
            low = middle
        else:
            high = middle - 1
    tau = step_at(step, low, shape)
    request_s = shape.output * tau / low
    prompt_s = step.token_s + step.comm_token_s + step.pair_s * _seen(shape)
    output_s = (request_s - prompt_s * (shape.prompt - shape.found)) / shape.output
    return Capacity(low, tau, 1.0 / request_s, prompt_s, output_s)


def _seen(shape: Shape) -> float:
    """Tokens that a computed prompt token attends to on average: all that was found, and half of what was not."""
    return (shape.prompt + shape.found) / 2

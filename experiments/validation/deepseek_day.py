"""DeepSeek's published day, from first principles: what E1 and unit costs say of the same demand on the same GPUs.

DeepSeek published the load, the nodes, the speed and the cost of one day of its online service (27 February 2025, noon
UTC+8, to noon of the 28th): github.com/deepseek-ai/open-infra-index, 202502OpenSourceWeek, day 6. What was asked of the
service and how it was laid out are inputs here; how much a node gets done, how many nodes that takes and what they cost
are outcomes. Nothing is fitted to them: step times have the constants of `providers.hardware.calibration`, which were
fitted to measurements within single nodes of other GPUs, by others, under other software.

E1 has one scheduler a replica, and an exchange of tokens that is as within a node and waits for computing to end. So
outcomes are told for three steps: E1 as it stands, over the network's bandwidth; with a scheduler of its own for each
group of data-parallel attention; and with that and the exchange that DeepSeek published (measurements of DeepEP) while
other tokens are computed, so that the longer of both counts.
"""

from typing import Final, NamedTuple

from experiments.validation.comparison import Figure, number
from providers.cost.unit_cost import Capacity
from providers.hardware.architectures import MODELS
from providers.hardware.calibration import built_in
from providers.hardware.gpus import Gpu
from providers.hardware.memory import kv_capacity_tokens
from providers.hardware.own_gpus import gpus_of
from providers.hardware.roofline import Deployment, step_coefficients
from sim.engines.steptime import StepCoefficients, step_time
from sim.market.prices import Mix
from sim.scenario.gpu_settings import GpuSettings
from sim.units import DAY_S, HOUR_S, TOKENS_PER_MTOK

NODE_GPUS: Final = 8
GPU_USD_PER_HOUR: Final = 2.0
# what was asked of the service: tokens of the day, and of those of prompts the ones found in the cache on disk
INPUT_TOKENS: Final = 608e9
HIT_TOKENS: Final = 342e9
OUTPUT_TOKENS: Final = 168e9
CONTEXT_TOKENS: Final = 4989.0  # mean KV length of an output token
TOKENS_PER_S: Final = 21.0  # a user's, published as 20 to 22: no user is to get fewer
# what a million tokens of R1 cost then: found in the cache, other input, output
HIT_USD, MISS_USD, OUTPUT_USD = 0.14, 0.55, 2.19
# how it was laid out: GPUs of a unit of prefill and of decode, each a group of attention with a share of all experts
PREFILL_GPUS: Final = 32
DECODE_GPUS: Final = 144
# of a step, a GPU: github.com/deepseek-ai/profile-data, said to be close to the online deployment
PREFILL_TOKENS: Final = 16_384
DECODE_REQUESTS: Final = 128
# exchange of a token with the experts of one layer, s, on H800: github.com/deepseek-ai/DeepEP. In prefill a token goes
# in fp8 to at most four nodes and comes back in bf16, at 44 and 47 GB/s (32 GPUs, README of February 2025); in decode
# 128 tokens a GPU go in 192 us and come back in 369 us (128 GPUs, docs/legacy.md)
HIDDEN: Final = 7168
PREFILL_EXCHANGE_S: Final = HIDDEN * (4 * 1 / 44e9 + 4 * 2 / 47e9)
DECODE_EXCHANGE_S: Final = (192e-6 + 369e-6) / 128
EXPERT_LAYERS: Final = 58  # all but the first three (DeepSeek-V3, section 4.2)
# an H100 with slower links; experts are exchanged over the network (DeepSeek-V3, arXiv 2412.19437, section 3.2.2)
H800: Final = GpuSettings(like="h100-sxm", link_gb_per_s=50.0, node_gpus=DECODE_GPUS,
                          source="DeepSeek-V3: InfiniBand 50 GB/s a GPU")

# as published
NODES: Final = 226.75  # in the mean; the 278 of the peak need the course of the day, which was not published
PREFILL_PER_NODE: Final = 73_700.0  # input tokens/s, those found in the cache included
DECODE_PER_NODE: Final = 14_800.0
COST_USD: Final = 87_072.0
HIT_SHARE: Final = 0.563
REVENUE_USD: Final = 562_027.0
MARGIN: Final = 5.45  # of cost

ARITHMETIC: Final = ("arithmetic",)
CASES: Final = ("E1", "own schedulers", "DeepSeek's exchange")


class Unit(NamedTuple):
    """GPUs that step together.

    Attributes
    ----------
    gpus
        How many.
    step
        Coefficients of E1.
    overlapped
        Whether tokens are exchanged while others are computed.
    """

    gpus: int
    step: StepCoefficients
    overlapped: bool

    def time_s(self, tokens: int, kv_tokens: int, pairs: float, decoding: int) -> float:
        """Time of a step, s."""
        step = self.step
        if not self.overlapped:
            return float(step_time(step, tokens, kv_tokens, pairs, decoding))
        around = step.base_s + step.sequence_s * decoding
        whole = float(step_time(step._replace(comm_token_s=0.0), tokens, kv_tokens, pairs, decoding))
        return around + max(whole - around, step.comm_token_s * tokens)


class Lengths(NamedTuple):
    """Mean tokens of a request, and the share of its prompt that is found in the cache."""

    prompt: float
    output: float
    hit: float


def lengths() -> Lengths:
    """Return the request that the day's tokens and its mean context imply: a prompt, and half of an answer."""
    ratio = INPUT_TOKENS / OUTPUT_TOKENS
    output = CONTEXT_TOKENS / (ratio + 0.5)
    return Lengths(ratio * output, output, HIT_TOKENS / INPUT_TOKENS)


def inputs() -> list[tuple[str, str]]:
    """Return what is taken from DeepSeek, and what follows from it at once."""
    prompt, output, hit = lengths()
    return [
        ("input tokens, those found in the cache", f"{INPUT_TOKENS / 1e9:.0f} B, {hit:.1%}"),
        ("output tokens", f"{OUTPUT_TOKENS / 1e9:.0f} B"),
        ("mean KV length of an output token", f"{number(CONTEXT_TOKENS)} tokens"),
        ("so a request has (prompt + answer / 2 is that length)",
         f"{number(prompt)} tokens of prompt, {number(output)} of answer"),
        ("speed", f"at least {TOKENS_PER_S:.0f} tokens/s a user (20 to 22 published)"),
        ("a unit of prefill", f"{PREFILL_GPUS} GPUs, {number(PREFILL_TOKENS)} tokens a GPU in a step"),
        ("a unit of decode", f"{DECODE_GPUS} GPUs, at most {DECODE_REQUESTS} requests a GPU"),
        ("price of a GPU", f"{GPU_USD_PER_HOUR:.0f} USD/h"),
        ("prices of a million tokens", f"{HIT_USD} in the cache, {MISS_USD} not, {OUTPUT_USD} of answers, USD"),
    ]


def arithmetic() -> list[Figure]:
    """Return the figures that follow from the other published ones without any model."""
    node_hours = (INPUT_TOKENS / PREFILL_PER_NODE + OUTPUT_TOKENS / DECODE_PER_NODE) / HOUR_S
    return [
        Figure("cost of the nodes", "USD/day", COST_USD, (_cost(NODES),)),
        Figure("revenue at those prices", "USD/day", REVENUE_USD, (_revenue(),)),
        Figure("profit over cost", "1", MARGIN, (REVENUE_USD / COST_USD - 1.0,)),
        Figure("share of input found in the cache", "1", HIT_SHARE, (HIT_TOKENS / INPUT_TOKENS,)),
        Figure("nodes, from tokens a node", "nodes", NODES, (node_hours / (DAY_S / HOUR_S),)),
    ]


def outcomes() -> list[Figure]:
    """Return the figures that step times decide, for each of ``CASES``."""
    done = [node_of(case) for case in CASES]
    nodes = [it.work_s(INPUT_TOKENS, OUTPUT_TOKENS) / DAY_S for it in done]
    usd = [[it.cost_usd_per_mtok(_node_usd(), 1.0, mix) for mix in (Mix(1.0, 0.0), Mix(0.0, 1.0))] for it in done]
    return [
        Figure("prefill, hits included", "tokens/s a node", PREFILL_PER_NODE, tuple(1.0 / it.prompt_s for it in done)),
        Figure("decode", "tokens/s a node", DECODE_PER_NODE, tuple(1.0 / it.output_s for it in done)),
        Figure("speed", "tokens/s a user", TOKENS_PER_S, tuple(1.0 / it.tpot_s for it in done)),
        Figure("nodes, mean", "nodes", NODES, tuple(nodes)),
        Figure("cost", "USD/day", COST_USD, tuple(_cost(it) for it in nodes)),
        Figure("cost of input, hits included", "USD/Mtok", _usd_per_mtok(PREFILL_PER_NODE), tuple(a for a, _ in usd)),
        Figure("cost of output", "USD/Mtok", _usd_per_mtok(DECODE_PER_NODE), tuple(b for _, b in usd)),
        Figure("profit over cost", "1", MARGIN, tuple(_revenue() / _cost(it) - 1.0 for it in nodes)),
    ]


def node_of(case: str) -> Capacity:
    """Return what a node gets done in one of ``CASES``: node-seconds of a prompt token and of an output token.

    Prompt tokens are all, those in the cache included; the batch is a GPU's.
    """
    batch, tpot_s = decode(unit(DECODE_GPUS, case))
    prompt_s = PREFILL_GPUS / NODE_GPUS / prefill(unit(PREFILL_GPUS, case))
    output_s = tpot_s / (batch * NODE_GPUS)
    request = lengths()
    return Capacity(batch, tpot_s, 1.0 / (request.prompt * prompt_s + request.output * output_s), prompt_s, output_s)


def prefill(it: Unit) -> float:
    """Return tokens a second of a unit of prefill whose steps are full, hits included.

    What is not in the cache is the end of a prompt: such a token sees (1 + hit)/2 of the prompt on average.
    """
    request = lengths()
    tokens = PREFILL_TOKENS * it.gpus
    whole = tokens / (1.0 - request.hit)
    return whole / it.time_s(tokens, round(whole), tokens * request.prompt * (1.0 + request.hit) / 2.0, 0)


def decode(it: Unit, speed_per_s: float = TOKENS_PER_S) -> tuple[int, float]:
    """Return the largest batch of a GPU that is fast enough and fits (at least 1), and the time of its steps."""
    request = lengths()
    room = kv_capacity_tokens(_deployment(it.gpus)) / it.gpus / (request.prompt + request.output)
    for batch in range(min(DECODE_REQUESTS, int(room)), 0, -1):
        requests = batch * it.gpus
        kv_tokens = round(requests * CONTEXT_TOKENS)
        tau = it.time_s(requests, kv_tokens, kv_tokens, requests)
        if tau <= 1.0 / speed_per_s:
            break
    return batch, tau


def unit(gpus: int, case: str) -> Unit:
    """Return a unit of prefill or decode in one of ``CASES``."""
    step = step_coefficients(_deployment(gpus), _gpu().constants(built_in()))
    if case != CASES[0]:
        step = step._replace(sequence_s=step.sequence_s / gpus)
    if case != CASES[2]:
        return Unit(gpus, step, overlapped=False)
    exchange_s = PREFILL_EXCHANGE_S if gpus == PREFILL_GPUS else DECODE_EXCHANGE_S
    return Unit(gpus, step._replace(comm_token_s=EXPERT_LAYERS * exchange_s / gpus), overlapped=True)


def _deployment(gpus: int) -> Deployment:
    return Deployment(_gpu(), MODELS["deepseek-r1"], "fp8", 1, None, gpus)


def _gpu() -> Gpu:
    return gpus_of({"h800": H800})["h800"]


def _node_usd() -> float:
    return NODE_GPUS * GPU_USD_PER_HOUR


def _cost(nodes: float) -> float:
    return nodes * _node_usd() * DAY_S / HOUR_S


def _usd_per_mtok(per_s: float) -> float:
    return _node_usd() / HOUR_S / per_s * TOKENS_PER_MTOK


def _revenue() -> float:
    misses = INPUT_TOKENS - HIT_TOKENS
    return (HIT_TOKENS * HIT_USD + misses * MISS_USD + OUTPUT_TOKENS * OUTPUT_USD) / TOKENS_PER_MTOK

"""The frontier of a host: what a token costs at each batch, and how long a user waits for one (E138)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from providers.cost.unit_cost import Shape, step_at
from providers.hardware.architectures import MODELS
from providers.hardware.calibration import built_in
from providers.hardware.gpus import GPUS
from providers.hardware.memory import kv_capacity_tokens
from providers.hardware.roofline import Deployment, step_coefficients
from sim.units import HOUR_S, TOKENS_PER_MTOK

if TYPE_CHECKING:
    from experiments.studies.rule_change.assumed import RuleChangeAssumptions

MAX_BATCH: Final = 256
STEP_TOKENS: Final = 8192  # of a step, prompts and answers


class Served(NamedTuple):
    """A model on GPUs of a kind."""

    gpu: str
    gpus: int
    weights: str


CASES: Final = {"llama-3.3-70b": Served("h100-sxm", 4, "fp8"), "deepseek-v3": Served("h200-sxm", 8, "fp8"),
                "gpt-oss-120b": Served("h100-sxm", 2, "fp4")}


class BatchFrontier(NamedTuple):
    """What a plain host can do, by batch from the smallest on; float64 (batches,) each.

    Attributes
    ----------
    batch
        Requests at once.
    step_s
        Time of a step, which is a user's time per output token.
    cost
        USD per million tokens of prompts and answers, at the planned utilisation.
    """

    batch: np.ndarray
    step_s: np.ndarray
    cost: np.ndarray


@cache
def frontier_of(model: str, shape: Shape, utilisation: float) -> BatchFrontier:
    """Return the frontier of a model on the GPUs of its case, from step times (E1) and unit costs.

    Parameters
    ----------
    model
        One of `CASES`.
    shape
        The mean request.
    utilisation
        Share of capacity that is used.
    """
    case = CASES[model]
    gpu = GPUS[case.gpu]
    weights = "fp4" if case.weights == "fp4" else "fp8"
    deployment = Deployment(gpu, MODELS[model], "fp8", case.gpus, weights)  # type: ignore[arg-type]
    step = step_coefficients(deployment, gpu.constants(built_in()))
    held = shape.held + deployment.sequence_overhead_tokens
    most = min(MAX_BATCH, kv_capacity_tokens(deployment) / held,
               STEP_TOKENS / (1.0 + (shape.prompt - shape.found) / shape.output))
    batch = np.arange(1, max(int(most), 1) + 1)
    step_s = np.array([step_at(step, int(number), shape, STEP_TOKENS) for number in batch])
    replica_s = step_s * shape.output / batch / (shape.prompt + shape.output)  # of a token
    usd = gpu.rent_usd_per_hour * deployment.gpus / HOUR_S
    return BatchFrontier(batch.astype(float), step_s, usd * replica_s * TOKENS_PER_MTOK / utilisation)


def usual_frontier(model: str, assumed: RuleChangeAssumptions) -> BatchFrontier:
    """Return the frontier of a model under the study's assumptions."""
    shape = Shape(assumed.prompt, assumed.output, assumed.cached * assumed.prompt)
    return frontier_of(model, shape, assumed.utilisation)


def best_batch(frontier: BatchFrontier, speed_cost: float) -> int:
    """Return the place of the batch at which cost and the rule's price of waiting are least together (E138).

    Where it is no end of the frontier, its slope -dc/dt there is what the rule charges for a second a token.

    Parameters
    ----------
    frontier
        What the host can do.
    speed_cost
        What the rule adds for a second a token, USD per million tokens.
    """
    return int(np.argmin(frontier.cost + speed_cost * frontier.step_s))


def slope_at(frontier: BatchFrontier, place: int) -> float:
    """Return -dc/dt of a frontier between the neighbours of a place, USD per million tokens for a second a token."""
    before, after = max(place - 1, 0), min(place + 1, len(frontier.batch) - 1)
    return float((frontier.cost[before] - frontier.cost[after]) / (frontier.step_s[after] - frontier.step_s[before]))


def price_of_a_second(assumed: RuleChangeAssumptions) -> float:
    """Return what the rule takes a second of a request's time to be worth, USD (E139).

    A second a token is added to what a million tokens of prompts and answers cost; only answers take that time.
    """
    tokens = assumed.prompt + assumed.output
    return assumed.speed_cost / TOKENS_PER_MTOK * tokens / assumed.output

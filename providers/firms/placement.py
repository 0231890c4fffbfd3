"""Which hardware a firm puts a model on, and how replicas share a pool.

*Choice of hardware.* In each pool: the first of the firm's precisions that the GPU computes in, and the smallest
tensor-parallel degree at which the weights fit, memory is left for a useful number of requests and a token is fast
enough; failing speed, the fastest degree that fits. The context is limited to what the cache can hold. Of several
pools the first in the firm's order, so that a second pool holds what the first cannot.

*Packing.* Replicas are placed in the order of the revenue that each adds per GPU, as long as GPUs are left: first
fit by marginal revenue. Values of an offer's replicas fall (the first earns what demand gives it, the next what is
left), so a later replica never goes before an earlier one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from providers.cost.unit_cost import Capacity, EngineSize, Shape, Spread, capacity
from providers.hardware.architectures import MODELS
from providers.hardware.architectures import Model as Architecture
from providers.hardware.calibration import built_in
from providers.hardware.derived_architectures import derived_model
from providers.hardware.gpus import GPUS, Gpu
from providers.hardware.memory import kv_capacity_tokens, valid_degrees
from providers.hardware.own_architectures import Sizes, checked, shaped_model
from providers.hardware.roofline import Deployment, step_coefficients
from sim.engines.steptime import StepCoefficients
from sim.errors import ScenarioError
from sim.market.models.model import Model
from sim.scenario.firm_settings import Firm, PoolSettings, Shelf

SIZES_AGREE: Final = 0.1  # parameters of a model and of the architecture that it names differ by less than this share


class Hardware(NamedTuple):
    """One replica of a model at a firm."""

    pool: int  # index into the firm's pools
    deployment: Deployment
    step: StepCoefficients
    size: EngineSize
    context_tokens: int
    prior: Shape  # the request for which it was chosen
    capacity: Capacity  # for that request

    @property
    def gpus(self) -> int:
        """GPUs of one replica."""
        return self.deployment.gpus

    @property
    def kv_tokens(self) -> int:
        """Tokens that the memory of one replica holds."""
        return self.size.kv_tokens


class Plan(NamedTuple):
    """For what a firm looks for hardware: by its terms, for requests as it expects them."""

    firm: Firm
    shelf: Shelf
    request: Shape


class Want(NamedTuple):
    """What an offer could use of a pool."""

    gpus: int  # of one replica
    current: int  # replicas it has
    most: int
    replicas: float  # that its demand fills at the planned utilisation
    revenue: float  # expected, USD per day, without what goes to the model's creator


class Rules(NamedTuple):
    """Rules of packing, as in ``sim.scenario.firm_settings.Autoscaling``."""

    slack: float
    stickiness: float
    least: int


def architecture_of(model: Model) -> Architecture:
    """Architecture of a model of the market: of the shape that is given, a known one, else derived from its sizes.

    Raises
    ------
    ScenarioError
        If the model names an architecture that is unknown or of other sizes, or its sizes do not go with its experts.
    """
    if model.shape is not None:
        return shaped_model(model.name, Sizes(model.total_b, model.active_b, model.context_tokens), model.shape)
    if not model.architecture:
        return checked(derived_model(model.name, model.total_b, model.active_b, model.context_tokens))
    if model.architecture not in MODELS:
        raise ScenarioError(f"model {model.name!r} has the architecture {model.architecture!r}, which is unknown; "
                            f"allowed are {', '.join(MODELS)}, or none to derive one from its sizes")
    known = MODELS[model.architecture]
    if abs(model.total_b * 1e9 / known.total_params - 1) > SIZES_AGREE:
        raise ScenarioError(f"model {model.name!r} has the architecture {model.architecture!r}, which has "
                            f"{known.total_params / 1e9:g} billion parameters, but its total_b is {model.total_b:g}")
    return known


def choose_hardware(
    model: Model, firm: Firm, shelf: Shelf, gpus: Mapping[str, Gpu] = GPUS
) -> Hardware | None:
    """Replica of a model in the first of the firm's pools where it fits, of GPU types by name; None if nowhere."""
    architecture = architecture_of(model)
    context = min(model.context_tokens, firm.limits.context_tokens)
    plan = Plan(firm, shelf, prior_shape(model, firm, shelf))
    for index in range(len(firm.pools)):
        found = _in_pool(architecture, index, plan, context, gpus[firm.pools[index].gpu])
        if found is not None:
            return found
    return None


def prior_shape(model: Model, firm: Firm, shelf: Shelf) -> Shape:
    """The request that a firm expects of a model of which nothing was served: answers as long as the model is wordy."""
    found = shelf.prompt_tokens * shelf.cached_share if firm.engine.saves_prefixes else 0.0
    return Shape(shelf.prompt_tokens, shelf.output_tokens * model.verbosity, found,
                 Spread.lognormal(shelf.length_sigma))


def _in_pool(architecture: Architecture, index: int, plan: Plan, longest: int, gpu: Gpu) -> Hardware | None:
    """Smallest replica that is useful and fast; else the fastest that is useful; ``longest`` context in tokens."""
    settings = plan.firm.pools[index]
    best: Hardware | None = None
    for precision in (p for p in settings.precisions if p in gpu.precisions):
        for tp in _degrees(gpu, architecture, settings):
            found = _replica(index, Deployment(gpu, architecture, precision, tp), plan, longest)
            if found is None:
                continue
            if found.capacity.tpot_s <= plan.shelf.tpot_s:
                return found
            if best is None or found.capacity.tpot_s < best.capacity.tpot_s:
                best = found
    return best


def _degrees(gpu: Gpu, architecture: Architecture, settings: PoolSettings) -> list[int]:
    """Powers of two that the model allows and the pool holds."""
    return [tp for tp in valid_degrees(gpu, architecture) if tp & (tp - 1) == 0 and tp <= settings.count]


def _replica(index: int, deployment: Deployment, plan: Plan, longest: int) -> Hardware | None:
    firm, shelf, request = plan
    kv_tokens, overhead = kv_capacity_tokens(deployment), deployment.sequence_overhead_tokens
    useful = shelf.concurrency * (request.prompt + request.output + overhead)
    if kv_tokens < useful:
        return None
    step = step_coefficients(deployment, deployment.gpu.constants(built_in()))
    size = EngineSize(kv_tokens, overhead, firm.engine.max_batch, firm.engine.max_step_tokens)
    able = capacity(step, size, request, shelf.tpot_s)
    return Hardware(index, deployment, step, size, min(longest, kv_tokens - overhead), request, able)


def marginal_value(want: Want, number: int, rules: Rules) -> float:
    """Revenue per GPU, USD per day, that replica ``number`` (from 1) of an offer adds; 0 if it is not wanted.

    Demand for ``n`` replicas fills the first ``floor(n)`` and a part of the next. The replicas that an offer must
    have at least share one value; a replica that it already has is kept while demand is at most ``slack`` below it,
    and counts ``stickiness`` more.
    """
    held = number <= want.current
    if number <= rules.least:
        share = min(1.0, rules.least / max(want.replicas, 1e-12)) / rules.least
    else:
        filled = min(want.replicas, number) - (number - 1)
        if filled <= (-rules.slack if held else 0.0):
            return 0.0
        share = max(filled, rules.slack * 1e-3) / max(want.replicas, number - 1)
    value = want.revenue * share / want.gpus
    return value * (1.0 + rules.stickiness) if held else value


def pack(gpus: int, wants: Sequence[Want], rules: Rules, floor: float = 0.0) -> list[int]:
    """Replicas of each offer in a pool, by first fit in the order of marginal revenue per GPU.

    Parameters
    ----------
    gpus
        GPUs to share out; the replicas never take more.
    wants
        The offers; one with no expected revenue gets nothing.
    rules
        Rules of packing.
    floor
        Replicas that add less than this, USD per GPU and day, are not placed.

    Returns
    -------
    list of int
        Replicas by offer: 0, or between ``rules.least`` and its ``most``.
    """
    queue = sorted(
        (-value, offer, first, last)
        for offer, want in enumerate(wants)
        for first, last, value in _worth_placing(want, rules, floor)
    )
    placed, left = [0] * len(wants), gpus
    for _, offer, first, last in queue:
        block = rules.least if first == rules.least else 1  # the first replicas come together
        if placed[offer] == first - block:
            fit = min(last - first + 1, left // (block * wants[offer].gpus))
            placed[offer] += fit * block
            left -= fit * block * wants[offer].gpus
    return placed


def _worth_placing(want: Want, rules: Rules, floor: float) -> Iterator[tuple[int, int, float]]:
    """Runs of an offer's replicas that add the same: first and last number, and the marginal value of each.

    They end before the first replica that nobody wants or that adds too little: no later one adds more.
    """
    filled = int(min(want.replicas, want.most))  # whole ones, which are alike but for whether they are held
    first = rules.least
    while first <= want.most:
        value = marginal_value(want, first, rules)
        if value <= 0.0 or value < floor:
            return
        alike = min(want.current, filled) if first <= want.current else filled
        last = alike if rules.least < first <= filled else first
        yield first, last, value
        first = last + 1

"""From a scenario's providers to the offers of the market, hardware resolved to numbers."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import NamedTuple, TypeVar, cast

from providers.hardware.architectures import Model
from providers.hardware.calibration import Calibration, built_in, calibration_of
from providers.hardware.gpus import Gpu
from providers.hardware.kv_links import carriage_of
from providers.hardware.memory import check_fit, kv_capacity_tokens
from providers.hardware.own_architectures import architectures_of
from providers.hardware.own_gpus import gpus_of
from providers.hardware.roofline import Deployment, step_coefficients
from providers.hardware.speculation import speculative
from providers.price_schedules import later_schedules, schedule_of
from providers.shared_columns import engine_columns, fault_columns, limit_columns
from sim.engines.service_tiers import SERVICE_TIERS
from sim.engines.steptime import StepCoefficients
from sim.engines.world import BALANCERS, OfferSpec
from sim.errors import ScenarioError
from sim.scenario import AffineServing, Faults, Offer, Provider, RooflineServing, TrafficScenario

Row = TypeVar("Row")


class _Known(NamedTuple):
    """The hardware and the models that a scenario may name, built-in ones and its own, and what engines reach."""

    gpus: Mapping[str, Gpu]
    models: Mapping[str, Model]
    calibration: Calibration


class _Replica(NamedTuple):
    """What serving comes to for one replica."""

    step: StepCoefficients
    kv_tokens: int
    overhead_tokens: int
    context_tokens: int
    gpus: int
    rent: float
    request_s: float
    kv_bytes: float  # of a token


def build_offers(scenario: TrafficScenario) -> list[OfferSpec]:
    """Resolve every offer of a scenario, in the scenario's order.

    Parameters
    ----------
    scenario
        The scenario; its offers may name built-in GPUs and models, and those of its own tables.

    Returns
    -------
    list of OfferSpec
        One row an offer. The context is capped by the model's native one (roofline serving).

    Raises
    ------
    ScenarioError
        If a GPU or model is unknown or the model does not fit; the sentence names the field.
    """
    known = _Known(gpus_of(scenario.gpus), architectures_of(scenario.models), calibration_of(scenario.calibration))
    return [
        _offer_spec(provider_name, provider, offer_name, known)
        for provider_name, provider in scenario.providers.items()
        for offer_name in provider.offers
    ]


def deployment_of(scenario: TrafficScenario, offer: OfferSpec) -> Deployment | None:
    """Return what a replica of an offer is made of; None of an abstract server.

    Parameters
    ----------
    scenario
        The scenario that the offer was built from.
    offer
        One of `build_offers`.
    """
    serving = scenario.providers[offer.provider].offers[offer.pool or offer.name].serving
    if not isinstance(serving, RooflineServing):
        return None
    return Deployment(gpus_of(scenario.gpus)[serving.gpu], architectures_of(scenario.models)[offer.model],
                      serving.precision, serving.tp, serving.weights, serving.attention_dp)


def _offer_spec(provider_name: str, firm: Provider, offer_name: str, known: _Known) -> OfferSpec:
    spec = firm.offers[offer_name]
    path = f"providers.{provider_name}.offers.{offer_name}"
    host = spec if spec.pool is None else firm.offers[spec.pool]  # whose replicas serve it
    replicas = 0 if spec.pool is not None else spec.replicas  # counted once, at their host
    replica = _affine(spec, host.serving) if isinstance(host.serving, AffineServing) else (
        _roofline(spec, cast(RooflineServing, host.serving), path, known))
    faults: Faults = host.faults or firm.faults
    return OfferSpec(
        provider=provider_name,
        name=offer_name,
        model=spec.model,
        region=host.region or firm.region,
        replicas=replicas,
        balancer=BALANCERS.index(host.balancer),
        kv_capacity_tokens=replica.kv_tokens,
        seq_overhead_tokens=replica.overhead_tokens,
        step=replica.step,
        price=schedule_of(spec.price),
        context_tokens=replica.context_tokens,
        gpus=replica.gpus * replicas,
        gpu_usd_per_hour=replica.rent,
        request_s=replica.request_s,
        later_prices=later_schedules(spec.price),
        tier=SERVICE_TIERS.index(spec.service_tier),
        pool=spec.pool or "",
        split=carriage_of(spec.engine.split, replica.kv_bytes, replica.gpus),  # an offer in a pool has none
        quantization=host.serving.precision if isinstance(host.serving, RooflineServing) else "unknown",
        **engine_columns(host.engine),
        **limit_columns(spec.limits),
        **fault_columns(faults),
    )


def _affine(offer: Offer, serving: AffineServing) -> _Replica:
    """Abstract server: the token term rides on communication, so that it adds to the KV term."""
    step = StepCoefficients(
        base_s=serving.base_s, weights_s=0.0, experts_s=0.0, miss_log=0.0, kv_s=serving.per_kv_token_s,
        token_s=0.0, pair_s=0.0, comm_token_s=serving.per_token_s, sequence_s=serving.per_sequence_s,
    )
    return _Replica(step, serving.kv_tokens, 0, offer.limits.context_tokens, 0, 0.0, serving.request_s, 0.0)


def _roofline(offer: Offer, serving: RooflineServing, path: str, known: _Known) -> _Replica:
    gpu = _look_up(known.gpus, serving.gpu, f"{path}.serving.gpu")
    model = _look_up(known.models, offer.model, f"{path}.model")
    deployment = Deployment(gpu, model, serving.precision, serving.tp, serving.weights, serving.attention_dp)
    context = min(offer.limits.context_tokens, model.context_tokens)
    check_fit(deployment, context, path)
    if serving.framework is not None:  # measured somewhere: what is misspelt would hold on no GPU
        names = sorted({*known.calibration.frameworks, *built_in().frameworks})
        _look_up(dict.fromkeys(names), serving.framework, f"{path}.serving.framework")
    constants = gpu.constants(known.calibration, serving.framework)
    step = step_coefficients(deployment, constants)
    return _Replica(
        step if serving.speculation is None else speculative(step, serving.speculation),
        kv_capacity_tokens(deployment), deployment.sequence_overhead_tokens,
        context, deployment.gpus, gpu.rent_usd_per_hour, constants.request_s, deployment.kv_bytes_per_token,
    )


def _look_up(table: Mapping[str, Row], name: str, path: str) -> Row:
    if name in table:
        return table[name]
    raise ScenarioError(
        f"{path} is {name!r}, which is unknown{_hint(name, table)}; allowed are {', '.join(table)}"
    )


def _hint(name: str, known: Iterable[str]) -> str:
    """Suggest near names: those that begin alike (``h100`` for ``h100-sxm``), then those spelt alike."""
    names = list(known)
    wanted = name.lower()
    near = [n for n in names if n.startswith(wanted)] or get_close_matches(wanted, names, n=3)
    return f" (did you mean {' or '.join(near)}?)" if near else ""

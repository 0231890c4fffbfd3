"""How much a deployment can serve, to first order: what makes loads of different scenarios comparable."""

from collections.abc import Mapping
from typing import NamedTuple

from sim.engines.steptime import step_time
from sim.engines.world import OfferSpec
from sim.scenario import ClientClass, TrafficScenario


class Shape(NamedTuple):
    """Mean lengths of a request, tokens."""

    prompt: float
    output: float


def offer_capacity_per_s(offer: OfferSpec, shape: Shape) -> float:
    """Return the requests per second at which every replica of an offer is always busy with full batches.

    All requests are taken to have the mean lengths. A batch of B requests is then replaced every ``output``
    decode steps, each of which also computes ``B * prompt / output`` tokens of prefill; if that exceeds the
    step's token budget, the tokens take as many full steps as they fill. B is ``max_batch`` or what KV memory
    holds of requests in mid-life, whichever is less. Faults and rate limits are not counted. Where prefill and decode
    have replicas of their own, the ones that serve less decide; their links are not counted.
    """
    if offer.split.prefill > 0:
        return min(_prefill_per_s(offer, shape), _decode_per_s(offer, shape))
    held = held_tokens(offer, shape)
    batch = max(1.0, min(offer.max_batch, offer.kv_capacity_tokens / held))
    tokens = batch * (shape.prompt + shape.output)
    steps = max(shape.output, tokens / offer.max_step_tokens)
    pairs = tokens / steps * (shape.prompt + shape.output) / 2
    duration = step_time(offer.step, int(max(1, tokens / steps)), int(batch * held), float(pairs),
                         int(batch))
    return offer.replicas * batch / (steps * duration)


def _prefill_per_s(offer: OfferSpec, shape: Shape) -> float:
    """Requests per second of the replicas that only prefill, in full steps."""
    batch = max(1.0, min(offer.max_batch, offer.kv_capacity_tokens / (shape.prompt + offer.seq_overhead_tokens)))
    tokens = min(offer.max_step_tokens, batch * shape.prompt)
    pairs = tokens * shape.prompt / 2
    return offer.split.prefill * tokens / shape.prompt / step_time(offer.step, int(tokens), int(tokens), pairs, 0)


def _decode_per_s(offer: OfferSpec, shape: Shape) -> float:
    """Requests per second of the replicas that decode, whose steps are full batches; the first token is no step."""
    held = held_tokens(offer, shape)
    batch = max(1.0, min(offer.max_batch, offer.kv_capacity_tokens / held))
    steps = max(1.0, shape.output - 1)
    duration = step_time(offer.step, int(batch), int(batch * held), batch * held, int(batch))
    return (offer.replicas - offer.split.prefill) * batch / (steps * duration)


def held_tokens(offer: OfferSpec, shape: Shape) -> float:
    """Return the KV memory that a request of the mean lengths holds in mid-life, tokens."""
    return shape.prompt + shape.output / 2 + offer.seq_overhead_tokens


def class_rate_per_s(demand: ClientClass) -> float:
    """Return the mean request rate of a class at load 1.

    Raises
    ------
    ValueError
        If the class replays a trace at the file's own rate, or its arrivals are closed: then it has none before a run.
    """
    rate = demand.arrivals.rate_per_s
    if rate is None:
        raise ValueError("the rate of a trace without rate_per_s is in its file, that of closed arrivals in a run")
    return rate


def utilisation(scenario: TrafficScenario, offers: list[OfferSpec]) -> dict[str, float]:
    """Return, for each model with demand of known rate, offered work over the capacity of its offers.

    The work of a class is its rate over the capacity for requests of its mean lengths (limits on lengths are
    not counted), so that classes of one model add up.
    """
    used: dict[str, float] = {}
    for demand in scenario.demand.values():
        if demand.arrivals.rate_per_s is None:
            continue
        shape = Shape(demand.mean_prompt, demand.output_tokens.mean)
        capacity = model_capacity_per_s(offers, demand.model, shape)
        used[demand.model] = used.get(demand.model, 0.0) + class_rate_per_s(demand) / capacity
    return {model: share * scenario.traffic.load for model, share in used.items()}


def model_capacity_per_s(offers: list[OfferSpec], model: str, shape: Shape) -> float:
    """Return the capacity of all offers of a model together, requests per second."""
    return sum(offer_capacity_per_s(offer, shape) for offer in offers if offer.model == model)


def busiest_model(used: Mapping[str, float], scenario: TrafficScenario) -> str:
    """Return the model that is asked most often among those with demand; ties go to the first."""
    rates = dict.fromkeys(used, 0.0)
    for demand in scenario.demand.values():
        if demand.arrivals.rate_per_s is not None:
            rates[demand.model] += class_rate_per_s(demand)
    return max(rates, key=lambda model: rates[model])

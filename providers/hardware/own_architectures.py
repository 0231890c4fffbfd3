"""The architectures of a scenario: the built-in ones, changed and joined by those of its ``[models.NAME]`` tables."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from providers.hardware.architectures import MODELS, Attention, Model
from providers.hardware.derived_architectures import derived_model
from providers.hardware.like import base_of, refuse_lacking
from sim.errors import ScenarioError
from sim.scenario.own_models import Shape, Weights

NEEDED: Final = ("total_b", "context_tokens")  # of a model that is not built in


class Sizes(NamedTuple):
    """Parameters in all and per token, billions, and the longest context, tokens."""

    total_b: float
    active_b: float
    context_tokens: int


def architectures_of(own: Mapping[str, Weights]) -> dict[str, Model]:
    """Return all architectures of a scenario of traffic by name, the built-in ones first.

    Parameters
    ----------
    own
        Its ``models``: of a built-in name, or ``like`` a built-in one, what is given replaces that one's values.

    Raises
    ------
    ScenarioError
        If ``like`` names no built-in model, a new one lacks values, or its sizes contradict each other.
    """
    return {**MODELS, **{name: _architecture(name, weights) for name, weights in own.items()}}


def shaped_model(name: str, sizes: Sizes, shape: Shape) -> Model:
    """Return the architecture of a model whose layers and heads are given.

    Raises
    ------
    ScenarioError
        If the experts that a token visits would hold more than its active parameters.
    """
    attention = Attention(
        layers=shape.layers - shape.window_layers - shape.linear_layers, heads=shape.heads, kv_heads=shape.kv_heads,
        key_dim=shape.key_dim, value_dim=shape.value_dim, latent=shape.latent, window_layers=shape.window_layers,
        window_tokens=shape.window_tokens, state_elements=shape.state_elements)
    model = Model(name, shape.layers, shape.hidden, attention, sizes.total_b * 1e9, sizes.active_b * 1e9,
                  sizes.context_tokens, shape.experts, shape.top_k)
    return checked(model)


def checked(model: Model) -> Model:
    """Return a model whose parameters are what its experts say.

    Raises
    ------
    ScenarioError
        If the experts that a token visits would hold more than its active parameters, or some are inactive without
        experts.
    """
    if model.experts and model.active_params * model.experts < model.total_params * model.top_k:
        least = model.total_params * model.top_k / model.experts / 1e9
        raise ScenarioError(f"models.{model.name}.active_b is {model.active_params / 1e9:g}, but a token visits "
                            f"{model.top_k} of {model.experts} experts, so it must be at least {least:g}")
    if not model.experts and model.active_params != model.total_params:
        raise ScenarioError(f"models.{model.name}.active_b is {model.active_params / 1e9:g}, but the model has no "
                            f"experts, so it must be total_b, which is {model.total_params / 1e9:g}")
    return model


def _architecture(name: str, weights: Weights) -> Model:
    known = MODELS.get(base_of(f"models.{name}", weights.like, MODELS, "model"))
    sizes = _sizes(name, weights, known)
    if weights.shape is not None:
        return shaped_model(name, sizes, weights.shape)
    if known is not None and weights.total_b is None and weights.active_b is None:
        return replace(known, name=name, context_tokens=sizes.context_tokens)
    return checked(derived_model(name, *sizes))


def _sizes(name: str, weights: Weights, known: Model | None) -> Sizes:
    missing = [] if known else [field for field in NEEDED if getattr(weights, field) is None]
    refuse_lacking(f"models.{name}", missing, MODELS, "model")
    total = weights.total_b or (known.total_params / 1e9 if known else 0.0)
    # a size that is given alone makes a model of its own: dense, unless it says how much of it is active
    active = weights.active_b or (known.active_params / 1e9 if known and weights.total_b is None else total)
    if active > total:
        raise ScenarioError(f"models.{name}.active_b is {active:g}, but must be at most total_b, which is {total:g}")
    return Sizes(total, active, weights.context_tokens or (known.context_tokens if known else 0))

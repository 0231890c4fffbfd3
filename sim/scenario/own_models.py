"""Models of a scenario's own: what hardware must know of them, and what a market knows besides."""

from typing import Any

from pydantic import Field, model_validator

from sim.scenario.base import Day, Name, Part, given, quantity
from sim.scenario.price_settings import on_grid
from sim.units import PICO_PER_USD_PER_MTOK


def _quality(task: str) -> Any:
    return quantity(None, unit="1", doc=f"Quality of {task}", ge=0, le=1, source="the user's")


class Shape(Part):
    """Layers and heads of a model, where they are known; else they are derived from its sizes."""

    layers: int = quantity(unit="layers", doc="Layers", ge=1, le=10_000)
    hidden: int = quantity(unit="1", doc="Width of the residual stream", ge=1, le=10_000_000)
    heads: int = quantity(unit="heads", doc="Query heads", ge=1, le=100_000)
    kv_heads: int = quantity(unit="heads", doc="Heads of keys and values that they share (GQA)", ge=1, le=100_000)
    key_dim: int = quantity(128, unit="1", doc="Width of a head's keys", ge=1, le=1_000_000,
                            source="Llama 3, Qwen3")
    value_dim: int = quantity(128, unit="1", doc="Width of a head's values", ge=1, le=1_000_000,
                              source="Llama 3, Qwen3")
    latent: int = quantity(0, unit="elements", doc="Elements that latent attention caches per token and layer instead "
                           "of keys and values; 0 without it", ge=0, le=1_000_000)
    window_layers: int = quantity(0, unit="layers", doc="Layers of sliding-window attention", ge=0, le=10_000)
    window_tokens: int = quantity(0, unit="tokens", doc="Width of their window", ge=0, le=2_000_000_000)
    linear_layers: int = quantity(0, unit="layers", doc="Layers of linear attention, whose cache does not grow", ge=0,
                                  le=10_000)
    state_elements: int = quantity(0, unit="elements", doc="State of linear attention of a sequence, over all layers, "
                                   "in fp32", ge=0, le=10**12)
    experts: int = quantity(0, unit="experts", doc="Routed experts of a mixture; 0 if dense", ge=0, le=1_000_000)
    top_k: int = quantity(0, unit="experts", doc="Routed experts that a token visits", ge=0, le=1_000_000)

    @model_validator(mode="after")
    def _consistent(self) -> "Shape":
        if self.heads % self.kv_heads:
            raise ValueError(f"heads ({self.heads}) must be a multiple of kv_heads ({self.kv_heads})")
        if self.window_layers + self.linear_layers >= self.layers:
            raise ValueError(f"window_layers ({self.window_layers}) and linear_layers ({self.linear_layers}) must be "
                             f"fewer than layers ({self.layers}): at least one attends to all")
        if bool(self.window_layers) != bool(self.window_tokens):
            raise ValueError(f"window_layers is {self.window_layers} and window_tokens {self.window_tokens}; both or "
                             "neither must be 0")
        if (self.experts or self.top_k) and not 1 <= self.top_k < self.experts:
            raise ValueError(f"top_k ({self.top_k}) must be at least 1 and less than experts ({self.experts}), or both "
                             "must be 0")
        return self


class Weights(Part):
    """A model as hardware sees it: every field that is given replaces that of the model it is ``like``."""

    like: Name | None = Field(None, description="Built-in model whose values hold where none is given; none takes the "
                              "built-in one of the same name")
    total_b: float | None = quantity(None, unit="billion parameters", doc="Parameters in all", ge=1e-3, le=1e6,
                                     source="the user's")
    active_b: float | None = quantity(None, unit="billion parameters", doc="Parameters that one token passes; none: "
                                      "all of them, in a model of its own", ge=1e-3, le=1e6, source="the user's")
    context_tokens: int | None = quantity(None, unit="tokens", doc="Longest prompt plus output", ge=1,
                                          le=1_000_000_000, source="the user's")
    shape: Shape | None = Field(None, description="Layers and heads; none: those of the model that it is like, unless "
                                "its sizes are other ones, and else derived from its sizes")
    source: str = Field("", description="Where the values come from")

    @model_validator(mode="after")
    def _says_something(self) -> "Weights":
        if not given(self).keys() - {"source"}:
            raise ValueError("no value is given; give what differs from the built-in model, or all of a new one")
        return self


class Quality(Part):
    """How well a model does each task of the market, 0 to 1."""

    chat: float | None = _quality("chat")
    coding: float | None = _quality("coding")
    reasoning: float | None = _quality("reasoning")
    roleplay: float | None = _quality("roleplay")
    extraction: float | None = _quality("extraction")


class MarketModel(Weights):
    """A model of a market: every field that is given replaces that of the catalogue's model it is ``like``."""

    creator: Name | None = Field(None, description="Creator: the firm that may sell it if it is closed")
    family: Name | None = Field(None, description="Family, whose models succeed each other; none: its name, in a model "
                                "of its own")
    open: bool | None = Field(None, description="Whether anybody may serve the weights; none: yes, in a model of its "
                              "own")
    released: Day | None = Field(None, description="Day of release, ISO date")
    quality: Quality | None = Field(None, description="Quality by task")
    verbosity: float | None = quantity(
        None, unit="1", doc="Output tokens where the reference model needs one; none: 1, in a model of its own",
        ge=0.01, le=100, source="the user's")
    list_in_usd: float | None = quantity(None, unit="USD/Mtok", doc="Creator's list price of input at release", ge=0,
                                         le=100_000, source="the user's")
    list_out_usd: float | None = quantity(None, unit="USD/Mtok", doc="Creator's list price of output at release", ge=0,
                                          le=100_000, source="the user's")
    architecture: Name | None = Field(None, description="Known architecture with its sizes, as listed by `tokenmarket "
                                      "list models`; none: see `shape`")

    @model_validator(mode="after")
    def _one_architecture(self) -> "MarketModel":
        if self.architecture is not None and self.shape is not None:
            raise ValueError("architecture and shape are both given; give one of them")
        return self

    @model_validator(mode="after")
    def _prices_on_grid(self) -> "MarketModel":
        for name in ("list_in_usd", "list_out_usd"):
            on_grid(name, getattr(self, name) or 0.0, PICO_PER_USD_PER_MTOK)
        return self

"""What customers ask for of the offers that may serve them: OpenRouter's `provider` object (docs/semantics.md, 2)."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from sim.scenario.base import ModelName, Part, quantity
from sim.spelling import near

SOURCE = "OpenRouter, provider routing: none is asked for unless a request does"
PERCENTILES = ("p50", "p75", "p90", "p99")
SORT_OF_VARIANT = {"floor": "price", "nitro": "throughput"}
NAME_LISTS = ("order", "only", "ignore", "own_keys")

Quantization = Literal[
    "int4", "int8", "fp4", "mxfp4", "nvfp4", "fp6", "fp8", "mxfp8", "fp16", "bf16", "fp32", "unknown"
]


def _median(value: Any) -> Any:
    """Read a bare number as the limit of the median, as OpenRouter does."""
    return {"p50": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


class LatencyLimits(Part):
    """Wanted times to first token, by percentile of the last five minutes."""

    p50: float | None = quantity(None, unit="s", doc="Half of the requests wait at most so long", gt=0, source=SOURCE)
    p75: float | None = quantity(None, unit="s", doc="75% wait at most so long", gt=0, source=SOURCE)
    p90: float | None = quantity(None, unit="s", doc="90% wait at most so long", gt=0, source=SOURCE)
    p99: float | None = quantity(None, unit="s", doc="99% wait at most so long", gt=0, source=SOURCE)


class ThroughputLimits(Part):
    """Wanted throughputs, by percentile of the last five minutes."""

    p50: float | None = quantity(None, unit="tokens/s", doc="Half of the requests reach it", gt=0, source=SOURCE)
    p75: float | None = quantity(None, unit="tokens/s", doc="75% reach it", gt=0, source=SOURCE)
    p90: float | None = quantity(None, unit="tokens/s", doc="90% reach it", gt=0, source=SOURCE)
    p99: float | None = quantity(None, unit="tokens/s", doc="99% reach it", gt=0, source=SOURCE)


class MaxPrice(Part):
    """Dearest posted prices that are accepted, after the discount."""

    prompt: float | None = quantity(None, unit="USD/Mtok", doc="Base price of input at most", ge=0, source=SOURCE)
    completion: float | None = quantity(None, unit="USD/Mtok", doc="Base price of output at most", ge=0, source=SOURCE)
    request: float | None = quantity(None, unit="USD", doc="Price of a request at most", ge=0, source=SOURCE)


class Preferences(Part):
    """Which offers may serve requests, and in which order they are tried.

    A class says it field by field: what it leaves out is as its router has it.
    """

    order: tuple[ModelName, ...] | None = Field(
        None, description="Providers, or offers as `provider/offer`, that are tried in this order before all others "
        f"(source: {SOURCE})")
    only: tuple[ModelName, ...] | None = Field(
        None, description=f"The only providers or offers that may serve a request (source: {SOURCE})")
    ignore: tuple[ModelName, ...] | None = Field(
        None, description=f"Providers or offers that may not (source: {SOURCE})")
    allow_fallbacks: bool | None = Field(
        None, description="Whether others may serve a request when those of `order` cannot; without `order` and "
        "`only`, whether any but the first chosen offer may; none: they may (source: OpenRouter, provider routing: "
        "true)")
    quantizations: tuple[Quantization, ...] | None = Field(
        None, description="Quantizations that are accepted: the precision of an offer's serving, or `unknown` of an "
        f"abstract server (source: {SOURCE})")
    max_price: MaxPrice | None = Field(None, description="Dearest prices that are accepted")
    sort: Literal["none", "price", "throughput", "latency"] | None = Field(
        None, description="Offers are tried one by one: the cheapest for the request first, or by the median "
        f"throughput or time to first token of the last five minutes (source: {SOURCE})")
    partition: Literal["model", "none"] | None = Field(
        None, description="`none`: offers of a class's model and of its `fallback_models` are sorted together, and a "
        "request goes to the model whose offer is first; none: one model after the other, as with `model`. `sort` may "
        "also be written as a table of `by` and `partition` (source: OpenRouter, provider routing: model)")
    variant: Literal["floor", "nitro"] | None = Field(
        None, description="Suffix of the model's name: `floor` sorts by price, `nitro` by throughput "
        f"(source: {SOURCE})")
    preferred_max_latency: Annotated[LatencyLimits | None, BeforeValidator(_median)] = Field(
        None, description="Wanted times to first token; offers that miss one go to the end, a number is the median's")
    preferred_min_throughput: Annotated[ThroughputLimits | None, BeforeValidator(_median)] = Field(
        None, description="Wanted throughputs; offers that miss one go to the end, a number is the median's")
    own_keys: tuple[ModelName, ...] | None = Field(
        None, description="Providers or offers for which the customer has a key of its own: they are tried first, and "
        "bill the customer themselves (source: OpenRouter, BYOK: off)")
    shared_capacity: bool | None = Field(
        None, description="Whether an offer for which there is an own key may also be used with the router's, once the "
        "own key has failed; none: it may (source: OpenRouter, BYOK: `use shared capacity` by default)")

    @model_validator(mode="before")
    @classmethod
    def _sort_as_a_table(cls, told: Any) -> Any:
        """Read `sort` with `by` and `partition`, as OpenRouter's requests have it."""
        if not isinstance(told, Mapping) or not isinstance(told.get("sort"), Mapping):
            return told
        table = told["sort"]
        if not {"by"} <= table.keys() <= {"by", "partition"} or "partition" in told:
            raise ValueError(f"sort is {dict(table)}; a table has `by` and perhaps `partition`, and then no partition "
                             "stands beside it")
        return {**told, "sort": table["by"], "partition": table.get("partition")}

    @model_validator(mode="after")
    def _one_way_to_sort(self) -> "Preferences":
        if self.variant is not None and self.sort not in (None, SORT_OF_VARIANT[self.variant]):
            raise ValueError(f"sort is {self.sort!r}, but variant {self.variant!r} sorts by "
                             f"{SORT_OF_VARIANT[self.variant]}; leave one of them out")
        return self

    @model_validator(mode="after")
    def _no_name_twice(self) -> "Preferences":
        for field in NAME_LISTS:
            names = getattr(self, field) or ()
            twice = [name for place, name in enumerate(names) if name in names[:place]]
            if twice:
                raise ValueError(f"{field} is {list(names)}; none may stand twice, but {twice[0]!r} does")
        return self

    @property
    def sorts_by(self) -> str:
        """``none``, or what offers are sorted by."""
        return SORT_OF_VARIANT[self.variant] if self.variant is not None else self.sort or "none"

    @property
    def sorts_together(self) -> bool:
        """Whether offers of several models are sorted together."""
        return self.partition == "none" and self.sorts_by != "none"

    def over(self, general: "Preferences") -> "Preferences":
        """These preferences, and those of ``general`` where they say nothing; whoever sorts says how whole."""
        own = {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}
        theirs = {name: getattr(general, name) for name in type(self).model_fields}
        if "sort" in own or "variant" in own:
            theirs.update(sort=None, variant=None, partition=None)
        return self.model_copy(update={**theirs, **own})

    def check_names(self, path: str, offers: Mapping[str, Collection[str] | None]) -> None:
        """Refuse names of providers and offers that do not exist.

        Parameters
        ----------
        path
            Where these preferences stand.
        offers
            Names of the offers of each provider; None if they are not known beforehand.

        Raises
        ------
        ValueError
            Naming field, value and what is allowed.
        """
        for field, name in self._names():
            provider, slash, offer = name.partition("/")
            if provider not in offers:
                raise ValueError(f"{path}.{field} has {name!r}, which is no provider{near(provider, offers)}")
            known = offers[provider]
            if slash and known is not None and offer not in known:
                raise ValueError(f"{path}.{field} has {name!r}, but {provider} has no such offer{near(offer, known)}")

    def _names(self) -> Iterator[tuple[str, str]]:
        for field in NAME_LISTS:
            for name in getattr(self, field) or ():
                yield field, name

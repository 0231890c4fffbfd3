"""What every part of a scenario shares: a frozen model and fields that carry their unit and source."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from types import NoneType
from typing import Annotated, Any, Final, Literal, NamedTuple, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$", max_length=80)]
# models and offers keep the names that price lists give them, such as meta-llama/llama-3.1-8b-instruct:free
ModelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9@~][A-Za-z0-9._:/@~+()-]*$", max_length=160)]


# The largest magnitude by unit, where a field has no limit of its own: what times, counts and amounts may reach without
# leaving int32 (counts of an offer), int64 (nano-dollars, tokens a minute) or the whole numbers of a float64.
LARGEST: Final[Mapping[str, float]] = {
    "s": 1e10,  # three centuries; event times keep microseconds in a float64
    "h": 1e6, "days": 1e5, "months": 1e4,
    "requests/s": 1e9, "tokens/s": 1e9, "tokens/day": 1e15,
    "tokens": 2e9,  # int32 holds the lengths of a request
    "tokens sold": 2**53,
    "requests": 2**31 - 1, "failures": 2**31 - 1, "successes": 2**31 - 1, "models": 2**31 - 1,
    "requests/min": 2**53, "tokens/min": 2**53, "requests/month": 2**53,
    "USD/year": 1e15, "billion": 1e6, "billion parameters": 1e6,
}
LARGEST_OF_OTHERS: Final = 1e9
SMALLEST: Final = 1e-12  # other than 0: its inverse, times the largest, is still a number
SHOWN: Final = 60  # characters of a value in an error


class Part(BaseModel):
    """A frozen piece of a scenario that refuses unknown fields, infinities, NaN and what no column can hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_flag_for_a_number(cls, data: Any) -> Any:
        for name, value in data.items() if isinstance(data, dict) else ():
            if isinstance(value, bool) and name in cls.model_fields and _is_number(cls.model_fields[name].annotation):
                raise ValueError(f"{name} is {str(value).lower()}, but must be a number")
        return data

    @field_validator("*", mode="after")
    @classmethod
    def _can_be_held(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None or isinstance(value, str | bool | BaseModel):  # nearly all that is no number
            return value
        largest, unit = _largest(cls, info.field_name or "")
        for name, number in _numbers(value):
            if abs(number) > largest or 0 < abs(number) < SMALLEST:
                told = f" [{unit}]" if unit not in ("", "1") else ""
                raise ValueError(f"{name or 'it'} is {shown(number)}, but must be 0 or from {SMALLEST:g} to "
                                 f"{largest:g} in magnitude{told}")
        return value


@cache
def _largest(part: type[Part], name: str) -> tuple[float, str]:
    """The largest magnitude that a field may have, and its unit."""
    field = part.model_fields[name]
    extra = field.json_schema_extra
    unit = str(extra["unit"]) if isinstance(extra, dict) and "unit" in extra else ""
    if any(hasattr(rule, limit) for rule in field.metadata for limit in ("le", "lt")):
        return 2.0**63, unit  # it has a limit of its own
    return LARGEST.get(unit, LARGEST_OF_OTHERS), unit


def _is_number(annotation: Any) -> bool:
    """Whether a field holds nothing but a number, or none."""
    return annotation in (int, float) or (set(get_args(annotation)) - {NoneType}) in ({int}, {float}, {int, float})


def _no_number(value: Any) -> Any:
    if isinstance(value, int | float):  # a number would be taken for seconds since 1970
        raise ValueError(f"it is {shown(value)}, but must be a date such as 2026-01-31")
    return value


Day = Annotated[date, BeforeValidator(_no_number)]


def shown(value: Any) -> str:
    """Return a value as an error shows it: short, whatever somebody wrote."""
    if isinstance(value, int) and value.bit_length() > 200:  # Python refuses to write very long numbers out
        return f"a whole number of about {int(value.bit_length() * 0.30103)} digits"
    try:
        text = repr(value)
    except (RecursionError, ValueError):
        return f"a {type(value).__name__} too deep or too long to show"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} ..."


def _numbers(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Yield the numbers of a field, each with its name where it stands in a list or a table: its own has none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _numbers(inner, str(key))
    elif isinstance(value, tuple):
        for place, inner in enumerate(value):
            yield from _numbers(inner, str(place))


class Sweep(NamedTuple):
    """The range over which a field is worth varying in a study.

    Attributes
    ----------
    low, high
        Its ends.
    scale
        ``linear``, ``log`` or ``integer``.
    source
        Why these ends.
    """

    low: float
    high: float
    scale: Literal["linear", "log", "integer"] = "linear"
    source: str = "assumption"


def quantity(
    default: Any = ..., *, unit: str, doc: str, source: str = "assumption", sweep: Sweep | None = None, **limits: Any
) -> Any:
    """Declare a scenario field with its unit, meaning, source and range.

    Parameters
    ----------
    default
        Default value; ``...`` makes the field required.
    unit
        Unit of the value, ``"1"`` for a plain number.
    doc
        What the field means, in one sentence.
    source
        Where the default comes from, or ``"assumption"``.
    sweep
        Range over which studies vary the field; None if that is not of general interest.
    **limits
        Range passed to pydantic (``gt``, ``ge``, ``lt``, ``le``).

    Returns
    -------
    Any
        A pydantic field whose JSON schema carries ``unit``, ``source`` and the range to sweep.
    """
    text = f"{doc} [{unit}] (source: {source})"
    extra: dict[str, Any] = {"unit": unit, "source": source}
    if sweep is not None:
        extra["sweep"] = sweep._asdict()
    return Field(default, description=text, json_schema_extra=extra, **limits)


def given(part: Part) -> dict[str, Any]:
    """Return the fields of a part that are neither None nor empty text: those that replace what it is like.

    Not the fields that were set: a dump sets all of them.
    """
    values = {name: getattr(part, name) for name in type(part).model_fields}
    return {name: value for name, value in values.items() if value is not None and value != ""}

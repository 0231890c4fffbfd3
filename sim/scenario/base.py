"""What every part of a scenario shares: a frozen model and fields that carry their unit and source."""

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$", max_length=80)]


class Part(BaseModel):
    """A frozen piece of a scenario that refuses unknown fields, infinities and NaN."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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

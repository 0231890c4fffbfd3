"""Factors: fields of a scenario that a design varies, over listed values or over a range."""

import math
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from experiments.runs.specs import Value
from sim.errors import MarketError

Scale = Literal["linear", "log", "integer"]
SCALES: Final[tuple[str, ...]] = get_args(Scale)
DIGITS: Final = 6  # significant digits of a value drawn from a range: points stay legible, and the same everywhere


class DesignError(MarketError):
    """A design makes no sense; the text says which part of it, and what is allowed."""


@dataclass(frozen=True)
class Factor:
    """A field that is varied.

    Attributes
    ----------
    path
        Path of the field, as in ``--set``; ``policy`` sets the policy of every router.
    values
        Levels to run; empty for a range.
    low, high
        Range, both included; nan if there are levels, or if the field's own range is wanted.
    scale
        How a range is divided: evenly, evenly in the logarithm, or in whole numbers.

    Raises
    ------
    DesignError
        If the range or the levels are not allowed.
    """

    path: str
    values: tuple[Value, ...] = ()
    low: float = math.nan
    high: float = math.nan
    scale: Scale = "linear"

    def __post_init__(self) -> None:
        """Check the range or the levels."""
        if self.values:
            wrong = next((v for v in self.values if isinstance(v, float) and not math.isfinite(v)), None)
            if wrong is not None:
                raise DesignError(f"factor {self.path}: {wrong} is not a finite number")
            if len({(isinstance(v, bool), v) for v in self.values}) < len(self.values):
                raise DesignError(f"factor {self.path}: {list(self.values)} names a value twice")
            return
        if self.scale not in SCALES:
            raise DesignError(f"factor {self.path}: scale is {self.scale!r}, but must be one of {', '.join(SCALES)}")
        if math.isnan(self.low) and math.isnan(self.high):
            return
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise DesignError(f"factor {self.path}: the range is {self.low:g} to {self.high:g}, but its ends must be "
                              "finite numbers in rising order")
        if self.scale == "log" and self.low <= 0:
            raise DesignError(f"factor {self.path}: a range on a log scale must start above 0, not at {self.low:g}")
        if self.scale == "integer" and (self.low % 1 or self.high % 1):
            raise DesignError(f"factor {self.path}: an integer range is {self.low:g} to {self.high:g}, but its ends "
                              "must be whole numbers")

    @property
    def has_range(self) -> bool:
        """Whether it has a range of its own."""
        return not self.values and not math.isnan(self.low)

    def at(self, share: float) -> Value:
        """Return the value at a share of the way, from 0 to 1: in the range, or among the levels."""
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        if self.scale == "integer":
            steps = int(self.high - self.low) + 1
            return int(self.low) + min(int(share * steps), steps - 1)
        if self.scale == "log":
            value = self.low * (self.high / self.low) ** share
        else:
            value = self.low + share * (self.high - self.low)
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)


def parse_grid(text: str) -> Factor:
    """Read ``field=a,b,c``: numbers and true or false as such, anything else as text.

    Raises
    ------
    DesignError
        If it is not of that form.
    """
    path, _, listed = text.partition("=")
    values = [part.strip() for part in listed.split(",")]
    if not path.strip() or not all(values):
        raise DesignError(f"--grid {text!r} is not of the form field=a,b,c, such as traffic.load=0.6,1,1.4")
    return Factor(path.strip(), tuple(_value(part) for part in values))


def parse_vary(text: str) -> Factor:
    """Read ``field=low..high``, ``field=low..high:log`` or ``:integer``, or ``field`` alone for the field's own range.

    Raises
    ------
    DesignError
        If it is not of that form.
    """
    path, equals, span = text.partition("=")
    if path.strip() and not equals:
        return Factor(path.strip())
    ends, _, scale = span.partition(":")
    try:
        low, high = (float(end) for end in ends.split(".."))
    except ValueError:
        raise DesignError(f"--vary {text!r} is not of the form field=low..high, field=low..high:log or "
                          "field=low..high:integer") from None
    if math.isnan(low) or not path.strip():
        raise DesignError(f"--vary {text!r} needs the path of a field and two finite numbers")
    return Factor(path.strip(), (), low, high, cast(Scale, scale or "linear"))  # Factor checks it


def _value(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text

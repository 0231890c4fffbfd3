"""The ledger of facts: what was observed, how a run is held to it, and which parameters may be fitted to it.

It is a file (`fact_ledger.toml` beside this one, or a user's own), committed before anything is fitted.
"""

import hashlib
import math
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError, model_validator

from sim.errors import MarketError, ScenarioError
from sim.scenario.base import Name, Part, quantity
from sim.scenario.explain import explain
from sim.scenario.load import read_file

BUILT_IN: Final = Path(__file__).with_name("fact_ledger.toml")
MOST: Final = 12  # parameters, and facts they are fitted to: more cannot be told apart in some hundreds of runs
LARGEST: Final = 1e18  # of a fact: tokens a day are many
MONTH: Final = r"^\d{4}-(0[1-9]|1[0-2])$"
Place = Literal["calibrated", "predicted", "arithmetic", "engine", "not said"]
ASKED: Final[frozenset[Place]] = frozenset({"calibrated", "predicted", "arithmetic"})  # of a run of a market


class LedgerError(MarketError):
    """A ledger of facts cannot be used; the text names the file, the field and what is allowed."""


class StylisedFact(Part):
    """A fact of the real market."""

    name: Name = Field(description="Name of the fact")
    says: str = Field(description="What the number is, in a few words", min_length=1)
    source: str = Field(description="Who observed it", min_length=1)
    place: Place = Field(description="What it is to a market: fitted to, predicted, given by inputs, or not of a run")
    why: str = Field("", description="Why a run has no such number, or where it is told instead")
    measure: str = Field("", description="Row of the catalogue of measures that a run is held to the fact by")
    over: str = Field("", description="Row of the catalogue that it is divided by")
    less: str = Field("", description="Row of the catalogue that is subtracted")
    scale: Literal["linear", "log"] = Field("linear", description="Scale on which it is compared")
    low: float | None = quantity(None, unit="that of the fact", doc="Lower end of the band", le=LARGEST)
    high: float | None = quantity(None, unit="that of the fact", doc="Upper end of the band", le=LARGEST)
    observed: float | None = quantity(None, unit="that of the fact", doc="What was observed", le=LARGEST)
    observed_sd: float = quantity(0.0, unit="that of the scale", doc="Standard deviation of the observation", ge=0)
    discrepancy: float = quantity(0.0, unit="that of the scale", doc="Standard deviation by which the best market may "
                                  "be off, because it is a model", ge=0)
    starts: str | None = Field(None, description="Month in which a run starts of which it is asked", pattern=MONTH)
    ends: str | None = Field(None, description="Month in which a run ends of which it is asked", pattern=MONTH)

    @property
    def asked(self) -> bool:
        """Whether a run of a market is held to it."""
        return self.place in ASKED

    def on_scale(self, value: float) -> float:
        """Return a value on the scale of the fact: its logarithm, or itself; nan of what has no logarithm."""
        if self.scale == "linear":
            return value
        return math.log(value) if value > 0 else math.nan

    @model_validator(mode="after")
    def _is_whole(self) -> "StylisedFact":
        if not self.asked:
            if not self.why:
                raise ValueError(f"fact {self.name} is {self.place!r} and says no why; it must say why a run has no "
                                 "such number, or where it is told")
            return self
        if not self.measure:
            raise ValueError(f"fact {self.name} has no measure; one that is {self.place!r} must have one")
        if self.low is None and self.high is None:
            raise ValueError(f"fact {self.name} has no band; give low, high or both")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"fact {self.name} has a band from {self.low:g} to {self.high:g}; low must be below high")
        return self

    @model_validator(mode="after")
    def _can_be_fitted_to(self) -> "StylisedFact":
        if self.place == "calibrated" and (self.observed is None or self.discrepancy <= 0):
            raise ValueError(f"fact {self.name} is calibrated; it must have observed, and a discrepancy above 0")
        positive = [value for value in (self.low, self.high, self.observed) if value is not None]
        if self.scale == "log" and min(positive, default=1.0) <= 0:
            raise ValueError(f"fact {self.name} is compared as a logarithm; low, high and observed must be above 0")
        return self


class CalibratedParameter(Part):
    """A parameter that may be fitted, and its prior: even between two ends."""

    name: Name = Field(description="Name of the parameter")
    says: str = Field(description="What it is, in a few words", min_length=1)
    paths: tuple[str, ...] = Field(description="Fields of a scenario that it sets; * stands for every name there",
                                   min_length=1)
    how: Literal["set", "factor", "shift"] = Field(
        "set", description="set: it is the value; factor: what the scenario's value is multiplied by; shift: what is "
        "added to it")
    scale: Literal["linear", "log"] = Field("linear", description="Scale on which the prior is even")
    low: float = quantity(unit="that of the field", doc="Lower end of the prior", le=LARGEST)
    high: float = quantity(unit="that of the field", doc="Upper end of the prior", le=LARGEST)
    pins: tuple[Name, ...] = Field((), description="Facts that are expected to tell it")
    source: str = Field(description="Why these ends", min_length=1)

    @model_validator(mode="after")
    def _has_a_range(self) -> "CalibratedParameter":
        if self.low >= self.high:
            raise ValueError(f"parameter {self.name} reaches from {self.low:g} to {self.high:g}; low must be below "
                             "high")
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f"parameter {self.name} has low = {self.low:g} on a logarithmic scale; it must be above 0")
        return self


class FactLedger(Part):
    """Facts, and the parameters that may be fitted to some of them."""

    title: str = Field(description="Which market, and when", min_length=1)
    facts: tuple[StylisedFact, ...] = Field(description="The facts", min_length=1)
    parameters: tuple[CalibratedParameter, ...] = Field((), description="Parameters that may be fitted")

    @property
    def moments(self) -> tuple[StylisedFact, ...]:
        """The facts that parameters are fitted to, in the order of the file."""
        return tuple(fact for fact in self.facts if fact.place == "calibrated")

    @model_validator(mode="after")
    def _names_differ(self) -> "FactLedger":
        for what, names in (("facts", [it.name for it in self.facts]),
                            ("parameters", [it.name for it in self.parameters])):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"{what} {', '.join(twice)} stand twice; each name may stand once")
        return self

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> "FactLedger":
        for what, many in (("parameters", self.parameters), ("calibrated facts", self.moments)):
            if len(many) > MOST:
                raise ValueError(f"there are {len(many)} {what}; at most {MOST} can be told apart")
        fitted = {fact.name for fact in self.moments}
        for parameter in self.parameters:
            if other := sorted(set(parameter.pins) - fitted):
                raise ValueError(f"parameter {parameter.name} is pinned by {', '.join(other)}; only calibrated facts "
                                 f"can pin one: {', '.join(sorted(fitted)) or 'there are none'}")
        return self


def read_ledger(path: Path = BUILT_IN) -> FactLedger:
    """Read a ledger of facts.

    Raises
    ------
    LedgerError
        If it cannot be read, or something in it is not allowed; one sentence a problem, one a line.
    """
    try:
        data = read_file(path, "ledger of facts")
    except ScenarioError as error:
        raise LedgerError(str(error)) from None
    try:
        return FactLedger.model_validate(data)
    except ValidationError as error:
        raise LedgerError(explain(error, data, path.name, FactLedger)) from None


def ledger_digest(path: Path = BUILT_IN) -> str:
    """Return the digest of a ledger's text, 32 hexadecimal digits: what was committed to, and when, hangs on it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]

"""The price of an offer as a schedule, in whole pico-dollars (docs/semantics.md, section 12)."""

from typing import Final, NamedTuple, Protocol, TypeVar

import numpy as np

from sim.engines.bill import Terms
from sim.units import MOST_PICO, PICO_PER_USD, PICO_PER_USD_PER_MTOK, PPM

Number = TypeVar("Number", float, np.ndarray)
_UNIT: Final = float(PPM * PICO_PER_USD_PER_MTOK)


class Line(NamedTuple):
    """Prices per token, pico-dollars, as in `Terms`."""

    input: int
    output: int
    cached: int
    write: int


class Tier(NamedTuple):
    """Prices of requests whose prompt is longer than a number of tokens."""

    above_tokens: int
    line: Line


class Schedule(NamedTuple):
    """What an offer charges.

    Attributes
    ----------
    base
        Prices of a request that no tier holds for.
    request
        Pico-dollars per request.
    kept_ppm
        What the discount leaves, millionths.
    tiers
        By ascending number of tokens.
    """

    base: Line
    request: int = 0
    kept_ppm: int = PPM
    tiers: tuple[Tier, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether base prices are all that a router needs to know what a request will cost."""
        return not self.tiers and self.request == 0 and self.kept_ppm == PPM

    @property
    def lines(self) -> tuple[Line, ...]:
        """All prices per token, base prices first."""
        return (self.base, *(tier.line for tier in self.tiers))

    def terms(self, prompt: int) -> Terms:
        """The prices that hold for a prompt of so many tokens."""
        exceeded = sum(prompt > tier.above_tokens for tier in self.tiers)
        return Terms(*self.lines[exceeded], self.request, self.kept_ppm)

    def with_base(self, input_pico: int, output_pico: int, cached_pico: int | None) -> "Schedule":
        """The schedule with other base prices; without a price of cached tokens they cost as input."""
        return self._replace(base=_line(input_pico, output_pico, cached_pico))

    def most_pico(self, context_tokens: int) -> int:
        """The largest sum that a bill of a request within the context could have, pico-dollars."""
        return self.request + context_tokens * max(max(line) for line in self.lines)


class DatedSchedule(NamedTuple):
    """A schedule and the time of a run from which it holds, seconds."""

    from_s: float
    schedule: Schedule


def flat(input_pico: int, output_pico: int, cached_pico: int | None = None) -> Schedule:
    """A schedule of base prices alone, pico-dollars per token; without a price of cached tokens they cost as input."""
    return Schedule(_line(input_pico, output_pico, cached_pico))


def _line(input_pico: int, output_pico: int, cached_pico: int | None) -> Line:
    return Line(input_pico, output_pico, input_pico if cached_pico is None else cached_pico, input_pico)


def shown_usd(pico: Number, kept_ppm: Number) -> Number:
    """A price as routers see it: after the discount, USD per million tokens (numbers, or arrays of them)."""
    usd: Number = pico * kept_ppm / _UNIT
    return usd


class Priced(Protocol):
    """An offer, as far as its bills are concerned."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def context_tokens(self) -> int:
        """Longest prompt and answer together."""


def check_schedule(schedule: Schedule, offer: Priced) -> None:
    """Refuse prices of which a bill could not be held.

    Raises
    ------
    ValueError
        If a price is negative, or the bill of a request within the context could exceed what int64 holds.
    """
    if min(schedule.request, *(min(line) for line in schedule.lines)) < 0:
        raise ValueError(f"a price of offer {offer.name!r} is negative: {schedule}")
    most = schedule.most_pico(offer.context_tokens)
    if most > MOST_PICO:
        raise ValueError(f"a request of {offer.context_tokens} tokens at offer {offer.name!r} could cost "
                         f"{most / PICO_PER_USD:.6g} USD, but a bill can be {MOST_PICO / PICO_PER_USD:.6g} USD at most")

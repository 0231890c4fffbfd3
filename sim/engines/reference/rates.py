"""Rate limits, as a door keeps them for everybody who knocks (docs/semantics.md, section 7)."""

import math
from dataclasses import dataclass

from sim.engines.bucket import PARTS, Rates, has_room, still_taken
from sim.units import DAY_S, MINUTE_S


@dataclass
class Meter:
    """What one knocker took and has not come back: in the bucket or clock minute in sixtieths, and in the day."""

    seen_s: float = 0.0  # when somebody looked last
    requests: float = 0.0
    tokens: float = 0.0
    day_requests: int = 0
    day_tokens: int = 0


class Door:
    """Lets requests in as long as its rates allow.

    Parameters
    ----------
    rates
        What it allows each of those who are counted apart.
    """

    def __init__(self, rates: Rates) -> None:
        self.rates = rates
        self.open = not rates.limit_anything
        self.meters: dict[tuple[int, ...], Meter] = {}

    def within_limits(self, who: tuple[int, ...], tokens: int, now_s: float) -> bool:
        """Charge a request of so many tokens to ``who``, unless that would exceed a limit.

        Nothing is charged to any limit if one of them would be exceeded.
        """
        if self.open:
            return True
        rates, meter = self.rates, self.meters.setdefault(who, Meter())
        self._bring_up(meter, now_s)
        if not (
            has_room(meter.requests, 1, rates.requests_per_min)
            and has_room(meter.tokens, tokens, rates.tokens_per_min)
            and (rates.requests_per_day == 0 or meter.day_requests < rates.requests_per_day)
            and (rates.tokens_per_day == 0 or meter.day_tokens + tokens <= rates.tokens_per_day)
        ):
            return False
        meter.requests += PARTS
        meter.tokens += tokens * PARTS
        meter.day_requests += 1
        meter.day_tokens += tokens
        return True

    def _bring_up(self, meter: Meter, now_s: float) -> None:
        """Let come back what has since somebody looked last."""
        if not self.rates.by_minute:
            elapsed_s = now_s - meter.seen_s
            meter.requests = still_taken(meter.requests, elapsed_s, self.rates.requests_per_min)
            meter.tokens = still_taken(meter.tokens, elapsed_s, self.rates.tokens_per_min)
        elif math.floor(now_s / MINUTE_S) != math.floor(meter.seen_s / MINUTE_S):
            meter.requests = meter.tokens = 0.0
        if math.floor(now_s / DAY_S) != math.floor(meter.seen_s / DAY_S):
            meter.day_requests = meter.day_tokens = 0
        meter.seen_s = now_s

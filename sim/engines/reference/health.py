"""Cool-down and circuit breaker of one offer at one router (semantics, section 4)."""

import math

from sim.engines.grid import on_grid
from sim.engines.rules import HARD_FAILURES, REFUSALS
from sim.policy import TOO_LONG
from sim.scenario import Breaker, Cooldown

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half open"


class Recent:
    """A count over a window that begins with the first event after the window before it (LiteLLM's cache).

    Parameters
    ----------
    window_s
        How long the count lasts, seconds.
    per_s
        Points of the grid of event times in a second.
    """

    def __init__(self, window_s: float, per_s: float) -> None:
        self.window_s = window_s
        self.per_s = per_s
        self.counted = 0
        self.until_s = -math.inf

    def add(self, now_s: float) -> None:
        """Count one more."""
        if now_s > self.until_s:
            self.counted = 0
            self.until_s = on_grid(now_s + self.window_s, self.per_s)
        self.counted += 1

    def count(self, now_s: float) -> int:
        """How many there were in the present window."""
        return self.counted if now_s <= self.until_s else 0


class Health:
    """Counts of consecutive failures, and the two rules that rest an offer because of them.

    Parameters
    ----------
    cooldown, breaker
        The router's settings.
    per_s
        Points of the grid of event times in a second.
    """

    def __init__(self, cooldown: Cooldown, breaker: Breaker, per_s: float) -> None:
        self.per_s = per_s
        self.cooldown = cooldown
        self.breaker = breaker
        self.failures = 0  # of any kind since the last done
        self.hard_failures = 0  # of the kinds in HARD_FAILURES since the last done
        self.cool_until_s = -math.inf
        self.state = CLOSED
        self.open_until_s = -math.inf
        self.probing = False  # a probe is in flight
        self.successes = 0  # of probes since it was last open
        self.back_s = -math.inf  # when its breaker closed last, or it was listed again
        self.recent_done = Recent(cooldown.window_s, per_s)
        self.recent_failures = Recent(cooldown.window_s, per_s)

    def lets_through(self, now_s: float) -> bool:
        """True if neither rule keeps requests away; an open breaker whose time is over becomes half open."""
        if self.state == OPEN and now_s >= self.open_until_s:
            self.state = HALF_OPEN
        resting = now_s < self.cool_until_s
        shut = self.state == OPEN or (self.state == HALF_OPEN and self.probing)
        return not resting and not shut

    def place(self) -> bool:
        """Note that an attempt goes there; True if it is the probe of a half-open breaker."""
        if self.state == HALF_OPEN:
            self.probing = True
            return True
        return False

    def succeed(self, probe: bool, now_s: float) -> None:
        """Note that an attempt is done."""
        self.recent_done.add(now_s)
        self.failures = 0
        self.hard_failures = 0
        if probe:
            self.probing = False
            self.successes += 1
            if self.successes >= self.breaker.successes:
                self.state = CLOSED
                self.back_s = now_s

    def fail(self, kind: int, probe: bool, now_s: float, lone: bool = False) -> None:
        """Note that an attempt failed; ``lone`` says that the model has no other offer."""
        self.recent_failures.add(now_s)
        self.failures += 1
        if kind in HARD_FAILURES:
            self.hard_failures += 1
        self._trip(kind, probe, now_s)
        if self.cooldown.seconds > 0 and self._must_rest(kind, now_s, lone):
            self.cool_until_s = on_grid(now_s + self.cooldown.seconds, self.per_s)

    def _must_rest(self, kind: int, now_s: float, lone: bool) -> bool:
        """Whether the rule of the cool-down rests the offer after this failure."""
        rule = self.cooldown
        if rule.rule == "consecutive":
            return self.failures >= rule.after
        failures, done = self.recent_failures.count(now_s), self.recent_done.count(now_s)
        if kind == TOO_LONG:
            return False  # a 400 speaks of the request, not of the offer
        if done == 0 and failures >= rule.lone_requests:
            return True
        ended = failures + done
        often = failures / ended > rule.failure_share and ended >= rule.least_requests
        return not lone and (kind in REFUSALS or often)

    @property
    def came_back_s(self) -> float:
        """When it came back last; -inf if it has always been there."""
        return max(self.back_s, self.cool_until_s)

    def returns_s(self, now_s: float, probe: bool) -> list[float]:
        """When the offer may be back, now that an attempt has ended: from then on its rows are worth a look."""
        after = (self.cool_until_s, self.open_until_s)
        return [time_s for time_s in after if time_s > now_s] + ([now_s] if probe else [])

    def give_up(self, probe: bool) -> None:
        """Note that the router cancelled an attempt without blaming the offer."""
        if probe:
            self.probing = False

    def _trip(self, kind: int, probe: bool, now_s: float) -> None:
        if probe:
            self.probing = False
        if self.breaker.failures == 0 or kind not in HARD_FAILURES:
            return
        tripped = self.state == CLOSED and self.hard_failures >= self.breaker.failures
        if tripped or probe:
            self.state = OPEN
            self.open_until_s = on_grid(now_s + self.breaker.open_s, self.per_s)
            self.successes = 0

"""Rules of originals by hand on identical servers, to tell what our imitation of them does by itself from what they do.

    python benchmarks/rules_by_hand.py [--servers 48] [--requests 25000,100000,400000] [RULE ...]

Nothing of the engine or of the policies is used: servers take one request at a time, first come first served, services
are exponential with a mean of one second, arrivals are Poisson, and each rule is written down anew from its source.
Printed is the mean response in service times of the requests that come after a tenth of the run.

=====================  ================================================================================================
`least_busy_180`       LiteLLM 1.80.0, `router_strategy/least_busy.py`: one map of counts, kept for 600 s
`least_busy_own`       the same from LiteLLM's own class, of whatever release is installed, told a clock of the run
`c3_backlog:T`         C3 with rate control by intervals of T seconds, as in absim 0aa43475, `simulations/client.py`:
                       a request for which nobody has a token waits in a backlog
`c3_no_backlog:T`      the same, but such a request goes to the best rank and nothing is owed (a policy cannot hold it)
=====================  ================================================================================================
"""

import argparse
import heapq
import random
from collections.abc import Callable
from typing import NamedTuple, Protocol

LOAD, TTL_S = 0.8, 600.0
ALPHA, EXPONENT, FIRST, BETA, GAMMA, LARGEST_STEP, HYSTERESIS = 0.9, 3, 10.0, 0.2, 0.032, 10.0, 2.0  # of absim


class Sent(NamedTuple):
    """A request that was sent to a server."""

    born_s: float
    at_s: float
    service_s: float


class Rule(Protocol):
    """A router's rule: which server gets a request, and what it hears."""

    def choose(self, now_s: float) -> int:
        """Return a server; -1: wait, see ``free_s``."""

    def free_s(self, now_s: float) -> float:
        """Return when a request that waits may be asked for again."""

    def starts(self, server: int, now_s: float) -> None:
        """A request is sent to a server."""

    def ends(self, server: int, now_s: float, took_s: float, service_s: float) -> None:
        """Its answer comes."""


class LeastBusy180:
    """LiteLLM 1.80.0: the least count of a map, the first of equals; the map is forgotten 600 s after it was made."""

    def __init__(self, servers: int) -> None:
        self.servers, self.until_s = servers, -1.0
        self.counts: dict[int, int] = {}

    def _map(self, now_s: float) -> dict[int, int]:
        if now_s > self.until_s:
            self.counts = {}
        return self.counts

    def _write(self, server: int, more: int, now_s: float) -> None:
        counts = self._map(now_s)
        counts[server] = counts.get(server, 0) + more
        if now_s > self.until_s:
            self.until_s = now_s + TTL_S

    def choose(self, now_s: float) -> int:
        """Return a server, or -1."""
        counts = self._map(now_s)
        for server in range(self.servers):
            counts.setdefault(server, 0)
        return min(counts, key=counts.__getitem__)

    def free_s(self, now_s: float) -> float:
        """Return when to ask again."""
        return now_s

    def starts(self, server: int, now_s: float) -> None:
        """A request is sent."""
        self._write(server, 1, now_s)

    def ends(self, server: int, now_s: float, took_s: float, service_s: float) -> None:
        """An answer comes."""
        self._write(server, -1, now_s)


class LeastBusyOwn:
    """LiteLLM's own class, in the clock of the run."""

    def __init__(self, servers: int) -> None:
        from policies.litellm_original import LiteLlmOriginal
        from policies.trial import blank_view, plain_request

        self.own, self.view, self.plain = LiteLlmOriginal("least_busy", servers), blank_view(servers), plain_request()

    def choose(self, now_s: float) -> int:
        """Return a server, or -1."""
        return self.own.choose(self.view, self.plain._replace(now_s=now_s), 0.5)

    def free_s(self, now_s: float) -> float:
        """Return when to ask again."""
        return now_s

    def _tell(self, kind: int, server: int, now_s: float, took_s: float) -> None:
        from sim.policy import Event

        self.own.observe(Event(kind=kind, row=server, now_s=now_s, prompt_tokens=1, output_tokens=1, ttft_s=took_s,
                               e2e_s=took_s, failure=0, prompt_usd=0.0, output_usd=0.0, request=0, session=-1,
                               cached_tokens=0))

    def starts(self, server: int, now_s: float) -> None:
        """A request is sent."""
        from sim.policy import DISPATCH

        self._tell(DISPATCH, server, now_s, 0.0)

    def ends(self, server: int, now_s: float, took_s: float, service_s: float) -> None:
        """An answer comes."""
        from sim.policy import DONE

        self._tell(DONE, server, now_s, took_s)


class C3Limited:
    """C3 by one client: a cubic rank, and a token bucket a server whose rate follows its answers by a cubic."""

    def __init__(self, servers: int, interval_s: float, backlog: bool) -> None:
        self.servers, self.interval_s, self.backlog = servers, interval_s, backlog
        self.in_flight, self.wait_s, self.service_s = [0] * servers, [0.0] * servers, [0.0] * servers
        self.rate, self.tokens, self.sent_s = [FIRST] * servers, [FIRST] * servers, [0.0] * servers
        self.before_cut, self.cut_s, self.raised_s = [FIRST] * servers, [0.0] * servers, [0.0] * servers
        self.received, self.answers, self.interval = [0.0] * servers, [0] * servers, 0
        self.chance = random.Random(3)

    def _score(self, server: int) -> float:
        return self.wait_s[server] + (1 + self.in_flight[server]) ** EXPONENT * self.service_s[server]

    def _tokens(self, server: int, now_s: float) -> float:
        gained = self.rate[server] / self.interval_s * (now_s - self.sent_s[server])
        return min(FIRST, self.tokens[server] + gained)

    def choose(self, now_s: float) -> int:
        """Return a server, or -1."""
        self._count(now_s)
        rank = sorted((self._score(s), self.chance.random(), s) for s in range(self.servers))
        best = next((s for _, _, s in rank if self._tokens(s, now_s) >= 1.0 - 1e-9), -1)
        return best if best >= 0 or self.backlog else rank[0][2]

    def free_s(self, now_s: float) -> float:
        """Return when to ask again."""
        return now_s + min((1.0 - self._tokens(s, now_s)) * self.interval_s / self.rate[s] for s in range(self.servers))

    def starts(self, server: int, now_s: float) -> None:
        """A request is sent."""
        self.tokens[server] = max(0.0, self._tokens(server, now_s) - 1.0)
        self.sent_s[server] = now_s
        self.in_flight[server] += 1

    def _count(self, now_s: float) -> None:
        while (self.interval + 1) * self.interval_s <= now_s:
            self.interval += 1
            self.received = [0.1 * n + 0.9 * rate for n, rate in zip(self.answers, self.received, strict=True)]
            self.answers = [0] * self.servers

    def ends(self, server: int, now_s: float, took_s: float, service_s: float) -> None:
        """An answer comes."""
        self._count(now_s)
        self.in_flight[server] -= 1
        self.wait_s[server] = ALPHA * (took_s - service_s) + (1 - ALPHA) * self.wait_s[server]
        self.service_s[server] = ALPHA * service_s + (1 - ALPHA) * self.service_s[server]
        self.answers[server] += 1
        self.tokens[server], self.sent_s[server] = self._tokens(server, now_s), now_s  # at the rate until now
        rate, received = self.rate[server], self.received[server]
        if rate < received:
            self.raised_s[server] = now_s
            saddle = (self.before_cut[server] * BETA / GAMMA) ** (1 / 3)
            wanted = GAMMA * ((now_s - self.cut_s[server]) / self.interval_s - saddle) ** 3 + self.before_cut[server]
            self.rate[server] = min(rate + LARGEST_STEP, wanted)
        elif rate > received > 0 and now_s - self.raised_s[server] > HYSTERESIS * self.interval_s:
            self.before_cut[server], self.cut_s[server] = rate, now_s
            self.rate[server] = max(0.01, BETA * rate)


RULES: dict[str, Callable[..., Rule]] = {
    "least_busy_180": lambda servers, _: LeastBusy180(servers),
    "least_busy_own": lambda servers, _: LeastBusyOwn(servers),
    "c3_backlog": lambda servers, interval_s: C3Limited(servers, interval_s, True),
    "c3_no_backlog": lambda servers, interval_s: C3Limited(servers, interval_s, False),
}


def mean_response(rule: Rule, servers: int, requests: int, seed: int = 1) -> float:
    """Let a rule serve so many requests; return the mean time from a request to its answer, service times."""
    rng = random.Random(seed)
    due: list[tuple[float, int, int, Sent]] = []  # when, number, server (-1: ask again), what ends
    backlog: list[tuple[float, float]] = []  # arrival and service of those that wait at the router
    free_at, number, counted, total = [0.0] * servers, 0, 0, 0.0
    arrival_s = rng.expovariate(LOAD * servers)
    born, warmup_s, asks_again = 0, 0.1 * requests / (LOAD * servers), False
    while born < requests or due:
        if born < requests and (not due or arrival_s <= due[0][0]):
            now_s = arrival_s
            backlog.append((now_s, rng.expovariate(1.0)))
            born += 1
            arrival_s += rng.expovariate(LOAD * servers)
        else:
            now_s, _, server, sent = heapq.heappop(due)
            if server < 0:
                asks_again = False
            else:
                rule.ends(server, now_s, now_s - sent.at_s, sent.service_s)
                if sent.born_s > warmup_s:
                    counted, total = counted + 1, total + now_s - sent.born_s
        while backlog:
            server = rule.choose(now_s)
            if server < 0:
                if not asks_again:
                    number += 1
                    heapq.heappush(due, (max(rule.free_s(now_s), now_s + 1e-9), number, -1, Sent(0.0, 0.0, 0.0)))
                    asks_again = True
                break
            born_s, service_s = backlog.pop(0)
            rule.starts(server, now_s)
            free_at[server] = max(now_s, free_at[server]) + service_s
            number += 1
            heapq.heappush(due, (free_at[server], number, server, Sent(born_s, now_s, service_s)))
    return total / counted


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rules", nargs="*", default=["least_busy_180", "c3_backlog:20", "c3_no_backlog:20"])
    parser.add_argument("--servers", type=int, default=48)
    parser.add_argument("--requests", default="25000,100000,400000")
    options = parser.parse_args()
    for told in options.rules:
        name, _, interval = told.partition(":")
        for requests in map(int, options.requests.split(",")):
            rule = RULES[name](options.servers, float(interval or 20.0))
            print(f"{told:20} {requests:9,} {mean_response(rule, options.servers, requests):9.3f}", flush=True)


if __name__ == "__main__":
    main()

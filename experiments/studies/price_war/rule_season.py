"""A season of posted prices: hosts review them on a desk without serving, a rule places each day's requests."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from experiments.studies.price_war.war_cells import ENTRY, FEW, WarCell, rules_of
from providers.pricing.registry import bind
from providers.pricing.residual_demand import Belief, ResidualDemand
from providers.pricing.situation import Situation
from providers.pricing.sold_through import PriceRule, Rules, exponent_at
from sim.market.prices import Prices, prices_of_usd
from sim.scenario.pricing_settings import PricingChoice
from sim.units import DAY_S, PICO_PER_USD_PER_MTOK

if TYPE_CHECKING:
    from numpy.random import Generator

    from experiments.studies.price_war.assumed import PriceWarAssumptions
    from providers.pricing.strategy import Strategy
    from sim.streams import Streams

MOST: Final = 80  # hosts at once
LOOK_DAYS: Final = 30  # days between looks at entry
TRAILED_DAYS: Final = 90  # days over which a host must have earned its fixed cost
TAIL: Final = 180  # last days, of which means are told
GRID: Final[dict[str, Any]] = {"grid_usd": 0.0001, "output_ratio": 1.0, "cached_share": 1.0}  # one price for all tokens


class SeasonEnd(NamedTuple):
    """Means over the last half-year; unit cost is 1, and demand at cost is 1 a day.

    Attributes
    ----------
    log_paid
        Of the logarithm of what a unit costs its customer.
    sold, wanted
        Units that were sold, and that customers wanted at what is paid.
    hosts
        Hosts that were listed.
    fixed
        What they paid for being there, whatever they sold, a day.
    idle
        Part of that which was for capacity that stood idle.
    """

    log_paid: float
    sold: float
    wanted: float
    hosts: float
    fixed: float
    idle: float


class Desk:
    """Hosts of one model, day by day.

    Parameters
    ----------
    cell, assumed
        What is played.
    streams
        Luck, by name: of requests, outages, and of each host's reviews.
    """

    def __init__(self, cell: WarCell, assumed: PriceWarAssumptions, streams: Streams) -> None:
        self.cell, self.assumed = cell, assumed
        self.rules = rules_of(cell, assumed)
        self.days = assumed.entry_days if cell.hosts == ENTRY else assumed.days
        first = assumed.many if cell.hosts not in (FEW, ENTRY) else assumed.few
        alike = assumed.many if cell.hosts == ENTRY else first  # of whose capacities the demand is a share
        self.capacity = (assumed.ample if cell.ample else assumed.tight) / alike
        self.fixed = 1.0 / assumed.size
        most = MOST if cell.hosts == ENTRY else first
        # drawn of all in any case: a host's luck does not hang on how many there may be
        self.luck = streams.generator("requests").standard_normal((self.days, MOST))[:, :most]
        self.down = streams.generator("outages").random((self.days, MOST))[:, :most] < (
            assumed.outage_share if cell.outages else 0.0)
        self._rngs: list[Generator] = [streams.generator(f"host/{host}") for host in range(most)]
        self._agents: list[Strategy] = [bind(PricingChoice(kind="belief_response", **GRID)) for _ in range(most)]
        self.listed = np.arange(most) < first
        self.own: list[Prices] = [_posted(assumed.start)] * most
        self.posted = np.array(self.own, np.int64)
        self.due = np.full(most, math.inf)
        self.since = np.zeros(most)
        self.seen = ResidualDemand(np.zeros(most, np.int64), assumed.memory_days)
        self.earned = np.zeros((self.days, most))
        self.log: list[tuple[float, float, float, int]] = []
        for host in np.flatnonzero(self.listed):
            self._next_review(int(host), 0)

    def run(self) -> SeasonEnd:
        """Play all days, and return means over the last of them."""
        for day in range(self.days):
            sold = self._sell(day)
            self.seen.look(sold, self.posted, self.listed)
            for host in np.flatnonzero(self.due <= day + 1):
                self._review(int(host), day, sold)
            if self.cell.hosts == ENTRY and (day + 1) % LOOK_DAYS == 0:
                self._leave(day)
                self._enter(day)
        paid, units, wanted, hosts = np.array(self.log[-TAIL:], float).T
        idle = self.fixed * (hosts - units / self.capacity)
        return SeasonEnd(float(np.log(paid).mean()), float(units.mean()), float(wanted.mean()), float(hosts.mean()),
                         float(self.fixed * hosts.mean()), float(idle.mean()))

    @property
    def level(self) -> np.ndarray:
        """Price over cost of all, float64 (hosts,)."""
        return np.asarray(self.posted[:, 0] / PICO_PER_USD_PER_MTOK)

    def _post(self, host: int, price: float) -> None:
        self.own[host] = _posted(price)
        self.posted[host] = self.own[host]

    def _sell(self, day: int) -> np.ndarray:
        """Sell a day's requests, note what was paid, and return units by host."""
        given, level = self.assumed, self.level
        live = self.listed & ~self.down[day]
        share = shares(self.rules, level, live)
        paid = float(share @ level)
        wanted = paid ** -given.elasticity if live.any() else 0.0
        wants = wanted * share
        noisy = np.maximum(wants + np.sqrt(wants / given.requests) * self.luck[day], 0.0)
        sold = served(noisy, self.capacity, self.rules, level, live)
        self.earned[day] = (level - 1.0) * sold
        total = float(sold.sum())
        self.log.append((float(sold @ level) / total if total > 0 else paid or 1.0, total, wanted,
                         int(self.listed.sum())))
        return sold

    def _review(self, host: int, day: int, sold: np.ndarray) -> None:
        """Let a host think of its price; nobody asks more than the ceiling."""
        rivals = tuple(self.own[other] for other in np.flatnonzero(self.listed) if other != host)
        total = float(sold.sum())
        belief = None if self.cell.told else self.seen.belief(host, Belief(self._published(host), self.assumed.doubt))
        now = Situation(
            now_s=(day + 1) * DAY_S, hour=0.0, launched_s=self.since[host] * DAY_S, own=self.own[host], rivals=rivals,
            rivals_changed_s=(0.0,) * len(rivals), unit_cost_usd_per_mtok=1.0, tokens_last_day=float(sold[host]),
            share_last_day=float(sold[host]) / total if total > 0 else 0.0, rules=self.rules, belief=belief,
            capacity_tokens_per_day=self.capacity)
        answer = self._agents[host].review(now, self._rngs[host])
        if answer is not None:
            self._post(host, min(answer.input / PICO_PER_USD_PER_MTOK, self.assumed.ceiling))
        self._next_review(host, day + 1, now)

    def _next_review(self, host: int, day: int, now: Situation | None = None) -> None:
        idle = now or Situation(now_s=0.0, hour=0.0, launched_s=0.0, own=None, rivals=(), rivals_changed_s=(),
                                unit_cost_usd_per_mtok=1.0)
        self.due[host] = day + self._agents[host].next_review_s(idle, self._rngs[host]) / DAY_S

    def _published(self, host: int) -> float:
        """Exponent that the marketplace's documentation lets a host expect at its price."""
        return exponent_at(self.rules.rules[0], self.own[host].input / PICO_PER_USD_PER_MTOK)

    def _leave(self, day: int) -> None:
        """Take off the list whoever has earned least, if that was less than its fixed cost."""
        old = self.listed & (day + 1 - self.since >= TRAILED_DAYS)
        if old.sum() and self.listed.sum() > 1:
            mean = np.where(old, self.earned[max(day + 1 - TRAILED_DAYS, 0):day + 1].mean(axis=0), math.inf)
            worst = int(mean.argmin())
            if mean[worst] < self.fixed:
                self.listed[worst], self.due[worst] = False, math.inf

    def _enter(self, day: int) -> None:
        """Let some think of entering: each expects what all earn now, shared with one more."""
        margin = float(self.earned[day + 1 - LOOK_DAYS:day + 1].sum()) / LOOK_DAYS
        middle = float(np.median(self.level[self.listed]))
        for _ in range(self.assumed.looks):
            free = np.flatnonzero(~self.listed)
            if not len(free) or margin / (self.listed.sum() + 1) < self.fixed:
                return
            host = int(free[0])
            self.listed[host], self.since[host] = True, day + 1
            self._post(host, middle)
            self._next_review(host, day + 1)


def _posted(price: float) -> Prices:
    return prices_of_usd(round(price, 4), round(price, 4), round(price, 4))


def shares(rules: Rules, level: np.ndarray, live: np.ndarray) -> np.ndarray:
    """Return the share of demand of each host under all rules, float64 (hosts,); 0 of those that are not live.

    Parameters
    ----------
    rules
        What places demand.
    level
        Price over cost, float64 (hosts,).
    live
        Who is there.
    """
    out = np.zeros(len(level))
    if live.any():
        for part, rule in zip(rules.placed, rules.rules, strict=True):
            out[live] += part * weights(rule, level[live])
    return out


def weights(rule: PriceRule, level: np.ndarray) -> np.ndarray:
    """Return the shares of all hosts under one rule, float64 (hosts,); as `Rules.share` has one host's at its price."""
    if rule.curve is None:
        raw = (level / level.min()) ** -rule.exponent
        return np.asarray(raw / raw.sum())
    curve = rule.curve
    drawn = np.interp(level / level.min() - 1.0, curve.distances, curve.preferences, right=0.0)
    return np.asarray((1.0 - curve.exploration) * drawn / drawn.sum() + curve.exploration / len(level))


def served(wants: np.ndarray, capacity: float, rules: Rules, level: np.ndarray, live: np.ndarray) -> np.ndarray:
    """Return what each host serves, float64 (hosts,): what one is too full for goes by the rules to those with room.

    Parameters
    ----------
    wants
        What is asked of each, float64 (hosts,).
    capacity
        What each can serve.
    rules, level, live
        As in `shares`.
    """
    sold, left = np.minimum(wants, capacity), float(np.maximum(wants - capacity, 0.0).sum())
    while left > 1e-9:
        open_ = live & (sold < capacity * (1.0 - 1e-9))
        if not open_.any():
            break
        more = np.minimum(left * shares(rules, level, open_), capacity - sold)
        sold, left = sold + more, left - float(more.sum())
    return np.asarray(sold)

"""A firm at work: each midnight it reads the books, launches and drops models, moves its GPUs and pays for them."""

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

import numpy as np
from simpy import Event

from providers.firms.expectations import Usage
from providers.firms.growth import growth_per_day
from providers.firms.placement import Rules, Want, pack
from providers.firms.pools import Pool, book_day, book_tokens, licences_of, pay_licences
from providers.firms.price_reviews import Sellers
from providers.firms.shelf import MOST_GROWTH, PlannedOffer, most_gpus
from sim.errors import MarketError
from sim.market.desk import Desk
from sim.market.result import PoolDay
from sim.scenario.firm_settings import SupplySettings
from sim.units import DAY_S, DAYS_PER_MONTH, HOUR_S, HOURS_PER_DAY


class Shared(NamedTuple):
    """What the firms of a market share: their estimates of demand, their price lists, and what they book of pools."""

    usage: Usage
    sellers: Sellers
    pool_days: list[PoolDay]  # in the order of days, each firm appends its own


class FirmAgent:
    """The process of one firm.

    A firm's day begins at midnight: pay for what it has, review its investment when that is due, and plan: which
    models are on the shelf with how many replicas. Replicas that go stop taking requests at once; those that come
    take requests after the GPUs were drained and the weights loaded.

    Parameters
    ----------
    name
        The firm.
    settings
        All of supply.
    planned
        World rows of the offers it will ever make, with what is planned.
    pools
        Its GPUs.
    shared
        What it shares with all firms of the market.
    """

    def __init__(
        self, name: str, settings: SupplySettings, planned: dict[int, PlannedOffer], pools: list[Pool],
        shared: Shared,
    ) -> None:
        self.name, self.settings, self.pools = name, settings, pools
        self.firm = settings.firms[name]
        self.usage, self.sellers, self.pool_days = shared.usage, shared.sellers, shared.pool_days
        self.planned = planned
        self.retired: set[int] = set()
        self._licences = licences_of(name, settings, {row: offer.model.creator for row, offer in planned.items()})
        self._kept = 1.0 - self.firm.licence_share if self.firm.kind == "cloud" else 1.0  # of its revenue
        self.gone = False
        self.training_now = self.firm.training.kind == "fixed"
        self._targets: dict[int, int] = dict.fromkeys(planned, 0)
        self._plan_number = 0
        self._capital_nano = 0  # losses that it survives
        scaling = settings.autoscaling
        self._rules = Rules(scaling.slack, scaling.stickiness, scaling.min_replicas)

    def run(self, desk: Desk, horizon_days: float) -> Generator[Event, Any, None]:
        """Live from entry to exit or the horizon."""
        entry = self.firm.entry_day
        if entry > 0:
            yield desk.env.timeout(entry * DAY_S)
        terms = self.firm.training
        if terms.kind == "nights":
            self.training_now = _at_night(desk.env.now % DAY_S / HOUR_S, terms.night_from_h, terms.night_to_h)
            desk.env.process(self._nights(desk))
        for pool in self.pools:
            if pool.opens_day > entry:
                pool.on_order = pool.settings.count
                desk.env.process(self._delivery(desk, pool, pool.settings.count, pool.opens_day - entry))
        next_review = entry + self.settings.investment.review_days
        while not self.gone and desk.env.now < horizon_days * DAY_S:
            day = int(desk.env.now // DAY_S)
            self.usage.refresh(desk)
            self._pay_for_tokens(desk, day)
            if day >= next_review:
                next_review += self.settings.investment.review_days
                self._review(desk, day)
            if self.gone:
                return
            self._drop_losers(desk, day)
            entering = desk.env.now == entry * DAY_S
            if entering:
                self._expect_full_pools(desk)
                # in proportion to the fleet at entry: a sum of money would fell the largest firms first
                self._capital_nano = self._months_nano(day)
            self._plan(desk, day, at_once=entering)
            self.pool_days.extend(book_day(self.name, self.pools, desk.ledger, day))
            yield desk.env.timeout((day + 1) * DAY_S - desk.env.now)

    def _pay_for_tokens(self, desk: Desk, day: int) -> None:
        """What the day before cost besides GPUs, and what its licences cost."""
        usd = self.settings.costing.variable_usd_per_mtok
        if not desk.offer_days or not self.planned:
            return
        last, rows = desk.offer_days[-1], list(self.planned)
        pay_licences(self.name, self._licences, last.revenue_nano, desk.ledger, day)
        tokens = int(last.prompt_tokens[rows].sum() + last.output_tokens[rows].sum())
        book_tokens(self.name, tokens, usd * self.pools[0].price_factor, desk.ledger, day)

    # ---- shelf and replicas

    def _wants(self, desk: Desk, pool: int, day: float) -> tuple[list[int], list[Want]]:
        """Rows of the offers that could use a pool now, and what they want of it."""
        rows = [row for row, offer in self.planned.items()
                if offer.hardware.pool == pool and offer.launch_day <= day and row not in self.retired]
        usage, wants = self.usage, []
        for row in rows:
            offer = self.planned[row]
            wants.append(Want(offer.hardware.gpus, self._targets[row], offer.most, float(usage.replicas[row]),
                              self._keeps_usd(row)))
        return rows, wants

    def _keeps_usd(self, row: int) -> float:
        """Expected revenue of an offer a day without what goes to the model's creator: GPUs are paid from the rest."""
        return self._kept * float(self.usage.revenue[row])

    def _expect_full_pools(self, desk: Desk) -> None:
        """Enter with all GPUs at work; the estimate of demand then finds what is needed."""
        for index, pool in enumerate(self.pools):
            rows, wants = self._wants(desk, index, desk.env.now / DAY_S)
            filled = sum(want.replicas * want.gpus for want in wants)
            if 0 < filled < pool.total:
                self.usage.enter(rows, pool.total / filled)

    def _plan(self, desk: Desk, day: float, *, at_once: bool = False) -> None:
        """Share out the GPUs of all pools; replicas that go do so now, those that come follow."""
        self._plan_number += 1
        for index, pool in enumerate(self.pools):
            rows, wants = self._wants(desk, index, day)
            placed, pool.training = self._share_out(pool, wants)
            pool.placed = sum(n * want.gpus for n, want in zip(placed, wants, strict=True))
            self._targets.update(zip(rows, placed, strict=True))
        running = desk.board.replicas[list(self._targets)].tolist()
        for (row, target), number in zip(self._targets.items(), running, strict=True):
            if target < number:
                desk.board.set_replicas(desk.env.now, row, target)
        # those that go have gone by now: there is never a moment with more replicas than GPUs
        rising = [row for (row, target), number in zip(self._targets.items(), running, strict=True) if target > number]
        if at_once:
            self._bring_up(desk, rising)
        elif rising:
            desk.env.process(self._load(desk, rising, self._plan_number))

    def _share_out(self, pool: Pool, wants: Sequence[Want]) -> tuple[list[int], int]:
        """Replicas of each offer, and GPUs that train."""
        terms, cap = self.firm.training, int(self.firm.training.share * pool.total)
        if terms.kind == "marginal":
            floor = HOURS_PER_DAY * terms.value_usd_per_gpu_hour * pool.price_factor
            # first all replicas that earn more than training would; if that leaves more than may train, replicas get
            # the rest
            worth = pack(pool.total, wants, self._rules, floor)
            idle = pool.total - sum(n * want.gpus for n, want in zip(worth, wants, strict=True))
            if idle <= cap:
                return worth, idle
            return pack(pool.total - cap, wants, self._rules), cap
        training = cap if terms.kind in ("fixed", "nights") and self.training_now else 0
        return pack(pool.total - training, wants, self._rules), training

    def _load(self, desk: Desk, rows: list[int], number: int) -> Generator[Event, Any, None]:
        scaling = self.settings.autoscaling
        yield desk.env.timeout(scaling.drain_s + scaling.load_s)
        # while weights were loaded a newer plan may have been made: only the last one counts
        if number == self._plan_number and not self.gone:
            self._bring_up(desk, rows)

    def _bring_up(self, desk: Desk, rows: list[int]) -> None:
        for row in rows:
            self.sellers.launch(desk, row)
            desk.board.set_replicas(desk.env.now, row, self._targets[row])

    def _drop_losers(self, desk: Desk, day: int) -> None:
        """Take offers off the shelf for good whose models go, or that, after their trial, hardly earn their GPUs."""
        shelf = self.settings.shelf
        replicas = desk.board.replicas[list(self.planned)].tolist()
        for (row, offer), running in zip(self.planned.items(), replicas, strict=True):
            if running and day >= offer.model.retire_day:
                self._retire(desk, row)
                continue
            if not running or day < desk.board.listed_s[row] / DAY_S + shelf.trial_days:
                continue
            pool = self.pools[offer.hardware.pool]
            avoidable = HOURS_PER_DAY * pool.avoidable_usd_per_hour(day) * running * offer.hardware.gpus
            # the expectation, not the day's revenue: one bad day is no reason to leave for good
            if self._keeps_usd(row) < shelf.keep_share * avoidable:
                self._retire(desk, row)

    def _retire(self, desk: Desk, row: int) -> None:
        self.retired.add(row)
        self.sellers.withdraw(row)
        self._targets[row] = 0
        desk.board.set_replicas(desk.env.now, row, 0)

    def _nights(self, desk: Desk) -> Generator[Event, Any, None]:
        """At the hours of the split, hand GPUs over and take them back."""
        terms = self.firm.training
        while not self.gone:
            now = desk.env.now
            at_s, hour = min((_next_s(now, hour), hour) for hour in (terms.night_from_h, terms.night_to_h))
            yield desk.env.timeout(at_s - now)
            self.training_now = hour == terms.night_from_h
            if not self.gone:
                self._plan(desk, desk.env.now / DAY_S)

    # ---- investment

    def _review(self, desk: Desk, day: int) -> None:
        """Leave, order GPUs, or give some back."""
        if self._is_bankrupt(desk):
            self._exit(desk)
            return
        terms = self.settings.investment
        for index, pool in enumerate(self.pools):
            step = int(np.ceil(terms.max_step * pool.total))
            short = self._within_limit(pool, min(self._shortfall(desk, index, day), step))
            if short > 0:
                pool.on_order += short
                lead = terms.rented_lead_days if pool.is_rented else terms.owned_lead_days
                desk.env.process(self._delivery(desk, pool, short, lead))
            elif pool.is_rented and pool.on_order == 0:
                idle = pool.total - pool.placed - pool.training - int(np.ceil(terms.headroom * pool.total))
                pool.add(-max(0, min(idle, int(terms.max_step * pool.total))))

    def _within_limit(self, pool: Pool, gpus: int) -> int:
        """Of an order those that a limit on growth leaves; the one that is built in may not bind."""
        limit = self.settings.investment.max_growth
        most = most_gpus(pool.settings.count, limit)
        room = most - pool.total - pool.on_order
        if limit is None and gpus > room:
            raise MarketError(f"supply.firms.{self.name} would have more than {most:,} {pool.settings.gpu}, "
                              f"{MOST_GROWTH} times those at entry; supply.investment.max_growth must allow for it")
        return min(gpus, room)

    def _shortfall(self, desk: Desk, index: int, day: int) -> int:
        """GPUs that are missing for replicas that promise the hurdle on their cost, less those on order."""
        pool = self.pools[index]
        ahead = self._growth_until_delivery(pool)
        # where demand is beyond what runs, one replica more is as full as those that run, and earns as much
        wants = [want._replace(replicas=ahead * want.replicas,
                               revenue=ahead * want.revenue * float(self.usage.crowding[row]))
                 for row, want in zip(*self._wants(desk, index, day), strict=True)]
        worth = (1.0 + self.settings.investment.hurdle) * HOURS_PER_DAY * pool.usd_per_hour(day)
        # inertia keeps replicas where they are; it is no reason to buy a GPU
        plain = self._rules._replace(stickiness=0.0)
        # as if GPUs were no limit: what is worth its cost, whether or not there is room
        wanted = pack(1 << 40, wants, plain, worth)
        missing = sum(max(0, n - want.current) * want.gpus for n, want in zip(wanted, wants, strict=True))
        idle = pool.total - pool.placed - pool.training
        return missing - idle - pool.on_order

    def _growth_until_delivery(self, pool: Pool) -> float:
        """Demand that it expects at the review after an order's delivery, over today's."""
        terms = self.settings.investment
        lead = terms.rented_lead_days if pool.is_rented else terms.owned_lead_days
        growth = growth_per_day(self.usage.platform_tokens)
        return float(np.exp(terms.expected_growth_share * growth * (lead + terms.review_days)))

    def _delivery(self, desk: Desk, pool: Pool, gpus: int, lead_days: float) -> Generator[Event, Any, None]:
        yield desk.env.timeout(lead_days * DAY_S)
        if not self.gone:
            pool.on_order -= gpus
            pool.add(gpus)

    def _is_bankrupt(self, desk: Desk) -> bool:
        if self.firm.exit_months is None or self._capital_nano == 0:
            return False
        return desk.ledger.balance("provider", self.name) < -self._capital_nano

    def _months_nano(self, day: int) -> int:
        """Cost of the GPUs with which it enters, over the months of its exit rule."""
        daily = sum(sum(pool.bill(day).values()) for pool in self.pools)
        return round(DAYS_PER_MONTH * (self.firm.exit_months or 0.0) * daily)

    def _exit(self, desk: Desk) -> None:
        """Withdraw everything and give up all GPUs."""
        self.gone = True
        self._plan_number += 1
        for row in self.planned:
            self._retire(desk, row)
        for pool in self.pools:
            pool.close()


def _next_s(now_s: float, hour: float) -> float:
    """First moment after ``now_s`` at an hour of the day, seconds."""
    today_s = now_s // DAY_S * DAY_S + hour * HOUR_S
    return today_s if today_s > now_s else today_s + DAY_S


def _at_night(hour: float, begins: float, ends: float) -> bool:
    return begins <= hour < ends if begins < ends else hour >= begins or hour < ends

"""A host that came in from the pool: it rents what its replicas need, lists what pays, and leaves when nothing does."""

from collections.abc import Generator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from simpy import Event

from providers.entry.appraisal import Appraisal, Candidate, Prospect
from providers.entry.entrant_listing import EntrantListing, Offered
from providers.entry.outlook import STEP_DAYS, Outlook
from providers.entry.potential_hosts import ROOM, PotentialHost
from providers.firms.firm import FirmAgent, Shared
from providers.firms.placement import pack
from providers.firms.pools import Pool, book_day
from providers.firms.shelf import PlannedOffer
from sim.errors import MarketError
from sim.market.desk import Desk
from sim.market.hosts import Flows, HostRecord, ListingRecord
from sim.market.ledger import Account
from sim.scenario.firm_settings import SupplySettings
from sim.units import DAY_S, DAYS_PER_YEAR, HOURS_PER_DAY, MTOK_PER_TOKEN, NANO_PER_USD, USD_PER_NANO

QUARTER_MONTHS: Final = 3  # a listing goes when its cash of so many months is negative
PATIENCE_DAYS: Final = 14  # for which an offer may run all replicas that there is memory for and need more
LOOK_BACK_DAYS: Final = 365  # over which a host that may leave looks back
CASH: Final = np.array([1.0, -1.0, -1.0])  # of revenue, GPUs and overhead


class Beliefs(NamedTuple):
    """What newcomers reckon with, shared by all of them."""

    appraisal: Appraisal
    outlook: Outlook
    horizon_days: float
    price_factor: float


class Newcomer(FirmAgent):
    """A type of the pool, outside until it enters; then a firm that rents GPUs by the day.

    Parameters
    ----------
    host
        Its type.
    settings
        All of supply, the pool's types among the firms.
    potential
        World rows of the offers that it could make.
    pools
        Its GPU types, none rented.
    shared, beliefs
        What it shares with all firms, and with all newcomers.

    Attributes
    ----------
    entry_day, exit_day
        When it came and when it left; None before.
    """

    def __init__(
        self, host: PotentialHost, settings: SupplySettings, potential: dict[int, PlannedOffer], pools: list[Pool],
        shared: Shared, beliefs: Beliefs,
    ) -> None:
        super().__init__(host.name, settings, {}, pools, shared)
        self.host, self.potential, self._beliefs = host, potential, beliefs
        self.entry_day: int | None = None
        self.exit_day: int | None = None
        self._capital_usd = 0.0
        self._first: tuple[str, ...] = ()
        self._listings: dict[int, EntrantListing] = {}  # by row
        self._cash_usd: list[float] = []  # by day since entry
        self._days_at_limit: dict[int, int] = {}
        self._bill_usd = 0.0  # of the day under way
        self._gpus_usd: dict[int, float] = {}  # of that, GPUs of each listing that is there

    @property
    def is_outside(self) -> bool:
        """Whether it never entered."""
        return self.entry_day is None

    def candidates(self, day: int) -> list[int]:
        """Rows of the released models that it never listed."""
        return [row for row, offer in self.potential.items()
                if row not in self.planned and offer.model.release_day <= day]

    def prospects(self, desk: Desk, day: int) -> list[Prospect]:
        """What each model that it could list now, and does not, is worth to it."""
        appraise, outlook = self._beliefs.appraisal.newcomers, self._beliefs.outlook
        return [found for row in self.candidates(day) for found in appraise(desk, outlook, [self.seat(row)], day)]

    def seat(self, row: int) -> Candidate:
        """One of its offers, and what it is like at it."""
        host, pool = self.host, self.potential[row].hardware.pool
        return Candidate(row, host.overhead_usd_per_day, host.gpu_factors[pool], host.efficiency)

    def worth_listing(self, prospects: Sequence[Prospect]) -> list[Prospect]:
        """Those that are worth the cost of listing them."""
        return [one for one in prospects if one.value_usd > self._terms_usd(self.settings.entry.listing_usd)]

    def value_usd(self, prospects: Sequence[Prospect]) -> float:
        """V of E53: what entering with the best of these would be worth, net of its cost; USD."""
        listing = self._terms_usd(self.settings.entry.listing_usd)
        return (sum(one.value_usd - listing for one in self.worth_listing(prospects))
                - self._terms_usd(self.settings.entry.firm_usd))

    def enter(self, desk: Desk, prospects: Sequence[Prospect], day: int) -> None:
        """Come in with these models: on the shelf at once, so that who looks next sees it there."""
        self.entry_day = day
        self._first = tuple(self.potential[one.row].model.name for one in prospects)
        self._invest(desk, day, self._terms_usd(self.settings.entry.firm_usd))
        self._list(desk, prospects, day)
        self._plan(desk, day, at_once=True)
        desk.env.process(self._live(desk))

    def record(self, desk: Desk) -> HostRecord:
        """Its story so far."""
        assert self.entry_day is not None
        days, ahead = self._days_passed(desk), self.settings.entry.ahead_days
        discount = self._discount(ahead)
        expected = sum((np.append(np.zeros(one.day - self.entry_day), one.expected(ahead)[:, 2:] @ CASH)[:ahead]
                        for one in self._listings.values()), np.zeros(ahead))
        cash = np.array(self._cash_usd[:days])
        return HostRecord(self.name, self.entry_day, self.exit_day, self._first, self._capital_usd,
                          float(discount @ expected), float(discount[:days] @ expected[:days]),
                          float(discount[:days] @ cash))

    def listings(self, desk: Desk) -> list[ListingRecord]:
        """What it expected of each of its listings and what came, of the same days as in its record."""
        assert self.entry_day is not None
        discount = self._discount(self._days_passed(desk))
        return [one.record(discount[one.day - self.entry_day:]) for one in self._listings.values()]

    def _days_passed(self, desk: Desk) -> int:
        """Days until the end of the run, whether it left or not, of those that it looked ahead."""
        self._close_days(desk)  # after the run's last day no midnight came
        return min(len(self._cash_usd), self.settings.entry.ahead_days)

    def _discount(self, days: int) -> np.ndarray:
        return np.asarray((1.0 + self.settings.entry.hurdle_per_year) ** (-(np.arange(days) + 0.5) / DAYS_PER_YEAR))

    # ---- its days

    def _live(self, desk: Desk) -> Generator[Event, Any, None]:
        entered = day = int(desk.env.now // DAY_S)
        next_review = entered + STEP_DAYS
        while desk.env.now < self._beliefs.horizon_days * DAY_S:
            day = int(desk.env.now // DAY_S)
            if day > entered and not self.gone:
                self.usage.refresh(desk)
                self._pay_for_tokens(desk, day)
            self._close_days(desk)
            if not self.gone and day >= next_review:
                next_review += STEP_DAYS
                self._look_around(desk, day)
            # who left gets nothing of what it had expected: its days are counted on
            if not self.gone and day > entered:
                self._plan(desk, day)
            self._pay_for_the_day(desk, day)
            yield desk.env.timeout((day + 1) * DAY_S - desk.env.now)

    def _plan(self, desk: Desk, day: float, *, at_once: bool = False) -> None:
        """Rent as many GPUs as the replicas take, then place them."""
        for index, pool in enumerate(self.pools):
            rows, wants = self._wants(desk, index, day)
            for row, want in zip(rows, wants, strict=True):
                # an estimate may shoot over what is needed; for days on end it does not
                at_limit = want.replicas > want.most and desk.board.replicas[row] == want.most
                self._days_at_limit[row] = self._days_at_limit.get(row, 0) + 1 if at_limit else 0
                if self._days_at_limit[row] > PATIENCE_DAYS:
                    raise MarketError(f"{self.name} would need {want.replicas:.1f} replicas of "
                                      f"{self.planned[row].model.name}, but supply.entry.max_replicas is {want.most}; "
                                      "it must be higher")
            pool.rented = sum(n * want.gpus for n, want in zip(pack(ROOM, wants, self._rules), wants, strict=True))
        super()._plan(desk, day, at_once=at_once)

    def _look_around(self, desk: Desk, day: int) -> None:
        """Once a month: drop listings, leave, or list more."""
        beliefs, overhead = self._beliefs, self.host.overhead_usd_per_day
        beliefs.outlook.read(desk.offer_days)
        trial = self.settings.shelf.trial_days
        kept = []
        for row in [row for row in self.planned if row not in self.retired]:
            worth = beliefs.appraisal.staying(desk, beliefs.outlook, row, overhead, day)
            old = day - desk.board.listed_s[row] / DAY_S >= trial
            if old and worth.quarter_usd < 0:
                self._retire(desk, row)
            else:
                kept.append(worth)
        past = self._cash_usd[-LOOK_BACK_DAYS:]
        hopeless = sum(worth.value_usd for worth in kept) < 0 and sum(past) < 0
        if not kept or (hopeless and len(self._cash_usd) >= QUARTER_MONTHS * STEP_DAYS):
            self.exit_day = day
            self._exit(desk)
            return
        self._list(desk, self.worth_listing(self.prospects(desk, day)), day)

    def _list(self, desk: Desk, prospects: Sequence[Prospect], day: int) -> None:
        for one in prospects:
            self.planned[one.row] = self.potential[one.row]
            self._targets[one.row] = 0
            self.usage.expect(one.row, one.load, one.revenue_usd)
            self._listings[one.row] = self._listed(desk, one, day)
            self._invest(desk, day, self._terms_usd(self.settings.entry.listing_usd))

    def _listed(self, desk: Desk, one: Prospect, day: int) -> EntrantListing:
        model, offer = int(desk.offer_model[one.row]), self.potential[one.row]
        there = int((desk.board.listed & (desk.offer_model == model)).sum())
        return EntrantListing(Offered(self.name, offer.model.name, day - offer.model.release_day, there), day, one)

    # ---- its money

    def _terms_usd(self, usd: float) -> float:
        return usd * self._beliefs.price_factor

    def _invest(self, desk: Desk, day: int, usd: float) -> None:
        self._capital_usd += usd
        self._pay(desk, day, "entry", usd)

    def _pay(self, desk: Desk, day: int, purpose: str, usd: float) -> None:
        desk.ledger.pay(day, Account("provider", self.name, "cash"), Account("supplier", purpose, self.name),
                        round(usd * NANO_PER_USD))

    def _pay_for_the_day(self, desk: Desk, day: int) -> None:
        if self.gone:
            self._bill_usd, self._gpus_usd = 0.0, {}
            return
        listings = sum(1 for row in self.planned if row not in self.retired)
        overhead = self._terms_usd(self.host.overhead_usd_per_day) * listings
        self._pay(desk, day, "overhead", overhead)
        rows = book_day(self.name, self.pools, desk.ledger, day)
        self.pool_days.extend(row for row in rows if row.rented or row.cost_nano)
        self._bill_usd = overhead + USD_PER_NANO * sum(row.cost_nano for row in rows)
        self._gpus_usd = {row: self._replicas_usd(row, day) for row in self.planned if row not in self.retired}

    def _replicas_usd(self, row: int, day: int) -> float:
        """What the GPUs of a listing cost today."""
        hardware = self.planned[row].hardware
        return HOURS_PER_DAY * self.pools[hardware.pool].usd_per_hour(day) * hardware.gpus * self._targets[row]

    def _close_days(self, desk: Desk) -> None:
        assert self.entry_day is not None
        for day in range(self.entry_day + len(self._cash_usd), len(desk.offer_days)):
            self._close_day(desk, day)

    def _close_day(self, desk: Desk, day: int) -> None:
        """Note what came of a day that ended."""
        self._cash_usd.append(self._cash_of(desk, day))
        outlook, appraisal, of_day = self._beliefs.outlook, self._beliefs.appraisal, desk.offer_days[day]
        outlook.read(desk.offer_days)
        overhead = self._terms_usd(self.host.overhead_usd_per_day)
        for row, one in self._listings.items():
            there = row in self._gpus_usd
            tokens = float(of_day.prompt_tokens[row] + of_day.output_tokens[row])
            revenue = float(of_day.revenue_nano[row]) * USD_PER_NANO - self._variable_usd * tokens
            came = Flows(outlook.tokens_on(day, int(desk.offer_model[row])), tokens, revenue,
                         self._gpus_usd.get(row, 0.0), overhead if there else 0.0)
            one.note(came, appraisal.needed_usd(row, tokens, day) if there else 0.0, appraisal.experience)

    @property
    def _variable_usd(self) -> float:
        """What a token costs besides GPUs."""
        return self._terms_usd(self.settings.costing.variable_usd_per_mtok) * MTOK_PER_TOKEN

    def _cash_of(self, desk: Desk, day: int) -> float:
        """Revenue of a day that ended less all that it cost, USD."""
        of_day, rows = desk.offer_days[day], list(self.planned)
        tokens = float(of_day.prompt_tokens[rows].sum() + of_day.output_tokens[rows].sum())
        return float(of_day.revenue_nano[rows].sum()) * USD_PER_NANO - self._variable_usd * tokens - self._bill_usd

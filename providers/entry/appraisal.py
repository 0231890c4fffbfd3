"""What a listing is worth to a host: the cash flow that it may expect, for as long as that is worth waiting for.

    (E53)  V(S) = sum_{m in S} ( max_T sum_{tau < T} delta^tau [ (p - v) s D(t + tau) - C(s D) - overhead ] - K_m ) - K

with p and s of E54, D of E52, C the GPUs of whole replicas as in E50, delta the hurdle, K the cost of a firm and K_m of
a listing. T is free: a host may always leave. Of D only what no seller holds counts (E56), and as software goes on
getting faster (E51), p falls as unit costs do, and C needs fewer replicas.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from providers.cost.expected_volume import ROUNDING
from providers.entry.lessons import Forecast, PastListings
from providers.entry.meeting import (
    FREE,
    Behind,
    Incumbents,
    Meeting,
    behind_of,
    depends_on_level,
    meet,
    steepness,
    table_of,
    typical_usd,
)
from providers.entry.outlook import STEP_DAYS, Outlook
from providers.firms.price_reviews import Sellers
from providers.firms.rule_mix import ModelDemand
from providers.firms.shelf import PlannedOffer
from providers.pricing.registry import STRATEGIES, bind
from providers.pricing.sold_through import Rules
from sim.market.desk import Desk
from sim.scenario.entry_settings import EntrySettings
from sim.scenario.firm_settings import SupplySettings
from sim.scenario.pricing_settings import PricingChoice
from sim.units import DAY_S, DAYS_PER_YEAR, HOURS_PER_DAY, MTOK_PER_TOKEN, PICO_PER_USD_PER_MTOK

if TYPE_CHECKING:
    from providers.entry.cash_ahead import Listing
    from providers.entry.rooms import SellerBehind

ALONE: Final = 2.5  # price over unit cost of a seller without rivals, where its strategy names no markup
CEILING: Final = 10.0  # highest price over unit cost that is expected, where a strategy has no ceiling
MOST_BEHIND: Final = 60  # further sellers of a model that are looked at: beyond, the last one's cash stands
VOLUME_ROUNDS: Final = 3  # of cost and share, where sellers price on their expected volume


STANDARD: Final = NormalDist()


class Prospect(NamedTuple):
    """A listing as its host expects it, in the money that is charged."""

    row: int
    value_usd: float  # discounted, before the cost of listing
    forecast: Forecast  # of each month ahead, until it would leave
    plain: Forecast  # the same by who learned nothing from others
    load: float  # replicas that its demand fills now
    revenue_usd: float  # a day, now


class Remainder(NamedTuple):
    """What a listing that is there is still worth to its host, in the money that is charged."""

    row: int
    value_usd: float  # discounted
    quarter_usd: float  # cash of the next 90 days, whether it would leave before or not


class Candidate(NamedTuple):
    """An offer that might be made, and who would make it."""

    row: int
    overhead_usd: float  # of keeping it, a day
    gpu_factor: float  # what the host pays for its GPUs over the median type
    efficiency: float  # how fast its engines are over the median type's


class Offering(NamedTuple):
    """A newcomer at a model, and who comes after it."""

    seat: Candidate
    usd: float  # its unit cost, per million tokens
    behind_usd: np.ndarray  # float64 (numbers of more,): that of the last of those behind it


class Ahead(NamedTuple):
    """What a newcomer would meet with nobody, one, two ... behind it, and for how many more there is room."""

    met: Meeting
    room: np.ndarray  # int64 (months,)


class Month(NamedTuple):
    """Of a model now: tokens a day, those that no seller holds, and demand in each month ahead over these."""

    whole: float
    tokens: float
    factors: np.ndarray
    behind: np.ndarray  # sellers of the model that are expected to have come by then, while there is room
    day: int
    from_pool: int  # sellers from the pool that are there


class Life(NamedTuple):
    """How long a listing is worth keeping, and what it is worth then."""

    value_usd: float
    months: int


class Appraisal:
    """Values of listings; rows as in ``Desk.offers``.

    Parameters
    ----------
    planned
        All offers.
    settings
        Supply.
    sellers
        Prices and unit costs of all offers, and the rules through which they sell.
    price_factor
        Factor on all money.
    pool
        Names of the potential hosts.

    Attributes
    ----------
    experience
        What became of listings so far.
    """

    def __init__(self, planned: Sequence[PlannedOffer], settings: SupplySettings, sellers: Sellers,
                 price_factor: float, pool: Collection[str] = ()) -> None:
        self._from_pool = np.array([offer.firm in pool for offer in planned], bool)
        self.experience = PastListings(settings.entry)
        self._planned, self._settings, self._sellers = planned, settings, sellers
        self._usage, self._costs = sellers.usage, sellers.unit_costs
        self._factor = price_factor
        asks = {name: _asks(firm.pricing) for name, firm in settings.firms.items()}
        # by the first row of who sells a model: when, and by what was told, they were looked at
        self._met: dict[int, tuple[tuple[int, int], ModelDemand, Incumbents]] = {}
        self._there: dict[int, tuple[int, list[int]]] = {}  # by model: who sells it, and of when that is
        self._answers = np.array([asks[offer.firm].answers for offer in planned], bool)
        self._most = np.array([asks[offer.firm].most for offer in planned], float)
        self._alone = np.array([asks[offer.firm].alone for offer in planned], float)
        self._by_rank = _costs_by_rank(settings.entry)
        hurdle = settings.entry.hurdle_per_year
        years = (np.arange(max(1, settings.entry.ahead_days // STEP_DAYS)) + 0.5) * STEP_DAYS / DAYS_PER_YEAR
        self._discount = (1.0 + hurdle) ** -years
        self._cheaper = settings.costing.software_per_year ** -years  # cost of a token in each month ahead over today's

    def newcomers(self, desk: Desk, outlook: Outlook, seats: Sequence[Candidate], day: int) -> list[Prospect]:
        """Values of offers of one model that are not listed, each as if it alone came in now, with others after it.

        Offers that could not earn back their listing whatever their rivals did are left out.

        Parameters
        ----------
        desk, outlook
            The market, and what demand is expected.
        seats
            The offers.
        day
            Today.
        """
        if not seats:
            return []
        model, rows = int(desk.offer_model[seats[0].row]), [seat.row for seat in seats]
        there = self._sellers_of(desk, model, rows[0])
        tokens = self._demand(outlook, rows[0], model, day, bool(there))
        costs = [self._costs.usd_per_mtok(row, day) for row in rows]
        if self._settings.costing.basis == "volume":
            costs = self._at_volume(seats, costs, self._incumbents(desk, there, day), tokens, day)
        factors = outlook.factors(model, day, self._settings.entry.ahead_days)
        chances = [(seat, usd) for seat, usd in zip(seats, costs, strict=True)
                   if self._may_pay(seat, usd, tokens, factors, day)]
        if not chances:
            return []
        incumbents, typical = self._incumbents(desk, there, day), math.nan
        if depends_on_level(self._rules_of(rows[0])):
            medians = [self._median_cost(*pair) for pair in zip(seats, costs, strict=True)]
            typical = typical_usd(incumbents, costs, medians)
        month = self._month(outlook, model, day, tokens, factors, incumbents.from_pool)
        most, models = self._most_behind(outlook, month), outlook.models_a_host
        return [self._prospect(seat, self._look_ahead(
            Offering(seat, usd, self._behind_usd(seat, usd, incumbents, most + 1)), incumbents, typical, month, models),
            month) for seat, usd in chances]

    def _may_pay(self, seat: Candidate, usd: float, tokens: float, factors: np.ndarray, day: int) -> bool:
        """Whether it would earn its listing if it sold all at the most that it may ask, and on a single replica."""
        from providers.entry.cash_ahead import most_ahead  # numba, for which `--help` should not wait

        count, highest = len(factors), max(usd, FREE) * float(self._most[seat.row])
        most = most_ahead(highest, np.array([factors, self._cheaper[:count], self._discount[:count]]),
                          np.array(self.experience.lessons(count)), self._listing(seat, tokens, tokens, day))
        return bool(most > self._factor * self._settings.entry.listing_usd)

    def _listing(self, seat: Candidate, whole: float, tokens: float, day: int) -> Listing:
        """What is the same in all months of an offer, tokens of its model now and those that no seller holds given."""
        from providers.entry.cash_ahead import Listing  # numba, for which `--help` should not wait

        return Listing(whole, tokens, self._planned_tokens(seat.row), self._settings.costing.variable_usd_per_mtok,
                       HOURS_PER_DAY * self._replica_hour_usd(seat.row, day), self._factor, seat.overhead_usd)

    def _at_volume(self, seats: Sequence[Candidate], costs: Sequence[float], incumbents: Incumbents, tokens: float,
                   day: int) -> list[float]:
        """Unit costs at the volumes that they would expect, from these on."""
        for _ in range(VOLUME_ROUNDS):
            shares = self._shares(seats, costs, incumbents)
            costs = [self._costs.at(seat.row, day, tokens * share / self._planned_tokens(seat.row))
                     for seat, share in zip(seats, shares, strict=True)]
        return list(costs)

    def has_room(self, desk: Desk, outlook: Outlook, seat: Candidate, day: int) -> bool:
        """Whether one more seller of the median type would earn back its entry with a model now."""
        entry = self._settings.entry
        median = Candidate(seat.row, entry.overhead_usd_per_day, seat.gpu_factor, seat.efficiency)
        model = int(desk.offer_model[seat.row])
        there = self._sellers_of(desk, model, seat.row)
        tokens = self._demand(outlook, seat.row, model, day, bool(there))
        incumbents, usd = self._incumbents(desk, there, day), self._costs.usd_per_mtok(seat.row, day)
        behind = self._behind_usd(seat, usd, incumbents, 2)
        month = self._month(outlook, model, day, tokens, outlook.factors(model, day, STEP_DAYS), incumbents.from_pool)
        typical = typical_usd(incumbents, [usd], behind.tolist())
        ahead = self._look_ahead(Offering(median, usd, behind), incumbents, typical, month, outlook.models_a_host)
        return bool(ahead.room[0] >= 1)

    def _shares(self, seats: Sequence[Candidate], costs: Sequence[float], incumbents: Incumbents) -> list[float]:
        """Share of what the rules place that each would have with nobody behind it."""
        rules, ceiling = self._rules_of(seats[0].row), float(self._most[seats[0].row])
        behind = [self._behind_usd(*pair, incumbents, 1) for pair in zip(seats, costs, strict=True)]
        typical = typical_usd(incumbents, costs, np.concatenate(behind).tolist())
        return [float(meet(incumbents, usd, rules, ceiling, Behind(one, (0,)), typical).shares[0])
                for usd, one in zip(costs, behind, strict=True)]

    def _look_ahead(self, offering: Offering, incumbents: Incumbents, typical: float, month: Month,
                    models: float) -> Ahead:
        """What it would meet with nobody, one, two ... behind it, as far as there is room for them, and that room.

        Parameters
        ----------
        offering
            The newcomer, and who comes after it.
        incumbents
            Who sells its model.
        typical
            Price of all of them; asked for only by rules whose exponent depends on it.
        month
            Its model now.
        models
            With how many models a host comes in.
        """
        from providers.entry.rooms import look_ahead  # numba, for which `--help` should not wait

        seat, usd, behind = offering
        ceiling = float(self._most[seat.row])
        dear = self._over_median(incumbents.from_pool, len(behind))
        met, room = look_ahead(table_of(incumbents, usd, ceiling), np.vstack([behind_of(behind, ceiling), dear]),
                               steepness(self._rules_of(seat.row), typical),
                               np.array([month.factors, self._cheaper[:len(month.factors)]]),
                               self._seller_behind(seat, month, models))
        met[::2] = np.exp(met[::2])
        if len(incumbents.costs) == 0:
            # who is alone has no rule to answer: it asks what strategies ask then, not the most that they would
            met[0, 0] = min(met[0, 0], self._alone[seat.row] * usd)
        return Ahead(Meeting(*met), room)

    def _rules_of(self, row: int) -> Rules:
        # who is outside has seen no demand of its own: it believes what is published
        return self._sellers.knowledge.demand_of(row).rules

    def _behind_usd(self, seat: Candidate, usd: float, incumbents: Incumbents, count: int) -> np.ndarray:
        """Unit costs of who comes after with nobody, one, two ... more behind; float64 (count,).

        Those are like the median type, or like those who come next: what they pay and how fast they are, on the same
        GPU.
        """
        variable = self._settings.costing.variable_usd_per_mtok
        return np.asarray(variable + (self._median_cost(seat, usd) - variable)
                          * self._over_median(incumbents.from_pool, count))

    def _over_median(self, there: int, count: int) -> np.ndarray:
        """Cost of GPUs a token of the last of none, one ... more over the median type's, the cheapest first (E127)."""
        last = there + np.maximum(np.arange(count), 1)
        return np.asarray(self._by_rank[np.minimum(last, len(self._by_rank)) - 1])

    def _median_cost(self, seat: Candidate, usd: float) -> float:
        variable = self._settings.costing.variable_usd_per_mtok
        return variable + (usd - variable) * seat.efficiency / seat.gpu_factor

    def _month(self, outlook: Outlook, model: int, day: int, tokens: float, factors: np.ndarray,
               from_pool: int) -> Month:
        behind = self._settings.entry.expected_entry_share * outlook.behind(model, day, len(factors))
        # of one never sold all is loose
        return Month(float(outlook.mean_tokens(day)[model]) or tokens, tokens, factors, behind, day, from_pool)

    def _seller_behind(self, seat: Candidate, month: Month, models: float) -> SellerBehind:
        """Who comes after, as a host with so many models, on the replica of an offer."""
        from providers.entry.rooms import SellerBehind  # numba, for which `--help` should not wait

        entry, factor, learned = self._settings.entry, self._factor, self.experience.on_average()
        # over the time that it looks ahead; of the cost of a firm each model bears a part
        needed = (entry.listing_usd + entry.firm_usd / models) * factor / entry.ahead_days
        replica_usd = HOURS_PER_DAY * self._replica_hour_usd(seat.row, month.day)
        return SellerBehind(learned.volume * month.tokens, learned.price, seat.efficiency,
                            self._planned_tokens(seat.row), replica_usd, learned.gpus, seat.gpu_factor,
                            self._settings.costing.variable_usd_per_mtok, factor, entry.overhead_usd_per_day, needed)

    def _prospect(self, seat: Candidate, ahead: Ahead, month: Month) -> Prospect:
        """Cash with as many more in each month as come while there is room (E55), and what was learned (E128)."""
        from providers.entry.cash_ahead import cash_ahead  # numba, for which `--help` should not wait

        met, count = ahead.met, len(month.factors)
        number = np.floor(np.minimum(np.maximum(ahead.room, 0), month.behind) + ROUNDING).astype(int)
        number = np.minimum(number, len(met.prices) - 1)
        months = np.array([met.prices[number], met.shares[number], month.factors, self._cheaper[:count],
                           self._discount[:count]])
        listing = self._listing(seat, month.whole, month.tokens, month.day)
        plain, learned, value, life = cash_ahead(months, np.array(self.experience.lessons(count)), listing)
        now = month.tokens * float(met.shares[0])
        revenue = self._factor * now * MTOK_PER_TOKEN * float(met.prices[0])
        return Prospect(seat.row, value, Forecast(*learned[:, :life]), Forecast(*plain[:, :life]),
                        now / listing.planned_tokens, revenue)

    def _most_behind(self, outlook: Outlook, month: Month) -> int:
        """How many further sellers of a model may be expected: of those outside who can serve it, as they come."""
        entry = self._settings.entry
        able = math.ceil(outlook.outside * entry.familiar_share) if entry.expected_entry_share > 0 else 0
        come = math.floor(float(month.behind[-1]) + ROUNDING)
        return min(able, come, MOST_BEHIND)

    def staying(self, desk: Desk, outlook: Outlook, row: int, overhead_usd: float, day: int) -> Remainder:
        """Value of a listed offer from now on, at what it has been earning."""
        usage = self._usage
        factors = outlook.factors(int(desk.offer_model[row]), day, self._settings.entry.ahead_days)
        load = float(usage.replicas[row]) * factors
        variable = self._settings.costing.variable_usd_per_mtok * MTOK_PER_TOKEN * self._factor
        cheaper = self._cheaper[:len(factors)]
        margin = float(usage.revenue[row]) * factors * cheaper - variable * load * self._planned_tokens(row)
        cash = margin - self._gpus_usd(row, load * cheaper, day) - overhead_usd * self._factor
        return Remainder(row, self._worth(STEP_DAYS * cash)[0], float(STEP_DAYS * cash[:3].sum()))

    def needed_usd(self, row: int, tokens: float, day: int) -> float:
        """What a day's GPUs cost of the whole replicas that so many tokens need as planned (E50), USD."""
        return float(self._gpus_usd(row, np.array(tokens / self._planned_tokens(row)), day))

    def _gpus_usd(self, row: int, load: np.ndarray, day: int) -> np.ndarray:
        """Cost of a day's GPUs, USD, of whole replicas (E50)."""
        replicas = np.maximum(1.0, np.ceil(load - ROUNDING))
        return np.asarray(HOURS_PER_DAY * self._replica_hour_usd(row, day) * replicas)

    def _replica_hour_usd(self, row: int, day: int) -> float:
        return self._planned[row].hardware.gpus * self._costs.gpu_hour(row, day) * self._factor

    def _worth(self, months_usd: np.ndarray) -> Life:
        """Value of this cash, for as long as it is worth waiting for."""
        worth = np.cumsum(self._discount * months_usd)
        last = int(np.argmax(worth))
        return Life(float(worth[last]), last + 1)

    def _demand(self, outlook: Outlook, row: int, model: int, day: int, sold: bool) -> float:
        """Tokens a day of a model that no seller holds; of one never sold what firms expect of new models."""
        lately = float(outlook.mean_tokens(day)[model])
        if lately > 0 or sold:
            return lately * self._sellers.knowledge.demand_of(row).loose
        shelf, age = self._settings.shelf, max(0.0, day - self._planned[row].model.release_day)
        return float(shelf.expected_load * 0.5 ** (age / shelf.half_life_days) * self._planned_tokens(row))

    def _planned_tokens(self, row: int) -> float:
        """Tokens a day that a replica serves as planned, u kappa of E50."""
        served, target = self._usage.served, self._settings.autoscaling.target_utilisation
        return float(served.requests_per_s[row] * (served.prompt[row] + served.output[row])) * DAY_S * target

    def _sellers_of(self, desk: Desk, model: int, row: int) -> list[int]:
        """Rows of who sells the model of an offer now; looked up once until somebody moves."""
        version, known = desk.board.version_of(row), self._there.get(model)
        if known is None or known[0] != version:
            rows = np.flatnonzero((desk.offer_model == model) & desk.board.listed).tolist()
            known = self._there[model] = (version, rows)
        return known[1]

    def _incumbents(self, desk: Desk, there: Sequence[int], day: int) -> Incumbents:
        """Who sells a model now; looked at once for all who look at it on a day, until somebody moves."""
        if not there:
            none = np.zeros(0)
            return Incumbents(none, none, none.astype(bool), none, none)
        moment, told = (day, desk.board.version_of(there[0])), self._sellers.knowledge.demand_of(there[0])
        known = self._met.get(there[0])
        if known is None or known[0] != moment or known[1] != told:
            known = self._met[there[0]] = (moment, told, self._seen(desk, there, day, told))
        return known[2]

    def _seen(self, desk: Desk, there: Sequence[int], day: int, told: ModelDemand) -> Incumbents:
        served = self._usage.served
        posted = [desk.board.prices_of(row).blended(served.billed(row)) / PICO_PER_USD_PER_MTOK for row in there]
        costs = [self._costs.usd_per_mtok(row, day) for row in there]
        bound = np.array([told.held.get(row, 0.0) for row in there])
        rows = list(there)
        return Incumbents(np.array(costs), np.array(posted), self._answers[rows], self._most[rows], bound,
                          int(self._from_pool[rows].sum()))


def _costs_by_rank(entry: EntrySettings) -> np.ndarray:
    """Cost of GPUs a token over the median type's, of the first, second ... of who is able; float64 (able,)."""
    able = max(1.0, entry.types * entry.familiar_share)
    if entry.come_after == "median":
        return np.ones(1)
    ranks = [min(number - 0.5, able - 0.5) / able for number in range(1, math.ceil(able) + 1)]
    spread = math.hypot(entry.gpu_price_sd, entry.efficiency_sd)
    return np.asarray(np.exp(spread * np.array([STANDARD.inv_cdf(rank) for rank in ranks])))


class Asks(NamedTuple):
    """What a strategy asks: whether it answers the rules, and price over unit cost at the most and without rivals."""

    answers: bool
    most: float
    alone: float


def _asks(choice: PricingChoice) -> Asks:
    kind = STRATEGIES.get(choice.kind)
    given = getattr(bind(choice), "parameters", None)
    return Asks(kind is not None and kind.answers_rules, float(getattr(given, "ceiling_markup", CEILING)),
                float(getattr(given, "markup", ALONE)))

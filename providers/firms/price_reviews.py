"""How prices move: reviews at the times that a strategy sets, and reactions to rivals' changes."""

from collections.abc import Callable, Generator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.random import Generator as Rng
from simpy import Event

from providers.firms.across_models import AcrossModels
from providers.firms.expectations import Usage
from providers.firms.knowledge import Knowledge
from providers.firms.rivalry import Rivalry
from providers.firms.shelf import PlannedOffer
from providers.firms.unit_costs import UnitCosts
from providers.pricing.registry import STRATEGIES, bind
from providers.pricing.residual_demand import Belief
from providers.pricing.situation import Across, DatedList, Situation
from providers.pricing.sold_through import Rules
from providers.pricing.strategy import Steady
from sim.market.desk import Desk
from sim.market.models.model import Model
from sim.market.posting import Posting
from sim.market.prices import Prices, prices_of_usd
from sim.scenario.firm_settings import SupplySettings
from sim.streams import Streams
from sim.units import DAY_S, HOUR_S, PICO_PER_USD_PER_MTOK

AT_LIST: Final = 0.01  # prices that differ by less are the same: of most, that is less than a step of the grid
SOONEST_S: Final = 60.0  # between prices, so that two sellers who answer at once do not stop the clock


class _Known(NamedTuple):
    """All but the time that a seller's situation depends on; what it reads in the books is that of the last day."""

    day: int
    days_read: int
    version: int  # of its model's offers and prices
    replicas: int
    own: Prices | None
    rules: Rules
    belief: Belief | None
    across: Across | None


class Sellers:
    """Prices of all offers; the one place from which they are posted. Rows as in ``Desk.offers``.

    Each offer has a strategy of its own and two random streams, ``providers/<firm>/price/<model>`` and
    ``providers/<firm>/reaction/<model>``: what rivals do never shifts the draws of its reviews.

    Parameters
    ----------
    planned
        All offers, in the order of their rows.
    settings
        Supply.
    streams
        Streams of this replication.
    usage
        What sellers know of the traffic.
    cost_per_hour
        Cost now of one GPU under an offer (row, day), USD per hour.

    Attributes
    ----------
    knowledge
        What they know of the demand they face.
    usage
        What sellers know of the traffic.
    unit_costs
        What a million tokens of each offer cost now.
    postings
        Every posting of prices, with the cost that stood beside it.
    """

    def __init__(
        self, planned: Sequence[PlannedOffer], settings: SupplySettings, streams: Streams, usage: Usage,
        cost_per_hour: Callable[[int, int], float],
    ) -> None:
        self._planned, self._settings, self.usage = planned, settings, usage
        self.unit_costs = UnitCosts(planned, settings, usage, cost_per_hour)
        self._strategies = [
            bind(settings.firms[offer.firm].pricing, f"supply.firms.{offer.firm}.pricing") for offer in planned
        ]
        # a day's hours are no repricing
        self._reason = ["schedule" if STRATEGIES[settings.firms[offer.firm].pricing.kind].by_the_clock else "review"
                        for offer in planned]
        # of those that were launched: most offers that may be made never are
        self._streams, self._review_rng, self._react_rng = streams, dict[int, Rng](), dict[int, Rng]()
        self._reviewing = np.zeros(len(planned), bool)
        self._reacting = np.zeros(len(planned), bool)
        self._list_price = [_list_price(offer.model) for offer in planned]
        self._list_changes = [_list_changes(offer.model) for offer in planned]
        self._gone = np.zeros(len(planned), bool)
        self._seen: dict[int, tuple[_Known, Situation]] = {}  # last, by row
        self.postings: list[Posting] = []
        self._launched_s = np.full(len(planned), np.inf)
        # rows are sorted by model, so that the rivals of an offer are its neighbours
        names = [offer.model.name for offer in planned]
        last = {name: row for row, name in enumerate(names)}
        first = {name: len(names) - 1 - row for row, name in enumerate(reversed(names))}
        self._first, self._end = [first[name] for name in names], [last[name] + 1 for name in names]
        self.knowledge = Knowledge(names, settings.learning if settings.knowledge == "learned" else None)
        self._answers = [STRATEGIES[settings.firms[offer.firm].pricing.kind].answers_rules for offer in planned]
        self._looks = [STRATEGIES[settings.firms[offer.firm].pricing.kind].looks_across for offer in planned]
        self._across = AcrossModels(planned)
        self._rivalry = Rivalry(self._first, self._end)
        # a plain strategy takes no notice of rivals: there is no need to find out what it would see
        self._notices = [getattr(type(one), "react_s", None) is not Steady.react_s for one in self._strategies]

    def launch(self, desk: Desk, row: int) -> None:
        """Post the first prices of an offer that comes to the shelf; one that comes back keeps its prices.

        Its reviews begin; they end when it leaves the shelf.
        """
        if not np.isfinite(self._launched_s[row]):
            self._launched_s[row], offer = desk.env.now, self._planned[row]
            self._review_rng[row], self._react_rng[row] = (
                self._streams.generator(f"providers/{offer.firm}/{what}/{offer.model.name}")
                for what in ("price", "reaction"))
            seen = self.situation(desk, row, own=None)
            prices = self._strategies[row].launch(seen, self._review_rng[row])
            desk.board.post(desk.env.now, row, prices, "launch")
            self._note(row, seen, prices, launch=True)
        if not self._reviewing[row]:
            self._reviewing[row] = True
            desk.env.process(self._reviews(desk, row))

    def withdraw(self, row: int) -> None:
        """End the reviews of an offer for good."""
        self._gone[row] = True

    def situation(self, desk: Desk, row: int, own: Prices | None) -> Situation:
        """What the seller knows at this moment: at most moments what it knew before."""
        known, now = self._known(desk, row, own), desk.env.now
        last = self._seen.get(row)
        if last is not None and last[0] == known:
            return last[1].at(now)
        seen = self._look(desk, row, known)
        self._seen[row] = known, seen
        return seen

    def _known(self, desk: Desk, row: int, own: Prices | None) -> _Known:
        board, served, belief = desk.board, self.usage.served, None
        if self._answers[row]:  # only who answers the rules asks what they are
            price = 0.0 if own is None else own.blended(served.billed(row)) / PICO_PER_USD_PER_MTOK
            belief = self.knowledge.belief(row, price, served.capacity(row).tpot_s)
        return _Known(
            day=int(desk.env.now // DAY_S),
            days_read=served.days,
            version=board.version_of(row),
            replicas=int(board.replicas[row]),
            own=own,
            rules=self.knowledge.rules_of(row, belief),
            belief=belief,
            across=self._across.of(row, board, self.usage.tokens, served.billed(row)) if self._looks[row] else None,
        )

    def _look(self, desk: Desk, row: int, known: _Known) -> Situation:
        now, usage, served = desk.env.now, self.usage, self.usage.served
        rivals, rivals_changed_s = self._rivalry.shelf(desk.board, row).rivals_of(row)
        return Situation(
            now_s=now,
            hour=now % DAY_S / HOUR_S,
            launched_s=float(self._launched_s[row]),
            own=known.own,
            rivals=rivals,
            rivals_changed_s=rivals_changed_s,
            unit_cost_usd_per_mtok=self.unit_costs.usd_per_mtok(row, known.day),
            mix=served.billed(row),
            list_price=self._list_price[row],
            list_changes=self._list_changes[row],
            utilisation=float(usage.utilisation[row]),
            tokens_last_day=float(usage.tokens[row]),
            tokens_total=float(usage.tokens_total[row]),
            share_last_day=float(usage.share[row]),
            rules=known.rules,
            belief=known.belief,
            token_s=served.capacity(row).tpot_s,
            across=known.across,
            capacity_tokens_per_day=float(known.replicas * served.requests_per_s[row] * DAY_S
                                          * (served.prompt[row] + served.output[row])),
        )

    def _now(self, desk: Desk, row: int) -> Situation:
        return self.situation(desk, row, desk.board.prices_of(row))

    def _reviews(self, desk: Desk, row: int) -> Generator[Event, Any, None]:
        strategy, rng, seen = self._strategies[row], self._review_rng[row], self._now(desk, row)
        while True:
            wait = strategy.next_review_s(seen, rng)
            if not np.isfinite(wait):
                return
            yield desk.env.timeout(max(wait, SOONEST_S))
            # an offer that comes back to the shelf begins its reviews anew (`launch`): two at once would double their
            # rate
            if self._gone[row] or not desk.board.listed[row]:
                self._reviewing[row] = False
                return
            seen = self._now(desk, row)
            if self._post(desk, row, strategy.review(seen, rng), self._reason[row]):
                seen = self._now(desk, row)

    def _post(self, desk: Desk, row: int, prices: Prices | None, reason: str) -> bool:
        """Post new prices, if any, and let rivals notice; say whether anything changed."""
        if prices is None or prices == desk.board.prices_of(row):
            return False
        desk.board.post(desk.env.now, row, prices, reason)
        self._note(row, self._now(desk, row), prices, launch=False)
        for rival in range(self._first[row], self._end[row]):
            # a seller with a reaction under way does not start another: in a price war each answer would call forth
            # more, without end
            if rival != row and self._notices[rival] and desk.board.listed[rival] and not self._reacting[rival]:
                self._notice(desk, rival)
        return True

    def _note(self, row: int, seen: Situation, prices: Prices, launch: bool) -> None:
        price_usd = seen.blend(prices) / PICO_PER_USD_PER_MTOK
        self.postings.append(Posting(seen.now_s, row, price_usd, seen.unit_cost_usd_per_mtok,
                                     self._at_list(row, seen.now_s, prices), launch))

    def _at_list(self, row: int, now_s: float, prices: Prices) -> bool:
        held = [it.prices for it in self._list_changes[row] if it.from_s <= now_s]
        return any(_is_at(prices, listed) for listed in (self._list_price[row], *held[-1:]))

    def _notice(self, desk: Desk, row: int) -> None:
        """A rival has changed its prices; a seller that is about to react already does so once."""
        delay = self._strategies[row].react_s(self._now(desk, row), self._react_rng[row])
        if delay is not None:
            self._reacting[row] = True
            desk.env.process(self._reaction(desk, row, delay))

    def _reaction(self, desk: Desk, row: int, delay: float) -> Generator[Event, Any, None]:
        yield desk.env.timeout(max(delay, SOONEST_S))
        self._reacting[row] = False
        if desk.board.listed[row] and not self._gone[row]:
            prices = self._strategies[row].react(self._now(desk, row), self._react_rng[row])
            self._post(desk, row, prices, "react")


def _is_at(prices: Prices, listed: Prices | None) -> bool:
    """Whether input and output cost what the creator asks, as near as the currency's grid lets them."""
    return listed is not None and all(abs(ours - theirs) <= AT_LIST * theirs
                                      for ours, theirs in zip(prices[:2], listed[:2], strict=True))


def _list_changes(model: Model) -> tuple[DatedList, ...]:
    return tuple(DatedList(it.day * DAY_S, prices_of_usd(it.input_usd, it.output_usd)) for it in model.list_changes)


def _list_price(model: Model) -> Prices | None:
    if model.list_in_usd is None or model.list_out_usd is None:
        return None
    return prices_of_usd(model.list_in_usd, model.list_out_usd)

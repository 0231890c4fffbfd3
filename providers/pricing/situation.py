"""What a seller knows when it sets the prices of one offer."""

from dataclasses import dataclass
from typing import NamedTuple

from providers.pricing.residual_demand import Belief
from providers.pricing.sold_through import OPENROUTER_UNTIL_2026, Rules
from sim.market.prices import USUAL_MIX, Mix, Prices
from sim.units import DAY_S, HOUR_S, PICO_PER_USD_PER_MTOK


class DatedList(NamedTuple):
    """A creator's list price, and the market time in seconds from which it holds."""

    from_s: float
    prices: Prices


class Across(NamedTuple):
    """What a seller sees of other models.

    Attributes
    ----------
    reference
        Price of the cheapest model of another creator that is at least as good, else of the best below it, in the
        money in which demand is stated; 0 without any.
    as_good
        Whether that model is at least as good.
    successors
        Better models that its own creator has released since and somebody sells.
    share
        Its firm's share of all tokens sold on the last day.
    """

    reference: float
    as_good: bool
    successors: int
    share: float


@dataclass(frozen=True, kw_only=True)
class Situation:
    """One offer and its market at the moment of a decision.

    Attributes
    ----------
    now_s, launched_s
        Market time, and when the offer was first listed (``now_s`` at its launch), seconds.
    hour
        Hour of the day, 0 to 24.
    own
        Its posted prices; None before the launch.
    rivals
        Prices of the other listed offers of the same model, in any order.
    rivals_changed_s
        When each of ``rivals`` was last changed, in the same order.
    unit_cost_usd_per_mtok
        Cost of serving, USD per million tokens of what it expects to serve (S3).
    mix
        What it expects to be paid for: the blend in which its prices, and its rivals' as it sees them, stand beside
        that cost. In a game all sellers compare 3:1.
    list_price
        The creator's list price at the release; None if there is none.
    list_changes
        What the creator charged later and will charge, oldest first, as far as it is known.
    utilisation
        Share of its capacity in use, 0 to 1.
    tokens_last_day, tokens_total
        Tokens sold on the last accounting day, and since the launch.
    share_last_day
        Its share of the model's tokens on the last accounting day, 0 to 1; 0 without traffic.
    rules
        The rules through which it sells, as it knows them.
    belief
        What it has learned of how its share answers its price; None if it is told the rules.
    across
        What it sees of other models; None for strategies that do not ask.
    token_s
        Seconds that a token of an answer takes, as it plans; it takes its rivals to be as fast.
    capacity_tokens_per_day
        Tokens it could serve in a day; 0 if unknown.
    rivals_capacity_tokens_per_day
        Tokens that all rivals together could serve in a day; None if unknown, then each is taken to be as large as it.
    money_pico
        One unit of the money in which demand is stated, pico-dollars per token: 1 USD per million tokens in a market, a
        price of 1 in a game. It is the same for all sellers, whatever their costs.
    quality
        What customers would pay more for this offer than for a plain one of its model, in that money. A market's firms
        know of no such difference.
    rivals_quality
        The same of each of ``rivals``, in the same order; empty if all are plain.
    """

    now_s: float
    hour: float
    launched_s: float
    own: Prices | None
    rivals: tuple[Prices, ...]
    rivals_changed_s: tuple[float, ...]
    unit_cost_usd_per_mtok: float
    mix: Mix = USUAL_MIX
    list_price: Prices | None = None
    list_changes: tuple[DatedList, ...] = ()
    utilisation: float = 0.0
    tokens_last_day: float = 0.0
    tokens_total: float = 0.0
    share_last_day: float = 0.0
    rules: Rules = OPENROUTER_UNTIL_2026
    belief: Belief | None = None
    token_s: float = 0.0
    across: Across | None = None
    capacity_tokens_per_day: float = 0.0
    rivals_capacity_tokens_per_day: float | None = None
    money_pico: float = PICO_PER_USD_PER_MTOK
    quality: float = 0.0
    rivals_quality: tuple[float, ...] = ()

    def at(self, now_s: float) -> "Situation":
        """The same at another time."""
        other = object.__new__(Situation)  # `dataclasses.replace` hands all fields over one by one, at every review
        vars(other).update(vars(self), now_s=now_s, hour=now_s % DAY_S / HOUR_S)
        return other

    @property
    def price(self) -> float:
        """Its own blended price in the money in which demand is stated; 0 before the launch."""
        return 0.0 if self.own is None else self.blend(self.own) / self.money_pico

    @property
    def cost_pico(self) -> float:
        """Unit cost in pico-dollars per token, the unit of ``Prices``."""
        return self.unit_cost_usd_per_mtok * PICO_PER_USD_PER_MTOK

    def blend(self, prices: Prices) -> float:
        """What a token of its mix would cost at these prices, pico-dollars."""
        return prices.blended(self.mix)

    @property
    def age_days(self) -> float:
        """Days since the launch."""
        return (self.now_s - self.launched_s) / DAY_S

    @property
    def cheapest_rival(self) -> Prices | None:
        """Prices of the rival with the lowest blended price (the lowest input price of those that tie)."""
        return min(self.rivals, key=lambda prices: (self.blend(prices), prices)) if self.rivals else None

"""What a few customers who look at no price do to the price of all who take the cheapest, in closed form (E162).

Where all take the cheapest, sellers alike ask what they cost. With a share of demand that is spread over them whatever
they ask, each may sell its part of that at the ceiling instead: below some price nobody undercuts any more, there is no
equilibrium in single prices, and in the one in draws all earn what the lax customers are worth at the ceiling (P9,
Varian 1980). So prices either go in cycles or are drawn; both cost all customers alike.
"""

from collections.abc import Sequence

from providers.games.captive_customers import Captives, lowest_price


def relents_below(lax_share: float, ceiling: float, sellers: int) -> float:
    """Return the price over cost below which a seller rather asks the ceiling than undercuts (P9).

    Parameters
    ----------
    lax_share
        Share of demand that looks at no price, above 0 and below 1.
    ceiling
        The highest price over cost, above 1.
    sellers
        How many there are, at least 2.
    """
    return lowest_price(Captives(sellers, 1.0, ceiling, lax_share, 1.0 - lax_share))


def all_pay_more(lax_share: float, ceiling: float) -> float:
    """Return how much more all pay than where all take the cheapest (E162): the lax share of the ceiling's margin."""
    return lax_share * (ceiling - 1.0)


def blind_share(rules: Sequence[str]) -> float:
    """Return which share of rules looks at no price, those that take the cheapest left out of all."""
    from policies import bind
    from policies.price_responses import price_response
    from sim.price_response import STEEPEST, PriceResponse
    from sim.scenario import PolicyChoice

    answers = [price_response(bind(PolicyChoice(kind=rule))) for rule in rules]
    others = [it for it in answers if it != STEEPEST]
    return sum(it == PriceResponse() for it in others) / len(others) if others else 0.0


def expected(rules: Sequence[str], lax_share: float, ceiling: float) -> dict[str, float]:
    """Return what the decision rule compares, from inputs alone: all customers but a few take the cheapest.

    Hosts are alike. Newcomers who look at no price never pay less than those who take the cheapest, so that none is
    won; those who look at prices leave them alone.
    """
    return {"resisted": 1.0, "paid_more": blind_share(rules) * all_pay_more(lax_share, ceiling)}

"""What a few customers who look at no price do to the price of all who take the cheapest, in closed form (E162).

Where all take the cheapest, sellers alike ask what they cost. With a share of demand that is spread over them whatever
they ask, each may sell its part of that at the ceiling instead: below some price nobody undercuts any more, there is no
equilibrium in single prices, and in the one in draws all earn what the lax customers are worth at the ceiling (P9,
Varian 1980). So prices either go in cycles or are drawn; both cost all customers alike.
"""

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

"""What a change of cost does to prices where a router places demand by price (P11 of docs/market/pricing.md).

The pair of both answers tells competition from a rule that imitates it: who adds a markup to cost passes on all of any
change, who answers rivals passes on all of what befalls everybody, and little of what befalls it alone.
"""

import numpy as np

from providers.pricing.registry import PricingError


def own_pass_through(sellers: int, exponent: float, *, rivals_answer: bool) -> float:
    """Elasticity of a seller's price in its own cost, at the symmetric price of ``router_nash`` (P11).

    Parameters
    ----------
    sellers, exponent
        Number of sellers, and the exponent of the router; ``exponent (1 - 1/sellers)`` must be above 1.
    rivals_answer
        Whether rivals answer with prices of their own, or stand still.

    Raises
    ------
    PricingError
        If there is no such price.
    """
    share = 1 / sellers
    elasticity = exponent * (1 - share)
    if elasticity <= 1:
        raise PricingError(f"exponent is {exponent:g}: with {sellers} sellers it must be above {1 / (1 - share):g}")
    # own = d ln(e/(e-1)) by the own price, rival = by one rival's, both with their signs turned
    own = exponent * share / (elasticity - 1)
    if not rivals_answer:
        return 1 / (1 + own)
    rival = own * share / (1 - share)
    answers = (1 + own) * np.eye(sellers) - rival * (np.ones((sellers, sellers)) - np.eye(sellers))
    return float(np.linalg.solve(answers, np.eye(sellers)[0])[0])

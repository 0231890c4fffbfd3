"""How long a customer stays for the rest of an answer once its first token has come."""

import math

from sim.compiled import hot
from sim.draws import STAY, derive


@hot("float64(uint64, float64)", cache=True)
def stay_s(key: int, mean_s: float) -> float:
    """The stay of a request's customer, exponential with the class's mean, seconds; both engines call this one.

    Parameters
    ----------
    key
        The request's source of uniforms.
    mean_s
        Mean of its class, seconds; inf for one that stays to the end.
    """
    return float(-math.log1p(-derive(key, STAY, 0)) * mean_s)

"""How many servers a load needs: Erlang's formulas and square-root staffing.

``a`` is the offered load (arrival rate times mean service time) and ``c`` the number of servers. Sources: Erlang
(1917); Halfin and Whitt, "Heavy-Traffic Limits for Queues with Many Exponential Servers" (1981).
"""

import math

from sim.errors import MarketError


class StaffingError(MarketError):
    """A load or a number of servers makes no sense; the text says what is allowed."""


def erlang_b(servers: int, load: float) -> float:
    """Probability that a call is lost with ``servers`` servers and no queue (E12): B(c) = a B(c-1) / (c + a B(c-1)).

    Raises
    ------
    StaffingError
        If ``servers`` or ``load`` is negative.
    """
    if servers < 0 or load < 0:
        raise StaffingError(f"servers ({servers}) and load ({load:g}) must be 0 or more")
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = load * blocked / (count + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """Probability that a customer waits (E13): B / (1 - rho (1 - B)), rho = a / c; 1 when the load cannot be served."""
    if load >= servers:
        return 1.0
    blocked = erlang_b(servers, load)
    return blocked / (1.0 - load / servers * (1.0 - blocked))


def mean_wait(servers: int, load: float) -> float:
    """Mean wait in units of the mean service time, C / (c - a); inf when the load cannot be served."""
    return math.inf if load >= servers else erlang_c(servers, load) / (servers - load)


def servers_for(load: float, wait_probability: float) -> int:
    """Fewest servers at which at most ``wait_probability`` of the customers wait.

    Raises
    ------
    StaffingError
        If the probability is not above 0, or the load is negative.
    """
    if wait_probability <= 0:
        raise StaffingError(f"wait_probability is {wait_probability:g}; it must be above 0")
    # the recursion of `erlang_b` is carried along: calling it for every count would be quadratic in the load
    count, blocked = 0, erlang_b(0, load)
    while True:
        waits = 1.0 if load >= count else blocked / (1.0 - load / count * (1.0 - blocked))
        if waits <= wait_probability:
            return count
        count += 1
        blocked = load * blocked / (count + load * blocked)


def halfin_whitt(beta: float) -> float:
    """Limit of the probability to wait with ``a + beta sqrt(a)`` servers (S4): 1 / (1 + beta Phi(beta) / phi(beta))."""
    cumulative = 0.5 * (1.0 + math.erf(beta / math.sqrt(2.0)))
    density = math.exp(-beta * beta / 2.0) / math.sqrt(2.0 * math.pi)
    return 1.0 / (1.0 + beta * cumulative / density)


def square_root_staffing(load: float, beta: float) -> int:
    """Servers by the square-root rule, a + beta sqrt(a), rounded up (S4)."""
    return math.ceil(load + beta * math.sqrt(load))


def pooling_gain(load: float, customers: int, wait_probability: float) -> float:
    """Share of servers saved when ``customers`` equal, independent loads share one pool at the same service level."""
    apart = customers * servers_for(load, wait_probability)
    return 1.0 - servers_for(customers * load, wait_probability) / apart

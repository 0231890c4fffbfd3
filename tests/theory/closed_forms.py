"""Closed forms and exact numeric chains that the engine must reproduce in its degenerate limits.

Service times have mean 1 unless said, ``load`` is the offered load per server (below 1), and mean response
times include the service. No function here uses anything of the simulator.
"""

import math
from collections.abc import Callable, Sequence


def erlang_b(servers: int, offered: float) -> float:
    """Probability that a request is lost in M/G/n/n (Erlang 1917), by B(c) = aB/(c + aB) (E12)."""
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return blocked


def erlang_c(servers: int, offered: float) -> float:
    """Probability that a request waits in M/M/n, C = B/(1 - rho(1 - B)) (E13)."""
    blocked = erlang_b(servers, offered)
    return blocked / (1.0 - offered / servers * (1.0 - blocked))


def halfin_whitt(beta: float) -> float:
    """Limit of Erlang C with a + beta sqrt(a) servers as a grows (Halfin and Whitt 1981)."""
    cumulative = 0.5 * (1.0 + math.erf(beta / math.sqrt(2.0)))
    density = math.exp(-beta * beta / 2.0) / math.sqrt(2.0 * math.pi)
    return 1.0 / (1.0 + beta * cumulative / density)


def mmn_response(servers: int, load: float) -> float:
    """Mean response time of M/M/n, 1 + C(n, n load)/(n(1 - load))."""
    return 1.0 + erlang_c(servers, servers * load) / (servers * (1.0 - load))


def machine_repair(servers: int, users: int, think: float) -> tuple[float, float]:
    """Throughput and mean response time of M/M/c//N: users who think, and queue for servers (Kleinrock 1975, 3.8).

    (E22) Users at the servers are a birth-death chain: n rises at (users - n)/think and falls at min(n, servers). The
    response follows from Little's law for the whole circle, users = throughput (response + think).
    """
    weights = [1.0]
    for count in range(1, users + 1):
        weights.append(weights[-1] * (users - count + 1) / think / min(count, servers))
    throughput = sum(min(count, servers) * weight for count, weight in enumerate(weights)) / sum(weights)
    return throughput, users / throughput - think


def hedged_wait(load: float, after: float) -> float:
    """Mean wait for the faster of two M/M/1 queues, of which the second is joined ``after`` (E18).

    The wait for one is zero with probability 1 - rho, else exponential with rate 1 - rho, so that the smaller of W and
    ``after`` + W' has the mean rho (1 - e)/(1 - rho) + rho^2 e/(2 (1 - rho)) with e = exp(-(1 - rho) after).
    """
    left = math.exp(-(1.0 - load) * after)
    return load * (1.0 - left) / (1.0 - load) + load * load * left / (2.0 * (1.0 - load))


def mg1_response(load: float, scv: float) -> float:
    """Mean response time of M/G/1, Pollaczek-Khinchine; ``scv`` is the squared CV of service times (E10)."""
    return 1.0 + load * (1.0 + scv) / (2.0 * (1.0 - load))


def mm1_response_quantile(load: float, probability: float) -> float:
    """Quantile of the response time of M/M/1, which is exponential with rate 1 - load."""
    return -math.log(1.0 - probability) / (1.0 - load)


def two_state_wait(up_s: float, down_s: float) -> float:
    """Mean wait for a server that is up for a time of mean ``up_s``, then down for ``down_s``, s (E19).

    Poisson arrivals see time averages: with probability down/(up + down) one waits, for half of the down time.
    """
    return down_s * down_s / 2.0 / (up_s + down_s)


def ps_response(load: float) -> float:
    """Mean response time of M/G/1 processor sharing, whatever the sizes (Kleinrock 1976, section 4.4) (E11)."""
    return 1.0 / (1.0 - load)


def round_robin_response(servers: int, load: float) -> float:
    """Mean response time under round robin, which makes each server E_n/M/1 (Kleinrock 1975, section 6.4) (E14).

    T = 1/(1 - sigma), where sigma = (n load/(n load + 1 - sigma))^n.
    """
    rate = servers * load
    return 1.0 / (1.0 - fixed_point(lambda sigma: (rate / (rate + 1.0 - sigma)) ** servers))


def mdn_response(servers: int, load: float) -> float:
    """Mean response time of M/D/n with a central queue (Crommelin 1932; Tijms 2003, section 9.6.2) (E16).

    Deterministic service sends every n-th request of a central queue to the same server, so this is round
    robin as well.
    """
    wait, block = 0.0, 1
    while True:
        mean = block * servers * load
        tail = poisson_tail(block * servers, mean)
        term = tail - (tail - poisson_mass(block * servers, mean)) / load
        wait += term
        if abs(term) < 1e-14 and block > 10:
            return 1.0 + wait
        block += 1


def poisson_mass(count: int, mean: float) -> float:
    """P(N = count) for a Poisson variable."""
    return math.exp(count * math.log(mean) - mean - math.lgamma(count + 1.0))


def poisson_tail(count: int, mean: float) -> float:
    """P(N >= count) for a Poisson variable with count at or above its mean."""
    term = poisson_mass(count, mean)
    total = 0.0
    while term > 1e-18:
        total += term
        count += 1
        term *= mean / count
    return total


def supermarket_tail(choices: int, load: float, length: int) -> float:
    """Fraction of queues with at least ``length`` requests, load^((d^k - 1)/(d - 1)) (Mitzenmacher 2001)."""
    return load ** sum(choices**k for k in range(length))


def supermarket_response(choices: int, load: float) -> float:
    """Mean response time of power of d choices as the servers grow without limit (Mitzenmacher 2001) (E15)."""
    exponent, total = 0, 0.0
    while (term := load**exponent) > 1e-16:
        total += term
        exponent = choices * (exponent + 1)
    return total


def jsq2_response(load: float, longest: int = 200) -> float:
    """Mean response time of two exponential servers where a request joins the shorter queue.

    Solves the balance equations of the chain of (shorter, longer) queue, cut at ``longest``, and applies
    Little's law. Cutting neglects a share of order load**(2 longest).
    """
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import spsolve

    states = [(short, long) for long in range(longest + 1) for short in range(long + 1)]
    index = {state: number for number, state in enumerate(states)}
    entries: list[tuple[int, int, float]] = []
    for (short, long), state in index.items():
        for target, rate in jsq2_moves(short, long, 2.0 * load).items():
            if target in index:
                entries += [(index[target], state, rate), (state, state, -rate)]
    row, column, rate = (np.array(part) for part in zip(*entries, strict=True))
    keep = row != 0  # the balance of state 0 follows from the others; fix its probability at 1 instead
    matrix = coo_array((np.append(rate[keep], 1.0), (np.append(row[keep], 0), np.append(column[keep], 0))))
    weight = spsolve(matrix.tocsc(), np.eye(1, len(index))[0])
    number = np.array([short + long for short, long in index])
    return float(number @ weight / weight.sum() / (2.0 * load))


def jsq2_moves(short: int, long: int, rate: float) -> dict[tuple[int, int], float]:
    """Transitions out of (shorter, longer) queue with total arrival rate ``rate`` and unit service rates."""
    moves: dict[tuple[int, int], float] = {(min(short + 1, long), max(short + 1, long)): rate}
    for target, busy in (((short - 1, long), short > 0), ((short, long - 1), long > 0)):
        if busy:
            ordered = (min(target), max(target))
            moves[ordered] = moves.get(ordered, 0.0) + 1.0
    return moves


def inverse_power_shares(prices: Sequence[float], exponent: float) -> list[float]:
    """Shares of offers chosen in proportion to price**-exponent (OpenRouter: exponent 2) (E17)."""
    weights = [price**-exponent for price in prices]
    return [weight / sum(weights) for weight in weights]


def fixed_point(step: Callable[[float], float], start: float = 0.0) -> float:
    """Least fixed point of an increasing map of [0, 1), by iteration from below."""
    value, last = start, -1.0
    while value - last > 1e-15:
        last, value = value, step(value)
    return value


def bucket_loss(load: float, holds: int) -> float:
    """Share of Poisson requests that a token bucket turns away (E20).

    A bucket that holds n requests and fills in n services is M/D/1/n: what is missing from it is the work in a queue
    with n places. ``load`` is the arrival rate over the rate at which the bucket fills. The chain of the numbers left
    behind at departures gives its first probability, and that the loss (Gross and Harris 1998, chapter 5).
    """
    born = [poisson_mass(count, load) for count in range(holds)]
    left = [1.0]
    for count in range(holds - 1):
        later = sum(left[i] * born[count - i + 1] for i in range(1, count + 1))
        left.append((left[count] - left[0] * born[count] - later) / born[0])
    return 1.0 - 1.0 / (left[0] / sum(left) + load)


def priority_waits(rates: Sequence[float], second_moment: float) -> list[float]:
    """Mean waits in M/G/1 by priority, the highest first, nobody thrown out (Cobham 1954) (E21).

    W_k = (sum of rates)·E[S²]/2 / ((1 - s_(k-1))(1 - s_k)), where s_k is the load of the first k.
    """
    residual = sum(rates) * second_moment / 2.0
    waits, before = [], 0.0
    for rate in rates:
        waits.append(residual / ((1.0 - before) * (1.0 - before - rate)))
        before += rate
    return waits

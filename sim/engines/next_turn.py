"""The next turn of a closed loop, drawn from the turn before it; both engines call the same function.

All draws are counter-based (`sim.draws`), by the key of the turn, and that follows from the key of the session's first
turn and the number of the turn. So nothing that happens to a turn changes what the next one is, only when it comes; and
a loop may go on for ever without anybody holding its turns.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from sim.compiled import hot
from sim.draws import DOCUMENT, GOES_ON, OUTPUT, PATIENCE, PROMPT, THINK, TURN, derive, mix
from sim.engines.documents import document_of
from sim.engines.grid import on_grid
from sim.engines.record import Record, Rows, f8, i4, i8, table
from sim.engines.requests import ArrivingRequest

LOGNORMAL, CONSTANT, EXPONENTIAL, QUANTILES = 0, 1, 2, 3  # families of token counts
LEAST_TURN_S: Final = 0.001  # from one turn to the next of customers who do not pause
GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)


class ClosedLoop(Record):
    """What follows a turn in a client class."""

    delay_s: float = f8("one way between customer and router, s")
    goes_on: float = f8("share of turns that are followed by another of their session")
    think_s: float = f8("mean pause within a session, s")
    pause_s: float = f8("mean pause of a user before something new, s")
    patience_s: float = f8("mean patience, s; inf: for ever")
    zipf_exponent: float = f8("exponent of the law of documents' shares, a share falling with the rank to that power")
    users: int = i8("users who begin anew when a session is over; 0: it ends with that")
    longest: int = i4("longest prompt, tokens")
    max_turns: int = i4("longest session, turns")
    shared: int = i4("tokens that each first prompt begins with; 0: none")
    documents: int = i4("of how many documents these are")
    think_fixed: int = i4("1 if the pause within a session is always the same")
    pause_fixed: int = i4("1 if the pause before something new is always the same")


class TokenLaw(Record):
    """A distribution of token counts (`sim.demand.lengths`)."""

    centre: float = f8("lognormal: mean of the logarithm; exponential: scale, tokens; constant: the count, tokens")
    spread: float = f8("lognormal: standard deviation of the logarithm")
    kind: int = i4("its family")
    minimum: int = i4("smallest count, tokens")
    maximum: int = i4("largest count, tokens")
    first: int = i4("quantiles: its first knot")
    knots: int = i4("quantiles: how many it has")


class ClosedLoops(NamedTuple):
    """What follows a turn, by client class.

    Attributes
    ----------
    loops
        A row a class.
    laws
        Two rows a class: new prompt tokens, output tokens.
    knots
        float64 (n, 2): probabilities and token counts of all quantiles.
    """

    loops: Rows[ClosedLoop]
    laws: Rows[TokenLaw]
    knots: np.ndarray


def no_loops(classes: int) -> ClosedLoops:
    """Loops of so many classes in which nothing follows."""
    loops, laws = np.zeros(classes, ClosedLoop.dtype()), np.zeros(2 * classes, TokenLaw.dtype())
    return ClosedLoops(table(loops, ClosedLoop), table(laws, TokenLaw), np.empty((0, 2)))


@hot(cache=True)
def exponential(key: int, purpose: int, mean: float) -> float:
    """Exponential draw that belongs to a key and a purpose."""
    return float(-math.log1p(-derive(key, purpose, 0)) * mean)


@hot(cache=True)
def tokens(law: TokenLaw, knots: np.ndarray, key: int, purpose: int) -> int:
    """Token count that belongs to a key and a purpose; the families are those of `sim.demand.lengths`."""
    u = derive(key, purpose, 0)
    if law.kind == LOGNORMAL:
        # a standard normal from two uniforms (Box and Muller 1958)
        z = math.sqrt(-2.0 * math.log1p(-u)) * math.cos(2.0 * math.pi * derive(key, purpose, 1))
        value = np.rint(math.exp(law.centre + law.spread * z))
    elif law.kind == EXPONENTIAL:
        value = np.ceil(-math.log1p(-u) * law.centre)
    elif law.kind == QUANTILES:
        at = law.first + 1
        while knots[at, 0] < u:
            at += 1
        low, high = knots[at - 1], knots[at]
        value = np.rint(low[1] + (u - low[0]) / (high[0] - low[0]) * (high[1] - low[1]))
    else:
        value = np.rint(law.centre)
    return int(min(max(value, float(law.minimum)), float(law.maximum)))


@hot(cache=True)
def next_turn(of: ClosedLoops, rows: Rows[ArrivingRequest], at: int, ended_s: float, per_s: float) -> bool:
    """Replace a turn by the one that follows it; False, with nothing changed, if none does.

    Parameters
    ----------
    of
        What follows a turn, by class.
    rows, at
        The turn is row ``at``.
    ended_s
        When its router learned of its end, s.
    per_s
        Points of the grid of event times, 1/s.
    """
    row = rows[at]
    loop = of.loops[row.client_class]
    key = mix(row.key + GOLDEN * np.uint64(TURN))
    stays = row.turn < loop.max_turns and derive(key, GOES_ON, 0) < loop.goes_on
    if not stays and loop.users == 0:
        return False
    mean_s, fixed = loop.think_s if stays else loop.pause_s, loop.think_fixed if stays else loop.pause_fixed
    pause_s = mean_s if fixed == 1 else exponential(key, THINK, mean_s)
    born_s = on_grid(ended_s + loop.delay_s + pause_s, per_s)
    if mean_s == 0.0:  # at once: behind what it answers, and not without end where a refusal takes no time
        born_s = max(born_s + 1.0 / per_s, on_grid(row.born_s + LEAST_TURN_S, per_s))
    row.key = key
    row.born_s = born_s
    row.arrive_s = on_grid(row.born_s + loop.delay_s, per_s)
    row.patience_s = np.inf if loop.patience_s == np.inf else exponential(key, PATIENCE, loop.patience_s)
    prompt = tokens(of.laws[2 * row.client_class], of.knots, key, PROMPT)
    history = 0
    if stays:
        row.turn += 1
        history = row.prompt + row.output  # numba adds int32 as int64
    else:
        row.turn = 1
        row.session += loop.users if row.session >= 0 else 0
        if loop.shared > 0:
            prompt += loop.shared
            row.document = document_of(derive(key, DOCUMENT, 0), loop.documents, loop.zipf_exponent)
    # a prompt that is cut loses its oldest tokens, so it shares no prefix with what was said before
    fits = history + prompt <= loop.longest
    row.prompt = history + prompt if fits else loop.longest
    row.prefix = history if fits else 0
    row.output = tokens(of.laws[2 * row.client_class + 1], of.knots, key, OUTPUT)
    return True

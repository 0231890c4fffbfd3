"""Closed loops of a scenario as the tables from which engines draw the next turn (`sim.engines.next_turn`)."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from sim.demand.classes import ClientShare
from sim.demand.lengths import geometric_scale
from sim.engines.next_turn import CONSTANT, EXPONENTIAL, LOGNORMAL, QUANTILES, ClosedLoop, ClosedLoops, TokenLaw
from sim.engines.record import table
from sim.engines.requests import MAX_TOKENS
from sim.scenario import ClientClass, Closed, Lengths

_KINDS: Final = {"lognormal": LOGNORMAL, "constant": CONSTANT, "exponential": EXPONENTIAL, "quantiles": QUANTILES}


def is_closed(spec: ClientClass) -> bool:
    """Whether turns of a class wait for the end of those before them."""
    return isinstance(spec.arrivals, Closed) or (spec.sessions is not None and spec.sessions.loop == "closed")


def closed_loops(clients: Sequence[ClientShare], delay_s: np.ndarray) -> ClosedLoops | None:
    """Return what follows a turn in each class; None if nothing does in any.

    Parameters
    ----------
    clients
        The expanded classes.
    delay_s
        Of each the way to its router, s.
    """
    if not any(is_closed(client.spec) for client in clients):
        return None
    loops = np.zeros(len(clients), ClosedLoop.dtype())
    laws = np.zeros(2 * len(clients), TokenLaw.dtype())
    knots: list[np.ndarray] = [np.empty((0, 2))]
    for number, client in enumerate(clients):
        if not is_closed(client.spec):
            continue
        _fill(loops[number], {"delay_s": delay_s[number], "users": client.users, **_pauses(client.spec)})
        for row, spec in ((2 * number, client.spec.prompt_tokens), (2 * number + 1, client.spec.output_tokens)):
            own = np.column_stack((spec.probabilities, spec.values)) if spec.kind == "quantiles" else np.empty((0, 2))
            _fill(laws[row], {**_law(spec), "first": sum(map(len, knots)), "knots": len(own)})
            knots.append(own)
    return ClosedLoops(table(loops, ClosedLoop), table(laws, TokenLaw), np.ascontiguousarray(np.concatenate(knots)))


def _fill(row: np.void, values: dict[str, Any]) -> None:
    for name, value in values.items():
        row[name] = value


def _pauses(spec: ClientClass) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "patience_s": math.inf if spec.patience_s is None else spec.patience_s,
        "longest": min(spec.prompt_tokens.maximum, MAX_TOKENS),
    }
    if spec.shared_prefix is not None:
        fields |= {"shared": spec.shared_prefix.tokens, "documents": spec.shared_prefix.documents,
                   "zipf_exponent": spec.shared_prefix.zipf_exponent}
    if spec.sessions is not None:
        fields |= {"goes_on": 1.0 - 1.0 / spec.sessions.mean_turns, "max_turns": spec.sessions.max_turns,
                   "think_s": spec.sessions.think_s, "think_fixed": spec.sessions.pause == "constant"}
    if isinstance(spec.arrivals, Closed):
        fields |= {"pause_s": spec.arrivals.think_s, "pause_fixed": spec.arrivals.pause == "constant"}
    return fields


def _law(spec: Lengths) -> dict[str, Any]:
    """The parameters of a distribution, as `sim.demand.lengths.LengthSampler` has them."""
    variance = math.log1p(spec.cv**2)
    centre = {"lognormal": math.log(spec.mean) - variance / 2, "exponential": geometric_scale(spec.mean)}
    return {
        "kind": _KINDS[spec.kind], "centre": centre.get(spec.kind, spec.mean), "spread": math.sqrt(variance),
        "minimum": spec.minimum, "maximum": min(spec.maximum, MAX_TOKENS),
    }

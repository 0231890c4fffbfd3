"""Client classes, split into clients of Zipf sizes where the scenario asks for it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.demand.lengths import mean_tokens
from sim.demand.traces import trace_of
from sim.scenario import ClientClass, Closed, Trace, TrafficScenario


@dataclass(frozen=True)
class ClientShare:
    """One expanded client class: a whole class, or one client of a class that was split.

    Attributes
    ----------
    name
        Name of the expanded class: ``"chat"``, or ``"chat#3"`` for the third largest client of ``chat``.
    class_name
        Name of the scenario's class.
    share
        Share of the class's rate, in (0, 1]; the shares of a class add up to 1.
    spec
        The scenario's class.
    users
        Its users if arrivals are closed, load included.
    """

    name: str
    class_name: str
    share: float
    spec: ClientClass
    users: int = 0


def zipf_shares(clients: int, exponent: float) -> np.ndarray:
    """Shares of the clients of a class, largest first: rank to the power of ``-exponent``, normalised."""
    weights = np.arange(1, clients + 1, dtype=np.float64) ** -exponent
    return np.asarray(weights / weights.sum())


def expanded_classes(scenario: TrafficScenario) -> list[ClientShare]:
    """List the expanded client classes of a scenario, in the scenario's order and by falling size.

    A class with one client keeps its name; the others become ``name#1`` to ``name#n``.
    """
    expanded = []
    for name, spec in scenario.demand.items():
        shares = zipf_shares(spec.clients, spec.zipf_exponent)
        users = apportioned(users_of(spec, scenario.traffic.load), shares)
        if spec.clients == 1:
            expanded.append(ClientShare(name, name, 1.0, spec, users[0]))
            continue
        expanded += [
            ClientShare(f"{name}#{rank}", name, float(share), spec, users[rank - 1])
            for rank, share in enumerate(shares, 1)
        ]
    return expanded


def users_of(spec: ClientClass, load: float) -> int:
    """Users of a class with closed arrivals at a load: as many times its own, rounded, at least one; else 0."""
    return max(1, round(spec.arrivals.users * load)) if isinstance(spec.arrivals, Closed) else 0


def apportioned(total: int, shares: np.ndarray) -> list[int]:
    """Split a whole number by shares that add up to 1: rounded down, what is left to the largest remainders.

    Ties go to those that come first.
    """
    exact = total * shares
    whole = np.floor(exact).astype(np.int64)
    whole[np.argsort(whole - exact, kind="stable")[:total - int(whole.sum())]] += 1
    return [int(part) for part in whole]


def shared_tokens(clients: Sequence[ClientShare]) -> tuple[int, ...]:
    """Tokens that all prompts of each expanded class begin with."""
    return tuple(0 if client.spec.shared_prefix is None else client.spec.shared_prefix.tokens for client in clients)


def expected_output(spec: ClientClass) -> float:
    """Mean output of a class in tokens: what a router may know of a request's length beforehand.

    For a trace it is the mean of the file's outputs, else the mean of the distribution within its limits.

    Raises
    ------
    TraceError
        If the class replays a trace that cannot be read.
    """
    if isinstance(spec.arrivals, Trace):
        mean = trace_of(spec.arrivals).mean_output
        if not math.isnan(mean):  # clients of ServeGen may have no lengths; then the class's are drawn
            return mean
    return mean_tokens(spec.output_tokens)

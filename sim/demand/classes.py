"""Client classes, split into clients of Zipf sizes where the scenario asks for it."""

import math
from dataclasses import dataclass

import numpy as np

from sim.demand.lengths import mean_tokens
from sim.demand.traces import trace_of
from sim.scenario import ClientClass, Trace, TrafficScenario


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
    """

    name: str
    class_name: str
    share: float
    spec: ClientClass


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
        if spec.clients == 1:
            expanded.append(ClientShare(name, name, 1.0, spec))
            continue
        shares = zipf_shares(spec.clients, spec.zipf_exponent)
        expanded += [
            ClientShare(f"{name}#{rank}", name, float(share), spec) for rank, share in enumerate(shares, 1)
        ]
    return expanded


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

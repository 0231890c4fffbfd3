"""Routers as engines see them: a client-side router is as many as it has clients (docs/semantics.md, section 2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sim.demand.classes import ClientShare
from sim.scenario import TrafficScenario


@dataclass(frozen=True)
class ExpandedRouter:
    """A router of the scenario, or the one that a client runs for itself.

    Attributes
    ----------
    name
        ``"main"``, or ``"library@chat#3"`` for that of the client ``chat#3``.
    router_name
        Name of the scenario's router, whose settings it has.
    region
        Where it runs.
    client
        Index of the client whose own it is; None: it serves all that name it.
    """

    name: str
    router_name: str
    region: str
    client: int | None = None


def expanded_routers(scenario: TrafficScenario, clients: Sequence[ClientShare]) -> list[ExpandedRouter]:
    """List the routers of a scenario in its order; those of clients in the clients' order."""
    expanded = []
    for name, router in scenario.routers.items():
        if router.client_side:
            expanded += [ExpandedRouter(f"{name}@{client.name}", name, client.spec.region, index)
                         for index, client in enumerate(clients) if client.spec.router == name]
        else:
            expanded.append(ExpandedRouter(name, name, router.region))
    return expanded


def routers_of_clients(routers: Sequence[ExpandedRouter], clients: Sequence[ClientShare]) -> list[int]:
    """Index of the router that each client sends its requests to."""
    shared = {router.router_name: index for index, router in enumerate(routers) if router.client is None}
    own = {router.client: index for index, router in enumerate(routers) if router.client is not None}
    return [own[index] if index in own else shared[client.spec.router] for index, client in enumerate(clients)]

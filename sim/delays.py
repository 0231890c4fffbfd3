"""Delays between regions: shortest paths over the scenario's links."""

from sim.errors import ScenarioError
from sim.scenario import Network


def delays(network: Network) -> dict[tuple[str, str], float]:
    """One-way delays between all pairs of regions.

    Parameters
    ----------
    network
        Regions and two-way links.

    Returns
    -------
    dict
        Seconds by ``(from, to)``: the shortest path over the links plus ``local_delay_s`` once, so
        that a region reaches itself after ``local_delay_s``.

    Raises
    ------
    ScenarioError
        If no path joins two regions; the sentence names both.
    """
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(network.regions)
    for link in sorted(network.links, key=lambda link: link.delay_s, reverse=True):
        graph.add_edge(link.a, link.b, delay_s=link.delay_s)  # of parallel links the fastest stays
    found: dict[tuple[str, str], float] = {}
    for start in network.regions:
        paths = nx.single_source_dijkstra_path_length(graph, start, weight="delay_s")
        for end in network.regions:
            if end not in paths:
                joins = "join" if network.links else "is [], which joins"
                raise ScenarioError(f"network.links {joins} no path from region {start!r} to region {end!r}; "
                                    "every region must be reachable from every other")
            found[start, end] = network.local_delay_s + paths[end]
    return found

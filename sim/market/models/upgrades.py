"""The upgrade graph: which moves between models a workload considers, of what kind, and what each costs it.

Nodes are models. An edge is a move; its ``migration_cost`` is in units of the workload's own switching cost (psi in
E2), so 1 is a full switch to another creator and moves closer to home cost less:

    size      same family, sold side by side (released within ``LADDER_DAYS``), sizes apart by ``SIZE_RATIO`` or more
    family    same family otherwise: a later or earlier generation
    creator   another family of the same creator
    task      another creator, if on some task no more than ``task_drop`` of quality is lost
"""

from typing import Final, Literal

import networkx as nx
import numpy as np

from sim.market.models.model import Model, Models
from sim.scenario.model_settings import ModelSettings, Moves
from sim.units import DAYS_PER_YEAR

Kind = Literal["size", "family", "creator", "task"]
KINDS: Final[tuple[Kind, ...]] = ("size", "family", "creator", "task")
SIZE_RATIO: Final = 1.6  # parameters at least so many times those of the other: another size (assumption)
LADDER_DAYS: Final = 200.0  # released within so many days of each other: one ladder of sizes (assumption)
SAME_QUALITY: Final = 0.02  # mean quality that differs by no more is a move to the side (assumption)


def upgrade_graph(models: Models, settings: ModelSettings) -> "nx.DiGraph[str]":
    """Return all moves that workloads consider.

    Nodes carry ``creator``, ``family``, ``open``, ``total_b``, ``release_day`` and ``quality`` (mean over tasks); edges
    ``kind`` (of ``KINDS``), ``direction`` (``upgrade``, ``downgrade`` or ``side``, by mean quality) and
    ``migration_cost`` (switching costs).
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    mean = models.quality.mean(axis=0)
    for row, quality in zip(models.rows, mean, strict=True):
        graph.add_node(row.name, creator=row.creator, family=row.family, open=row.open, total_b=row.total_b,
                       release_day=row.release_day, quality=float(quality))
    # on the task where the move loses least: a model for code alone is still a move for those who write code
    smallest_loss = (models.quality[:, :, None] - models.quality[:, None, :]).min(axis=0)
    for i, old in enumerate(models.rows):
        for j, new in enumerate(models.rows):
            kind = move_kind(old, new)
            if i == j or (kind == "task" and smallest_loss[i, j] > settings.moves.task_drop):
                continue
            graph.add_edge(old.name, new.name, kind=kind, direction=_direction(mean[j] - mean[i]),
                           migration_cost=_cost(kind, settings.moves))
    return graph


def migration_matrix(graph: "nx.DiGraph[str]", models: Models) -> np.ndarray:
    """Return float64 (models, models): cost of a move from row to column, 0 to stay, inf if not considered."""
    if not len(models):
        return np.zeros((0, 0))
    matrix = nx.to_numpy_array(graph, nodelist=list(models.names), weight="migration_cost", nonedge=np.inf)
    np.fill_diagonal(matrix, 0.0)
    return np.asarray(matrix, np.float64)


def nearest_upgrades(graph: "nx.DiGraph[str]") -> "nx.DiGraph[str]":
    """Return the graph with, of each model's upgrades, only the nearest of each kind: what a figure can show.

    Nearest in time and size, among larger models for a move to another size and later ones for other moves.
    """
    nearest: nx.DiGraph[str] = nx.DiGraph()
    nearest.add_nodes_from(graph.nodes(data=True))
    for name in graph:
        for kind in KINDS:
            reachable = sorted(
                (_distance(graph, name, other), other) for other, edge in graph[name].items()
                if edge["kind"] == kind and edge["direction"] == "upgrade"
                and _is_ahead(graph, name, other, kind)
            )
            if reachable:
                nearest.add_edge(name, reachable[0][1], **graph.edges[name, reachable[0][1]])
    return nearest


def move_kind(old: Model, new: Model) -> Kind:
    """Kind of the move from one model to another."""
    if old.creator != new.creator:
        return "task"
    if old.family != new.family:
        return "creator"
    ratio = new.total_b / old.total_b
    side_by_side = abs(new.release_day - old.release_day) <= LADDER_DAYS
    return "size" if side_by_side and max(ratio, 1 / ratio) >= SIZE_RATIO else "family"


def _cost(kind: Kind, moves: Moves) -> float:
    return {"size": moves.size_cost, "family": moves.family_cost, "creator": moves.creator_cost,
            "task": moves.task_cost}[kind]


def _direction(gain: float) -> str:
    if abs(gain) <= SAME_QUALITY:
        return "side"
    return "upgrade" if gain > 0 else "downgrade"


def _is_ahead(graph: "nx.DiGraph[str]", old: str, new: str, kind: Kind) -> bool:
    field = "total_b" if kind == "size" else "release_day"
    return bool(graph.nodes[new][field] > graph.nodes[old][field])


def _distance(graph: "nx.DiGraph[str]", old: str, new: str) -> float:
    """Years between the releases plus decades of size between the models."""
    before, after = graph.nodes[old], graph.nodes[new]
    years = abs(after["release_day"] - before["release_day"]) / DAYS_PER_YEAR
    return float(years + abs(np.log10(after["total_b"] / before["total_b"])))

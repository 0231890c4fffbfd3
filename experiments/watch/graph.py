"""The upgrade graph of a run: where each model stands on the page, and which moves were made when."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sim.market.models.model import Model, Models
from sim.market.models.upgrades import nearest_upgrades, upgrade_graph
from sim.scenario.model_settings import ModelSettings
from sim.scenario.tasks import TASKS

if TYPE_CHECKING:
    import networkx as nx
    from pandas import DataFrame

ROUNDS: Final = 12  # of the spring layout: enough to part neighbours, too few to forget date and quality
EVENLY: Final = 0.7  # how far places go to even spacing, so that the middle is not crowded
SPRING: Final = 0.6  # distance that springs aim at, in units of 1/sqrt(nodes)


def graph_of(models: "DataFrame", moves: Mapping[str, Any]) -> "nx.DiGraph[str]":
    """Return the models with the nearest upgrade of each kind from each.

    Parameters
    ----------
    models
        The table ``models``.
    moves
        The scenario's table ``models.moves``.
    """
    rows = tuple(_model(row) for row in models.to_dict("records"))
    settings = ModelSettings.model_validate({"moves": dict(moves)})
    return nearest_upgrades(upgrade_graph(Models(rows), settings))


def _model(row: Mapping[str, Any]) -> Model:
    return Model(
        name=row["model"], creator=row["creator"], family=row["family"], open=bool(row["open"]),
        release_day=float(row["release_day"]), total_b=float(row["total_b"]), active_b=float(row["active_b"]),
        quality=tuple(float(row[f"quality_{task}"]) for task in TASKS), verbosity=float(row["verbosity"]),
        context_tokens=int(row["context_tokens"]), list_in_usd=None, list_out_usd=None)


def places(graph: "nx.DiGraph[str]") -> dict[str, tuple[float, float]]:
    """Return a place in the unit square for each model: later ones rather right, better ones rather up.

    Ranks of release and of quality are where networkx's spring layout starts; a few of its rounds bring models near
    those they are upgraded to, and apart from all others.
    """
    import networkx as nx

    names = list(graph)
    start = np.column_stack([_ranks([graph.nodes[name][field] for name in names])
                             for field in ("release_day", "quality")])
    begin = dict(zip(names, start, strict=True))
    if len(names) < 2:
        return {name: (0.5, 0.5) for name in names}
    laid = nx.spring_layout(graph.to_undirected(), pos=begin, k=SPRING / len(names) ** 0.5, iterations=ROUNDS, seed=0)
    found = np.array([laid[name] for name in names])
    unit = (found - found.min(axis=0)) / np.maximum(np.ptp(found, axis=0), 1e-9)
    spread = np.column_stack([_ranks(column) for column in unit.T])
    unit += EVENLY * (spread - unit)
    return {name: (float(x), float(y)) for name, (x, y) in zip(names, unit, strict=True)}


def _ranks(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Ranks from 0 to 1; equal values get ranks in their order."""
    order = np.argsort(np.array(values), kind="stable")
    ranks: np.ndarray = np.empty(len(values))
    ranks[order] = np.linspace(0, 1, len(values))
    return ranks


def moves_by_period(switches: "DataFrame", first: np.ndarray, row: Mapping[str, int]) -> list[list[list[int]]]:
    """Return for each period the moves between models as ``[before, after, workloads]``, the most frequent first.

    Parameters
    ----------
    switches
        The table ``switches``.
    first
        First day of each period.
    row
        Number of each model.
    """
    moved = switches.dropna(subset=["before", "after"])
    period = np.searchsorted(first, moved["day"].to_numpy(float), side="right") - 1
    counts = moved.assign(period=period).groupby(["period", "before", "after"]).size()
    out: list[list[list[int]]] = [[] for _ in first]
    for when, before, after, count in _counted(counts):
        out[when].append([row[before], row[after], count])
    return [sorted(moves, key=lambda move: (-move[2], move[0], move[1])) for moves in out]


def _counted(counts: Any) -> Iterator[tuple[int, str, str, int]]:  # noqa: ANN401 - a pandas series
    for (when, before, after), count in counts.items():
        yield int(when), before, after, int(count)

"""The upgrade graph as a figure: models by release date and quality, with the nearest upgrade of each kind."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.output.figure_style import save, styled
from experiments.output.names import name_points
from sim.errors import ScenarioError
from sim.market.models.model import Models
from sim.market.models.upgrades import KINDS, nearest_upgrades, upgrade_graph
from sim.scenario.model_settings import ModelSettings

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.scenario import MarketScenario

Places = dict[str, tuple[float, float]]  # name to date (matplotlib's days) and quality

SHOWN: Final = (
    "gpt-4", "gpt-4o", "gpt-4o-mini", "o1", "o3", "gpt-5", "gpt-5-nano", "gpt-5.2", "claude-3-opus",
    "claude-3.5-sonnet", "claude-3.7-sonnet", "claude-sonnet-4.5", "claude-opus-4.5", "gemini-1.5-pro",
    "gemini-2.5-pro", "gemini-3-pro", "llama-3.1-8b", "llama-3.1-405b", "llama-3.3-70b", "qwen3-8b",
    "qwen3-235b-a22b", "deepseek-v3", "deepseek-r1", "deepseek-v3.2", "kimi-k2", "gpt-oss-120b",
)
# Colours of Okabe and Ito, told apart by the colour-blind
KIND_COLOURS: Final = {"size": "#0072B2", "family": "#009E73", "creator": "#E69F00", "task": "#BBBBBB"}
KIND_LABELS: Final = {"size": "larger size", "family": "next generation", "creator": "other family, same creator",
                      "task": "another creator"}
MATPLOTLIB_EPOCH: Final = date(1970, 1, 1)  # its dates count days from here
OPEN_COLOUR: Final = "#D55E00"
CLOSED_COLOUR: Final = "#333333"


def draw_upgrades(
    models: Models, settings: ModelSettings, start: date, path: Path, shown: Sequence[str] | None = None
) -> None:
    """Write the figure.

    Parameters
    ----------
    models, settings
        Models of a run, and what moves cost.
    start
        First day of the run.
    path
        Files to write, without the suffix: SVG, PDF and PNG.
    shown
        Names to show; those of ``SHOWN`` that there are, if none are given.

    Raises
    ------
    ScenarioError
        If no model is left to show, or a given name is unknown.
    """
    rows = tuple(row for row in models.rows if row.name in (SHOWN if shown is None else shown))
    unknown = sorted(set(shown or ()) - set(models.names))
    if unknown or not rows:
        raise ScenarioError(f"the upgrade figure finds no model {unknown[0]!r} in the run" if unknown
                            else "the upgrade figure finds none of its models in the run; give names to show")
    graph = nearest_upgrades(upgrade_graph(Models(rows), settings))
    places: Places = {name: ((start - MATPLOTLIB_EPOCH).days + facts["release_day"], facts["quality"])
              for name, facts in graph.nodes(data=True)}
    with styled(**{"axes.grid": False}):
        save(_drawn(graph, places), path)


def _drawn(graph: "nx.DiGraph[str]", places: Places) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 7.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    _edges(axes, graph, places)
    _nodes(axes, graph, places)
    axes.set(xlabel="Release", ylabel="Quality, mean over tasks (0 to 1)")
    axes.set_title("Models and the nearest upgrade of each kind; the area of a dot grows with total parameters",
                   loc="left", fontsize=11)
    axes.xaxis_date()
    axes.margins(x=0.06, y=0.06)
    figure.legend(loc="outside lower center", ncols=6, fontsize=10)
    name_points(figure, axes, places)
    return figure


def models_of(scenario: "MarketScenario") -> Models:
    """Return all models of the first run of a market, drawn again from its streams."""
    from sim.market.models.catalogue import load_catalogue
    from sim.streams import Streams

    horizon = scenario.horizon
    return load_catalogue(scenario.models, horizon.start, horizon.days, Streams(scenario.seed, 0))


def _edges(axes: "Axes", graph: "nx.DiGraph[str]", places: Places) -> None:
    for kind in reversed(KINDS):
        axes.plot([], [], color=KIND_COLOURS[kind], linewidth=2, label=KIND_LABELS[kind])
        for old, new, edge in graph.edges(data=True):
            if edge["kind"] == kind:
                axes.annotate("", places[new], places[old], zorder=1 if kind == "task" else 2, arrowprops={
                    "arrowstyle": "-|>", "color": KIND_COLOURS[kind], "linewidth": 0.8 if kind == "task" else 1.6,
                    "shrinkA": 6, "shrinkB": 6, "connectionstyle": "arc3,rad=0.12"})


def _nodes(axes: "Axes", graph: "nx.DiGraph[str]", places: Places) -> None:
    for is_open, colour, label in ((True, OPEN_COLOUR, "open weights"), (False, CLOSED_COLOUR, "closed")):
        chosen = [(places[name], facts["total_b"]) for name, facts in graph.nodes(data=True)
                  if facts["open"] is is_open]
        if chosen:
            axes.scatter([place[0] for place, _ in chosen], [place[1] for place, _ in chosen], color=colour, zorder=4,
                         s=[12 + 5 * total**0.5 for _, total in chosen], label=label, edgecolors="white")

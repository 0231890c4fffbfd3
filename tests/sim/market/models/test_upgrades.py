"""The upgrade graph, its costs as a matrix, and its figure."""

from datetime import date
from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.studies.market import upgrade_figure
from experiments.studies.market.upgrade_figure import SHOWN, draw_upgrades
from sim.errors import ScenarioError
from sim.market.models.catalogue import load_catalogue
from sim.market.models.model import Model, Models
from sim.market.models.upgrades import KINDS, migration_matrix, move_kind, nearest_upgrades, upgrade_graph
from sim.scenario.model_settings import ModelSettings, Moves
from sim.streams import Streams
from worlds.numbers import sound

START = date(2025, 1, 1)
SETTINGS = ModelSettings()


@pytest.fixture(scope="module")
def models():
    return load_catalogue(SETTINGS, START, 548, Streams(1, 0))


@pytest.fixture(scope="module")
def graph(models):
    return upgrade_graph(models, SETTINGS)


@pytest.mark.parametrize(("old", "new", "kind", "direction"), [
    ("llama-3.1-8b", "llama-3.1-70b", "size", "upgrade"),
    ("llama-3.1-405b", "llama-3.1-70b", "size", "downgrade"),
    ("claude-3.5-sonnet", "claude-3.7-sonnet", "family", "upgrade"),
    ("gpt-4o", "o3", "creator", "upgrade"),
    ("llama-3.3-70b", "deepseek-r1", "task", "upgrade"),
    ("gpt-5", "claude-sonnet-4.5", "task", "side"),
])
def test_known_moves(graph, old, new, kind, direction):
    edge = graph.edges[old, new]
    assert (edge["kind"], edge["direction"]) == (kind, direction)


def test_moves_close_to_home_cost_less_than_a_full_switch(graph):
    costs = {edge["kind"]: edge["migration_cost"] for _, _, edge in graph.edges(data=True)}
    assert costs["task"] == 1.0
    assert all(0 <= costs[kind] < 1 for kind in ("size", "family", "creator"))


def test_a_far_worse_model_of_another_creator_is_not_considered(graph, models):
    assert not graph.has_edge("gpt-5.2", "llama-3.1-8b")
    assert graph.has_edge("llama-3.1-8b", "gpt-5.2")
    matrix = migration_matrix(graph, models)
    assert np.isinf(matrix[models.names.index("gpt-5.2"), models.names.index("llama-3.1-8b")])


def test_matrix_holds_the_edges(graph, models):
    matrix = migration_matrix(graph, models)
    assert matrix.shape == (len(models), len(models))
    assert matrix.dtype == np.float64
    assert (np.diag(matrix) == 0).all()
    assert np.isfinite(matrix).sum() == graph.number_of_edges() + len(models)
    for old, new, edge in graph.edges(data=True):
        assert matrix[models.names.index(old), models.names.index(new)] == edge["migration_cost"]


def test_nearest_upgrades_lead_upwards_only(graph):
    nearest = nearest_upgrades(graph)
    assert nx.is_directed_acyclic_graph(nearest)
    assert set(nearest) == set(graph)
    assert nearest.edges["llama-3.1-8b", "llama-3.1-70b"]["kind"] == "size"
    for name in nearest:
        kinds = [edge["kind"] for edge in nearest[name].values()]
        assert len(kinds) == len(set(kinds))


def test_no_model_and_one_model():
    assert migration_matrix(nx.DiGraph(), Models(())).shape == (0, 0)
    one = Models((_model("a", "x", "f", 7.0, 0.0, 0.5),))
    assert migration_matrix(upgrade_graph(one, SETTINGS), one).tolist() == [[0.0]]


def _model(name, creator, family, total_b, day, quality):
    return Model(name=name, creator=creator, family=family, open=True, release_day=day, total_b=total_b,
                 active_b=total_b, quality=(quality,) * 5, verbosity=1.0, context_tokens=1000, list_in_usd=None,
                 list_out_usd=None)


made = st.builds(_model, name=st.text("abcdefgh", min_size=1, max_size=6), creator=st.sampled_from("xyz"),
                 family=st.sampled_from("fg"), total_b=st.floats(0.1, 2000), day=st.floats(-900, 900),
                 quality=st.floats(0, 1))


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(made, min_size=1, max_size=12, unique_by=lambda row: row.name), drop=sound(0, 1),
       costs=st.lists(sound(0, 5), min_size=4, max_size=4))
def test_any_catalogue_gives_a_sound_graph(rows, drop, costs):
    moves = Moves(size_cost=costs[0], family_cost=costs[1], creator_cost=costs[2], task_cost=costs[3], task_drop=drop)
    models = Models(tuple(sorted(rows, key=lambda row: row.name)))
    graph = upgrade_graph(models, ModelSettings(moves=moves))
    matrix = migration_matrix(graph, models)
    for i, old in enumerate(models.rows):
        for j, new in enumerate(models.rows):
            kind = move_kind(old, new)
            assert kind == move_kind(new, old)
            if i == j:
                assert matrix[i, j] == 0
            elif kind == "task" and old.quality[0] - new.quality[0] > drop:
                assert np.isinf(matrix[i, j])
            else:
                assert matrix[i, j] == costs[KINDS.index(kind)]
    assert nx.is_directed_acyclic_graph(nearest_upgrades(graph))


def test_the_figure_is_drawn(tmp_path, models):
    shown = ("llama-3.1-8b", "llama-3.3-70b", "gpt-4o", "o1", "gpt-5")
    written = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        draw_upgrades(models, SETTINGS, START, folder / "upgrades", shown)
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert sorted(written[0]) == ["upgrades.pdf", "upgrades.png", "upgrades.svg"]
    assert written[0] == written[1]
    assert written[0]["upgrades.png"].startswith(b"\x89PNG")
    assert len(written[0]["upgrades.png"]) > 20_000


def test_no_label_touches_another_or_a_dot(models):
    graph = nearest_upgrades(upgrade_graph(models, SETTINGS)).subgraph(SHOWN)
    places = {name: (facts["release_day"], facts["quality"]) for name, facts in graph.nodes(data=True)}
    figure = upgrade_figure._drawn(graph, places)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    labels = [text for text in axes.texts if text.get_text()]
    assert sorted(text.get_text() for text in labels) == sorted(graph)
    boxes = [text.get_window_extent() for text in labels]
    assert not [(a, b) for a, b in combinations(boxes, 2) if a.overlaps(b)]
    dots = axes.transData.transform([place for dots in axes.collections for place in dots.get_offsets()])
    assert len(dots) == len(labels)
    assert not [(box, dot) for box in boxes for dot in dots if box.contains(*dot)]
    assert all(box.x0 > axes.bbox.x0 and box.x1 < axes.bbox.x1 for box in boxes)


def test_the_figure_refuses_unknown_models(tmp_path, models):
    with pytest.raises(ScenarioError, match="finds no model 'gpt-9'"):
        draw_upgrades(models, SETTINGS, START, tmp_path / "x", ("gpt-4o", "gpt-9"))
    assert not list(tmp_path.iterdir())

"""The page of a market's run: what is in it, and what it says of a folder that it cannot show."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from experiments.watch.graph import graph_of, moves_by_period, places
from experiments.watch.reading import read
from experiments.watch.story import marketplaces, story
from sim.errors import MarketError
from worlds.watch_folders import market_folder, watch


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return market_folder(tmp_path_factory.mktemp("watch") / "run")


@pytest.fixture(scope="module")
def told(folder):
    return story(read(folder))


def test_the_page_is_one_file_that_asks_for_nothing(folder, tmp_path, capsys):
    out = tmp_path / "deep" / "page.html"
    assert watch(folder, "--out", out) == 0
    text = out.read_text(encoding="utf-8")
    assert str(out) in capsys.readouterr().out
    assert "default-src 'none'" in text
    assert not re.findall(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=\"(?!data:)", text)
    assert not re.findall(r"\$(?:title|subtitle|css|footer|js|story)\b", text)
    assert "synthetic</script>" not in text  # a name cannot end the script it stands in


def test_the_page_lies_in_the_run_s_folder_and_has_the_same_bytes_twice(tmp_path):
    folder = market_folder(tmp_path / "run", days=20)
    pages = []
    for _ in range(2):
        assert watch(folder) == 0
        pages.append((folder / "watch.html").read_bytes())
    assert pages[0] == pages[1]


def test_every_series_has_a_value_a_period(told):
    periods = len(told["dates"])
    assert periods == 19
    series = [*told["market"].values(), told["moves"]]
    things = [*told["offers"], *told["providers"]]
    series += [values for it in things for values in it.values() if isinstance(values, list)]
    series += [it["tokens"] for it in told["models"] if it["tokens"] is not None]
    assert {len(values) for values in series} == {periods}


def test_the_story_is_what_the_tables_say(folder, told):
    offers = pd.read_csv(folder / "period_offers.csv")
    row = offers[(offers["tokens"] > 0) & offers["listed"]].iloc[20]
    when = told["day"].index(row["day"])
    one = next(it for it in told["offers"] if (it["provider"], it["model"]) == (row["provider"], row["model"]))
    assert one["input_usd_per_mtok"][when] == pytest.approx(row["input_usd_per_mtok"], rel=1e-4)
    assert one["tokens"][when] == pytest.approx(row["tokens"], rel=1e-4)
    tokens = np.array([it["tokens"] for it in told["models"] if it["tokens"]], float).sum(axis=0)
    np.testing.assert_allclose(tokens, told["market"]["tokens"], rtol=1e-3)


def test_moves_are_those_of_the_period(told, folder):
    switches = pd.read_csv(folder / "switches.csv").dropna(subset=["before", "after"])
    assert sum(move[2] for moves in told["moves"] for move in moves) == len(switches)
    names = [it["name"] for it in told["models"]]
    third = switches[(switches["day"] >= 21) & (switches["day"] < 28)]
    expected = third.groupby(["before", "after"]).size().to_dict()
    assert {(names[a], names[b]): n for a, b, n in told["moves"][3]} == expected


def test_a_move_on_the_border_belongs_to_the_later_period():
    frame = pd.DataFrame({"day": [6.9, 7.0, 7.5], "before": ["a", "a", None], "after": ["b", "b", "b"]})
    assert moves_by_period(frame, np.array([0, 7]), {"a": 0, "b": 1}) == [[[0, 1, 1]], [[0, 1, 1]]]


def test_flows_between_marketplaces_are_added_up_by_period():
    """Two marketplaces over nine days, of which the last two are a week of their own; one moves on days 6 and 7."""
    days = pd.DataFrame([(day, name, 10.0 * (1 + place), float(day in (6, 7)) * (place == 0),
                          float(day in (6, 7)) * (place == 1))
                         for day in range(9) for place, name in enumerate(("a", "b"))],
                        columns=["day", "marketplace", "tokens", "joins", "leaves"])
    assert marketplaces(days, np.array([0, 7])) == [
        {"name": "a", "tokens": [70, 20], "joins": [1, 1], "leaves": [0, 0]},
        {"name": "b", "tokens": [140, 40], "joins": [0, 0], "leaves": [1, 1]}]
    assert marketplaces(days[:0], np.array([0, 7])) == []


def test_places_keep_later_models_right_of_earlier_ones_mostly(folder):
    graph = graph_of(read(folder).tables["models"], {})
    where = places(graph)
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in where.values())
    names = list(where)
    days = [graph.nodes[name]["release_day"] for name in names]
    quality = [graph.nodes[name]["quality"] for name in names]
    x, y = np.array([where[name] for name in names]).T
    assert np.corrcoef(x, days)[0, 1] > 0.5
    assert np.corrcoef(y, quality)[0, 1] > 0.5
    assert graph.has_edge("terra-8b", "terra-70b")


@pytest.mark.parametrize(("spoil", "said"), [
    (lambda folder: (folder / "manifest.json").unlink(), "has no manifest.json"),
    (lambda folder: (folder / "manifest.json").write_text(json.dumps({"study": "tournament"})), "study 'tournament'"),
    (lambda folder: (folder / "manifest.json").write_text("{"), "is not a manifest"),
    (lambda folder: (folder / "period_offers.csv").unlink(), "an earlier version may have written"),
    (lambda folder: (folder / "period_market.csv").write_text("day\n0\n"), "has no column 'date'"),
    (lambda folder: (folder / "models.csv").write_text(""), "cannot read"),
])
def test_a_folder_that_is_not_of_a_market_is_refused_in_a_sentence(tmp_path, spoil, said):
    folder = market_folder(tmp_path / "run", days=3)
    spoil(folder)
    with pytest.raises(MarketError, match=said):
        watch(folder)
    assert not (folder / "watch.html").exists()


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(MarketError, match="there is no folder"):
        watch(tmp_path / "nowhere")
    folder = market_folder(tmp_path / "run", days=2)
    with pytest.raises(MarketError, match="cannot write"):
        watch(folder, "--out", tmp_path)

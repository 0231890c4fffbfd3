"""Dated list prices: facts with a source, in the catalogue's models, and how creators repriced."""

import math
from datetime import date

import pytest

from sim.market.models.catalogue import BUILT_IN, load_catalogue, read_catalogue
from sim.market.models.list_prices import first_cuts, read_dated, with_list_changes
from sim.market.models.model import ListChange
from sim.scenario.model_settings import ModelSettings
from sim.streams import Streams

START = date(2025, 1, 1)


@pytest.fixture(scope="module")
def models():
    return {model.name: model for model in with_list_changes(read_catalogue(BUILT_IN, START), read_dated(), START)}


def test_every_row_is_of_a_model_of_the_catalogue_and_says_its_source(models):
    rows = read_dated()
    assert len(rows) == 13
    assert {row.model for row in rows} <= set(models)
    assert all(len(row.source) > 5 for row in rows)
    # from its release on, in order, and each another price
    for model in models.values():
        days = [change.day for change in model.list_changes]
        assert days == sorted(set(days))
        assert all(day >= model.release_day for day in days)


def test_o3_was_cut_by_four_fifths(models):
    """On 10 June 2025, day 160, 55 days after its release."""
    o3 = models["o3"]
    assert (o3.list_in_usd, o3.list_out_usd) == (10, 40)
    assert o3.list_changes == (ListChange(160.0, 2.0, 8.0),)
    assert first_cuts([o3]) == (1, 1, pytest.approx(0.8), 55.0)


def test_how_creators_repriced_their_closed_models(models):
    """First cuts by hand, in per cent of the 3:1 blend, and ages in days: Haiku 3.5 20 at 42, Gemini 1.5 Flash 75 at
    141, Pro 42 at 146, GPT-3.5 19 at 104, GPT-4o 42 at 143, Grok 4.20 48 at 51, o3 80 at 55."""
    closed = [model for model in models.values() if not model.open]
    found = first_cuts(closed)
    assert (found.models, found.cut) == (78, 7)
    assert found.median_size == pytest.approx(1 - (3 * 2.5 + 10) / (3 * 5 + 15))
    assert found.median_age_days == 104
    assert math.isnan(first_cuts([models["gpt-4"]]).median_size)


def test_a_model_of_ones_own_has_no_history():
    settings = ModelSettings.model_validate({
        "mine": {"like": "o3"}, "gpt-4o": {"list_in_usd": 4.0}, "frontier": {"enabled": False},
        "catalogue": {"include": ["o3", "gpt-4o"]}})
    found = {model.name: model.list_changes for model in load_catalogue(settings, START, 300, Streams(1, 0)).rows}
    assert found == {"mine": (), "gpt-4o": (), "o3": (ListChange(160.0, 2.0, 8.0),)}

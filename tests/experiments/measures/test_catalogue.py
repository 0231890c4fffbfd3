"""The catalogue of measures: complete, without a row that nothing computes, and names that say their units."""

import re

import pandas as pd
import pytest

from experiments.measures.catalogue import DIMENSIONS, MEASURES, SUBJECTS, known, measure, unit_of
from experiments.measures.columns import COLUMNS
from experiments.measures.market.run import Run
from experiments.measures.market_summary import over_replications, summary
from experiments.measures.market_tables import headers, tables
from experiments.measures.traffic_metrics import METRICS
from experiments.measures.windows import COURSES
from experiments.pages.catalogue_tables import bases
from experiments.report.headings import shown
from experiments.store.statistics import STATISTICS
from experiments.studies.climb.measures import METRICS as CLIMB
from experiments.studies.market.terminal import JOINED, TABLE
from experiments.studies.market.terminal import show_of as columns_shown
from experiments.studies.tournament import terminal
from worlds.hand_market import hand_market

UNITS = {  # by the end of a name, the longest first
    "_usd_per_mtok": "USD/Mtok", "_usd_per_day": "USD a day", "_per_s": "requests/s", "_usd": "USD", "_share": "1",
    "_share_last": "1", "_tokens": "tokens", "_gpus": "GPUs", "_s": "s", "_b": "billion parameters",
    "_log_slope": "1/year", "_fall": "factor a year", "_daily_means": "s", "_index": "1", "_index_at_end": "1",
}


TERMINAL = (*terminal.COLUMNS, *terminal.TAILS)


@pytest.fixture(scope="module")
def run():
    return Run(hand_market())


def test_no_name_means_two_things():
    rows = [row.name for subject in SUBJECTS.values() for row in subject]
    assert len(rows) == len(set(rows))
    assert not set(rows) & set(DIMENSIONS)


def test_what_is_computed_has_a_row(run):
    computed = {*METRICS, *COURSES, *CLIMB, *summary(run)["metric"], *(it.measure for it in STATISTICS.values()),
                *(name for columns in COLUMNS.values() for name in columns)}
    assert computed <= set(MEASURES)
    assert set(MEASURES) - computed == {"cached_usd_per_mtok"}  # a column of events, of which one is none of a grid


def test_every_column_of_every_table_is_in_the_catalogue(run):
    for name, frame in tables(run.result).items():
        assert tuple(frame.columns) == headers()[name]
        assert set(frame.columns) <= set(MEASURES) | set(DIMENSIONS), name
    assert set(DIMENSIONS) <= {column for columns in headers().values() for column in columns}


def test_numbers_of_no_other_basis_are_of_the_summary(run):
    assert bases()["summary of a market"] == set(summary(run)["metric"])


def test_what_is_shown_has_a_row():
    assert {*TERMINAL, *TABLE, *JOINED} <= set(MEASURES)
    for name, how in JOINED.items():
        assert (measure(name).daily is not None) == (how == "amount a day") or name == "switches"


@pytest.mark.parametrize("row", MEASURES.values(), ids=lambda row: row.name)
def test_a_row_says_what_it_is(row):
    assert row.doc
    assert row.above
    assert not row.doc.endswith(".")
    assert row.unit or row.name == "listed"
    ends = [unit for end, unit in UNITS.items() if row.name.endswith(end)]
    assert row.unit == ends[0] if ends else not re.search(r"usd|mtok", row.name)
    assert (row.show.factor == 100) == (row.show.unit == "%")
    assert row.show.unit != "%" or row.unit == "1"
    assert row.words
    assert row.heading


def test_numbers_are_printed_with_the_unit_of_their_row(run):
    for frame in (summary(run), over_replications(pd.concat([summary(run)] * 2))):
        assert {row.metric: row.unit for row in frame.itertuples()} == {name: unit_of(name) for name in frame["metric"]}


def test_the_share_of_a_provider_has_a_row_made_for_it():
    assert (measure("share:atlas").unit, measure("share:atlas").words) == ("1", "share of atlas")
    assert known("atlas") is None
    with pytest.raises(KeyError, match="the catalogue of measures has no 'atlas'"):
        measure("atlas")


def test_how_a_measure_is_shown():
    assert measure("e2e_p99_s").axis() == "End-to-end latency p99 (s)"
    assert measure("cost_usd_per_mtok").axis() == "Cost (USD per million tokens)"
    assert measure("completed_share").axis() == "Completed (%)"
    assert measure("hhi").axis() == "HHI"


def test_times_are_shown_in_one_unit_chosen_by_their_size():
    wait = measure("ttft_p50_s")
    assert [wait.show_for(values).unit for values in ([.03, .999], [.03, 1.0], [.03, 52.35], [float("nan")], [])] == [
        "ms", "s", "s", "s", "s"]
    assert wait.show_for([0.03]).factor == 1e3
    assert measure("completed_share").show_for([0.5]) == measure("completed_share").show
    assert wait.axis(wait.show_for([0.03])) == "Time to first token p50 (ms)"


def test_how_a_measure_is_called():
    assert measure("hhi_models_last").words == "HHI models last"
    assert (shown("mine", "m").show.unit, shown("mine", "1").show.unit, shown("mine", "1").heading) == ("m", "", "mine")


def test_what_a_short_table_has():
    assert [name for name in METRICS if measure(name).short] == [
        "cost_usd_per_mtok", "cost_per_good_usd", "ttft_p50_s", "ttft_p99_s", "ttft_p99_completed_s", "tpot_p50_s",
        "e2e_p99_s", "e2e_p99_completed_s", "goodput_per_s", "good_share", "completed_share", "attempts_per_request",
        "utilisation", "hhi"]
    assert not measure("share:atlas").short


def test_decimals_and_factors_of_what_the_terminal_shows():
    assert {name: tuple(measure(name).show) for name in TERMINAL} == {
        "cost_per_good_usd": ("USD/1k", 1e3, 3), "good_share": ("%", 100, 1), "completed_share": ("%", 100, 1),
        "cost_usd_per_mtok": ("USD/Mtok", 1, 3), **{name: ("s", 1, 2) for name in (
            "ttft_p50_s", "tpot_p50_s", "e2e_p50_s", "ttft_p90_s", "ttft_p99_s", "ttft_p99_completed_s", "e2e_p99_s",
            "e2e_p99_completed_s")}}
    assert [tuple(columns_shown(name)) for name in TABLE] == [
        ("M/day", 1e-6, 1), ("bn/day", 1e-9, 1), ("kUSD/day", 1e-3, 1), ("USD/Mtok", 1, 2), ("index", 1, 2),
        ("index", 1, 2), ("bn par.", 1, 0), ("0-1", 1, 2), ("%", 100, 0), ("%", 100, 0), ("%", 100, 0),
        ("prov.", 1, 2)]
    assert {name: measure(name).show.factor for name in CLIMB} == {
        "size_b": 1, "quality": 1, "price_usd_per_mtok": 1, "tokens_per_day": 1e-9, "spend_usd_per_day": 1e-3,
        "climb_share": 1, **{f"effect_{name}_usd_per_day": 1e-3 for name in ("price", "volume", "mix")}}


def test_what_a_measure_is_called_names_no_unit():
    assert [it.name for it in MEASURES.values() if set(it.words.split()) & {"usd", "s", "ms", "mtok"}] == []

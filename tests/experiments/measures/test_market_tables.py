"""Tables, terminal table and figures of a market, from a synthetic run."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.measures.market.panel import workload_series
from experiments.measures.market.run import Run
from experiments.measures.market_summary import over_replications, summary
from experiments.measures.market_tables import headers, tables
from experiments.studies.climb import figures as climb_figures
from experiments.studies.market import terminal
from sim.market.ledger import Ledger
from worlds.market_pages import write_market
from worlds.synthetic_market import climb_frame, synthetic


@pytest.fixture(scope="module")
def run():
    return synthetic(days=130)


@pytest.fixture(scope="module")
def frames(run):
    return tables(run)


def silent(days=5):
    """Return a run in which nothing was ever offered or bought."""
    run = synthetic(days=days)
    zero_offers = [replace(day, **{name: 0 * getattr(day, name) for name in vars(day)}) for day in run.offer_days]
    nothing = [
        replace(day, **{name: 0 * getattr(day, name) for name in vars(day) if not name.endswith("_s")},
                ttft_s=np.full(len(day.model), np.nan), e2e_s=np.full(len(day.model), np.nan))
        for day in run.workload_days
    ]
    return replace(
        run, offer_days=zero_offers, workload_days=[replace(day, model=day.model - 1) for day in nothing],
        listed_daily=0 * run.listed_daily > 0, replicas_daily=0 * run.replicas_daily, price_changes=[],
        listing_changes=[], switches=[], pool_days=[], ledger=Ledger(), surplus_usd_daily=0 * run.surplus_usd_daily,
    )


def test_every_column_is_documented_and_there(frames):
    assert {name: tuple(frame.columns) for name, frame in frames.items()} == headers()


def test_money_and_tokens_agree_between_tables(run, frames):
    spend = workload_series(run, "cost_nano").sum() / 1e9
    for name in ("monthly_market", "monthly_models", "monthly_segments"):
        assert frames[name]["spend_usd"].sum() == pytest.approx(spend)
    assert frames["monthly_providers"]["received_usd"].sum() == pytest.approx(spend)
    tokens = frames["monthly_market"]["prompt_tokens"] + frames["monthly_market"]["output_tokens"]
    for name in ("monthly_models", "monthly_providers", "monthly_segments"):
        assert frames[name].groupby("month")["tokens"].sum().tolist() == tokens.tolist()


def test_shares_of_a_month_add_up_to_one(frames):
    for name in ("monthly_models", "monthly_providers"):
        np.testing.assert_allclose(frames[name].groupby("month")["token_share"].sum(), 1.0)


def test_the_ledger_keeps_every_nano_dollar(run, frames):
    assert sum(frames["ledger"]["nano_usd"]) == sum(run.ledger.entries.values())


def test_effects_add_up_to_the_change_of_spend(frames):
    market = frames["monthly_market"]
    effects = sum(market[f"effect_{name}_usd_per_day"] for name in ("price", "volume", "mix"))
    np.testing.assert_allclose(effects[1:], (market["spend_usd"] / market["days"]).diff()[1:], rtol=1e-9)


def test_events_are_counted_once(run, frames):
    assert frames["monthly_market"]["price_changes"].sum() == len(frames["prices"]) == len(run.price_changes)
    assert len(frames["switches"]) == len(run.switches)
    assert frames["switches"]["before"].notna().any()


def test_summary_says_what_the_tables_say(run, frames):
    got = summary(Run(run)).set_index("metric")
    assert got.index.is_unique
    assert got.loc["spend_usd", "value"] == pytest.approx(frames["monthly_market"]["spend_usd"].sum())
    for kind in ("", "_chained", "_chained_lmdi"):
        parts = sum(got.loc[f"spend_effect_{name}{kind}", "value"] for name in ("price", "volume", "mix"))
        assert parts == pytest.approx(got.loc["spend_change", "value"])
    assert got.loc["books_sum", "value"] == 0
    # offers share a model's tokens by 1 / price^2 in the synthetic run
    within, error = got.loc["elasticity_within_models", ["value", "std_error"]]
    assert within == pytest.approx(-2.0, abs=max(0.05, 3 * error))


def test_replications_are_averaged_number_by_number():
    runs = [synthetic(days=20, seed=seed) for seed in (1, 2, 3)]
    got = over_replications(pd.concat([summary(Run(run)) for run in runs])).set_index("metric")
    spends = [workload_series(run, "cost_nano").sum() / 1e9 for run in runs]
    assert got.index.is_unique
    assert got.loc["spend_usd", "value"] == pytest.approx(np.mean(spends))
    assert got.loc["spend_usd", "std_error"] == pytest.approx(np.std(spends, ddof=1) / 3**0.5)
    assert got.loc["spend_usd", "n"] == 3
    assert got.loc["retention_month_5_all", "n"] == 0  # not observed in 20 days


@pytest.mark.parametrize("make", [lambda: synthetic(days=1), lambda: synthetic(days=2), silent])
def test_short_and_silent_runs_have_tables_and_figures(make, tmp_path):
    got = write_market(make(), "short", tmp_path)
    written = [name for name in headers() if name not in ("monthly_marketplaces", "daily_marketplaces")]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(  # there is but one marketplace
        [*(f"{name}.csv" for name in [*written, "summary"]), "market.svg", "market.pdf", "market.png"])
    assert "requests" in terminal.table(got["monthly_market"])


def test_the_same_run_gives_the_same_bytes(tmp_path):
    written = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        write_market(synthetic(days=40), "twice", folder)
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1]


def test_the_terminal_table_fits_and_joins_months(frames):
    market = frames["monthly_market"]
    by_month, by_quarter = terminal.table(market, "month"), terminal.table(market, "quarter")
    assert max(map(len, by_month.splitlines())) <= 100
    assert "2025-05" in by_month
    assert "2025Q2" in by_quarter
    first = terminal.joined(market, "quarter").iloc[0]
    quarter = market.iloc[:3]
    assert first["spend_usd"] == pytest.approx(quarter["spend_usd"].sum() / quarter["days"].sum())
    paid = quarter["spend_usd"].sum() / (quarter["prompt_tokens"] + quarter["output_tokens"]).sum() * 1e6
    assert first["price_usd_per_mtok"] == pytest.approx(paid)


def test_the_climb_is_drawn_with_and_without_its_control(tmp_path):
    frame = climb_frame()
    climb_figures.climb(frame, "both", tmp_path)
    assert (tmp_path / "climb.svg").stat().st_size > 10_000
    climb_figures.climb(frame[(frame["control"] == "money_budgets") & (frame["replication"] == 0)], "one", tmp_path)
    got = climb_figures.intervals(frame[frame["after_days"] == 360], "money_budgets", "quality", [1.0, 20.0])
    assert got[0].n == 3
    assert got[1].mean > got[0].mean


def test_runs_of_more_than_twelve_months_are_shown_by_quarter(frames):
    market = frames["monthly_market"]
    months = [f"{year}-{month:02}" for year in (2025, 2026) for month in range(1, 13)]
    year, more = (pd.concat([market.head(1)] * count).assign(month=months[:count]) for count in (12, 13))
    assert terminal.table(year) == terminal.table(year, "month")
    assert terminal.table(more) == terminal.table(more, "quarter")
    assert [line.split()[0] for line in terminal.table(more).splitlines()[2:7]] == [
        "2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1"]


@pytest.mark.parametrize(("quarter", "days", "label"), [
    ("2025Q1", 90, "2025Q1"), ("2024Q1", 90, "2024Q1 90/91"), ("2025Q3", 92, "2025Q3"), ("2025Q3", 2, "2025Q3 2/92"),
    ("2025Q4", 91, "2025Q4 91/92"),
])
def test_a_quarter_that_the_run_covers_in_part_says_so(quarter, days, label):
    assert terminal._covered_quarter(quarter, days) == label


def test_what_nothing_weighs_has_no_mean():
    """A quarter of months in which nothing was sold, and one of a month that is not known."""
    assert np.isnan(terminal._weighted(np.array([1.0, 2.0]), np.zeros(2)))
    assert terminal._weighted(np.array([1.0, np.nan, 4.0]), np.array([1.0, 9.0, 2.0])) == pytest.approx(3.0)

"""The tables of a run week by week, from a synthetic run."""

from datetime import date

import numpy as np
import pytest

from experiments.measures.market.panel import offer_tokens
from experiments.measures.market.periods import weeks
from experiments.measures.market_tables import tables
from worlds.synthetic_market import synthetic

START = date(2025, 1, 1)


@pytest.fixture(scope="module")
def run():
    return synthetic(days=130)


@pytest.fixture(scope="module")
def frames(run):
    return tables(run)


def test_short_runs_are_told_by_day_and_long_ones_by_week():
    assert weeks(START, 56).days.tolist() == [1] * 56
    assert weeks(START, 57).days.tolist() == [7] * 8 + [1]
    assert weeks(START, 58).first.tolist() == [0, 7, 14, 21, 28, 35, 42, 49, 56]
    assert weeks(START, 58).last.tolist() == [6, 13, 20, 27, 34, 41, 48, 55, 57]
    assert weeks(START, 58).labels[-1] == "2025-02-26"


def test_periods_add_up_to_the_run(run, frames):
    market, monthly = frames["period_market"], frames["monthly_market"]
    assert market["days"].sum() == run.days
    for name in ("requests", "spend_usd", "switches", "price_changes"):
        assert market[name].sum() == pytest.approx(monthly[name].sum())
    sold = offer_tokens(run).sum()
    assert frames["period_offers"]["tokens"].sum() == frames["period_providers"]["tokens"].sum() == sold
    assert market["tokens"].sum() == sold


def test_posted_prices_are_those_of_the_last_day(run, frames):
    offers = frames["period_offers"]
    rows = {(offer.provider, offer.model): o for o, offer in enumerate(run.offers)}
    for row in offers.sample(40, random_state=1).itertuples():
        last = row.day + row.days - 1
        offer = rows[row.provider, row.model]
        assert row.input_usd_per_mtok == run.prices_daily[last, offer, 0] / 1e6
        assert row.output_usd_per_mtok == run.prices_daily[last, offer, 1] / 1e6
        assert row.listed == run.listed_daily[last, offer]


def test_gpus_of_a_provider_are_means_over_days(run, frames):
    orion = frames["period_providers"].query("provider == 'orion'")
    for row in orion.itertuples():
        pools = [it for it in run.pool_days if it.provider == "orion" and row.day <= it.day < row.day + row.days]
        assert row.gpus == pytest.approx(np.mean([it.owned + it.rented for it in pools]))
        assert row.placed_gpus == pytest.approx(np.mean([it.placed for it in pools]))


def test_models_are_the_run_s_models(run, frames):
    models = frames["models"].set_index("model")
    assert tuple(models.index) == run.models.names
    assert models.loc["aurora-3", "release_day"] == 400
    assert models.loc["terra-8b", "size_class"] == "small"
    assert (models["quality_coding"].to_numpy() == run.models.quality[1]).all()

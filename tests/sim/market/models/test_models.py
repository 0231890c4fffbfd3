"""The catalogue of models and the frontier process."""

from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.hardware.architectures import MODELS
from sim.errors import ScenarioError
from sim.market.models.catalogue import BUILT_IN, load_catalogue, read_catalogue
from sim.market.models.frontier import (
    ACTIVE_FACTOR,
    ACTIVE_POWER,
    CLOSED_PRICE,
    OPEN_PRICE,
    active_parameters_b,
    list_prices_usd,
)
from sim.market.models.quality import abilities_of, ability, qualities_of
from sim.scenario.model_settings import Catalogue, Frontier, ModelSettings
from sim.scenario.tasks import TASKS
from sim.streams import Streams
from worlds.numbers import sound
from worlds.places import ROOT

START = date(2025, 1, 1)
DATA = ROOT.parent / "shared" / "data"
REAL_ONLY = Frontier(enabled=False)


def load(seed=1, days=548, catalogue=None, frontier=None):
    chosen = ModelSettings(catalogue=catalogue or Catalogue(), frontier=frontier or Frontier())
    return load_catalogue(chosen, START, days, Streams(seed, 0))


def logit(share):
    return np.log(share / (1 - share))


def by_name(rows):
    return {row.name: row for row in rows}


def test_the_built_in_catalogue_holds_the_models_of_these_years():
    rows = by_name(read_catalogue(BUILT_IN, START))
    assert len(rows) == 189
    for name in ("gpt-4", "gpt-4-turbo", "gpt-4o", "gpt-4o-mini", "o1", "o3", "o4-mini", "gpt-5", "claude-3-opus",
                 "claude-3.5-sonnet", "claude-3.7-sonnet", "claude-sonnet-4", "claude-opus-4.5", "gemini-1.5-pro",
                 "gemini-2.0-flash", "gemini-2.5-pro", "gemini-3-pro", "grok-4", "llama-2-70b", "llama-3-8b",
                 "llama-3.1-405b", "llama-3.3-70b", "llama-4-maverick", "mixtral-8x7b", "mistral-small-3",
                 "mistral-large-2", "qwen-2.5-72b", "qwen3-8b", "qwen3-32b", "qwen3-30b-a3b", "qwen3-235b-a22b",
                 "qwen3-coder-480b-a35b", "deepseek-v3", "deepseek-r1", "deepseek-v3.1", "deepseek-v3.2",
                 "deepseek-v4-pro", "kimi-k2", "kimi-k2.5", "glm-4.5", "glm-5", "minimax-m2", "gpt-oss-20b",
                 "gpt-oss-120b", "gemma-3-27b"):
        assert name in rows


def test_every_row_says_where_it_comes_from_and_closed_sizes_are_assumptions():
    for row in read_catalogue(BUILT_IN, START):
        assert row.source
        assert row.open or "sizes assumption" in row.source
        assert row.list_in_usd is not None
        assert row.list_out_usd >= row.list_in_usd > 0
        assert date(2023, 3, 1).toordinal() <= START.toordinal() + row.release_day < date(2026, 6, 1).toordinal()


def test_named_architectures_are_known_and_agree_on_parameters():
    for row in read_catalogue(BUILT_IN, START):
        if row.architecture:
            known = MODELS[row.architecture]
            assert row.total_b == pytest.approx(known.total_params / 1e9, rel=0.01)
            assert row.active_b == pytest.approx(known.active_params / 1e9, rel=0.04)
            assert row.context_tokens <= known.context_tokens
    assert {row.architecture for row in read_catalogue(BUILT_IN, START)} >= set(MODELS)


def test_published_milestones():
    rows = by_name(read_catalogue(BUILT_IN, START))
    prices = {name: (row.list_in_usd, row.list_out_usd) for name, row in rows.items()}
    assert prices["gpt-4"] == (30, 60)
    assert prices["gpt-4o"] == (5, 15)
    assert prices["claude-3-opus"] == (15, 75)
    assert prices["deepseek-r1"] == (0.55, 2.19)
    # Llama-3.1-405B about as good as Claude 3.5 Sonnet (Epoch AI)
    assert rows["llama-3.1-405b"].quality[0] == pytest.approx(rows["claude-3.5-sonnet"].quality[0], abs=0.06)


@pytest.mark.parametrize("ladder", [
    ("llama-3.1-8b", "llama-3.1-70b", "llama-3.1-405b"), ("qwen3-8b", "qwen3-32b", "qwen3-235b-a22b"),
    ("gpt-oss-20b", "gpt-oss-120b"), ("gpt-5-nano", "gpt-5-mini", "gpt-5"),
])
def test_quality_rises_with_size_on_every_task_within_a_release(ladder):
    rows = by_name(read_catalogue(BUILT_IN, START))
    for small, large in pairwise(ladder):
        assert all(a < b for a, b in zip(rows[small].quality, rows[large].quality, strict=True))


def test_rows_are_alphabetical_and_within_the_run():
    models = load()
    assert list(models.names) == sorted(models.names)
    assert (models.release_day < 548).all()
    assert (models.release_day >= -730).all()
    assert models.quality.shape == (len(TASKS), len(models))


def test_include_exclude_and_cap():
    assert load(catalogue=Catalogue(include=("gpt-4o", "o1")), frontier=REAL_ONLY).names == ("gpt-4o", "o1")
    assert "o1" not in load(catalogue=Catalogue(exclude=("o1",)), frontier=REAL_ONLY).names
    capped = load(catalogue=Catalogue(max_models=5), frontier=REAL_ONLY)
    everything = load(frontier=REAL_ONLY)
    assert len(capped) == 5
    assert capped.release_day.min() >= np.sort(everything.release_day)[-5]


@pytest.mark.parametrize("field", ["include", "exclude"])
def test_unknown_names_are_refused(field):
    with pytest.raises(ScenarioError, match=f"{field} names 'gpt-9'"):
        load(catalogue=Catalogue(**{field: ("gpt-9",)}))


def test_no_model_left_is_said_in_one_sentence():
    with pytest.raises(ScenarioError, match="leaves no model"):
        load(catalogue=Catalogue(include=("gpt-4",), max_age_days=10), frontier=REAL_ONLY)


@pytest.mark.parametrize(("old", "new", "text"), [
    (",yes,", ",maybe,", "line 3: open is 'maybe'; it must be yes or no"),
    ("2024-07-23", "23 July", "line 3: released is '23 July'"),
    (",131072,", ",lots,", "line 3: context_tokens is 'lots'; it must be a number from 1 to 1e"),
    (",8,8,", ",8,9,", "line 3: active_b is '9'; it must be a number from 0.001 to 8"),
    (",llama-3.1-8b,", ",", "line 3: "),
])
def test_bad_rows_are_reported_with_their_line(tmp_path, old, new, text):
    lines = BUILT_IN.read_text(encoding="utf-8").splitlines()
    row = next(line for line in lines if line.startswith("llama-3.1-8b,"))
    path = tmp_path / "models.csv"
    path.write_text("\n".join([lines[0], lines[1], row.replace(old, new, 1)]), encoding="utf-8")
    with pytest.raises(ScenarioError, match=text.replace(".", r"\.")):
        load(catalogue=Catalogue(path=str(path)))


def test_a_name_twice_a_wrong_header_and_a_missing_file_are_reported(tmp_path):
    text = BUILT_IN.read_text(encoding="utf-8")
    path = tmp_path / "models.csv"
    path.write_text(text + text.splitlines()[-1], encoding="utf-8")
    with pytest.raises(ScenarioError, match="was there before"):
        load(catalogue=Catalogue(path=str(path)))
    path.write_text(text.replace("verbosity,", "wordiness,", 1), encoding="utf-8")
    with pytest.raises(ScenarioError, match="the columns must be"):
        load(catalogue=Catalogue(path=str(path)))
    with pytest.raises(ScenarioError, match="cannot read"):
        load(catalogue=Catalogue(path=str(tmp_path / "none.csv")))


def test_the_frontier_takes_over_on_its_day():
    models = load(frontier=Frontier(from_date=START))
    invented = models.release_day >= 0
    assert all(("-next-" in row.name) == new or row.name.startswith("qwen3-next")
               for row, new in zip(models.rows, invented, strict=True))
    assert invented.sum() > 30


def test_without_noise_open_models_trail_by_the_lag_exactly():
    frontier = Frontier(from_date=START, noise=0.0, open_lag_months=6.0)
    rows = [row for row in load(days=1500, frontier=frontier).rows if "-next-" in row.name and "-large" in row.name]
    rows = [row for row in rows if row.release_day >= 0]
    line = {
        is_open: np.polyfit([row.release_day for row in rows if row.open is is_open],
                            [logit(row.quality[2]) for row in rows if row.open is is_open], 1)
        for is_open in (True, False)
    }
    assert line[False][0] * 365.25 == pytest.approx(frontier.growth_per_year, rel=1e-6)
    assert line[True][0] == pytest.approx(line[False][0], rel=1e-6)
    lag_days = (line[False][1] - line[True][1]) / line[True][0]
    assert lag_days == pytest.approx(6 * 365.25 / 12, rel=1e-6)


def test_one_creator_changes_no_other():
    before = load(frontier=Frontier(from_date=START))
    fewer = load(frontier=Frontier(from_date=START, open_creators=("deepseek",)))
    shared = set(fewer.names)
    assert [row for row in before.rows if row.name in shared] == list(fewer.rows)
    assert len(fewer) < len(before)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), growth=sound(-3, 8), lag=sound(0, 24), step=st.floats(0.05, 3), noise=sound(0, 1))
def test_invented_models_are_sound_whatever_the_settings(seed, growth, lag, step, noise):
    frontier = Frontier(from_date=START, growth_per_year=growth, open_lag_months=lag, size_step=step, noise=noise)
    models = load(seed=seed, frontier=frontier)
    assert len(set(models.names)) == len(models)
    assert ((models.quality >= 0) & (models.quality <= 1)).all()
    rows = by_name(models.rows)
    for name, row in rows.items():
        assert row.active_b <= row.total_b
        if name.endswith("-small") and "-next-" in name:
            large = rows[name.removesuffix("small") + "large"]
            assert large.release_day == row.release_day
            assert all(a <= b for a, b in zip(row.quality, large.quality, strict=True))
    assert load(seed=seed, frontier=frontier).rows == models.rows


@given(general=st.floats(0.01, 0.99), coding=st.floats(0.01, 0.99), total=st.floats(1, 2000), thinks=st.booleans())
def test_abilities_come_back_from_qualities(general, coding, total, thinks):
    found = abilities_of(qualities_of(general, coding, total, reasoning=thinks), total)
    assert found == pytest.approx((general, coding), rel=1e-9)


def test_ability_is_zero_at_guessing_and_one_at_the_top():
    assert ability(0.0, 0.25) == 0.0
    assert ability(0.0, 0.1) == 0.0
    assert ability(1.0, 1.0) == 1.0


def test_price_and_size_rules_are_near_real_models():
    rows = by_name(read_catalogue(BUILT_IN, START))
    for name in ("gpt-5", "claude-sonnet-4", "deepseek-v3", "qwen3-32b", "kimi-k2"):
        row = rows[name]
        rule = list_prices_usd(row.total_b, row.open)
        for ruled, listed in zip(rule, (row.list_in_usd, row.list_out_usd), strict=True):
            assert 1 / 3 < ruled / listed < 3
    for name in ("deepseek-v3", "kimi-k2", "qwen3-235b-a22b", "glm-4.5"):
        assert active_parameters_b(rows[name].total_b) == pytest.approx(rows[name].active_b, rel=0.4)


def _records(rows):
    best, kept = -1.0, []
    for row in sorted(rows, key=lambda row: row.release_day):
        if row.quality[2] >= best:
            best = row.quality[2]
            kept.append(row)
    return kept


def _frontier_line(is_open):
    """Growth a year of the record-setting models' log-odds, and where they stood on the first day."""
    records = _records(row for row in read_catalogue(BUILT_IN, START) if row.open is is_open)
    return np.polyfit([row.release_day / 365.25 for row in records], [logit(row.quality[2]) for row in records], 1)


def test_the_frontier_grows_as_the_record_setting_closed_models_did():
    assert Frontier().growth_per_year == pytest.approx(_frontier_line(is_open=False)[0], abs=0.005)


def _size_step():
    """Log-odds a decade of size within releases of several sizes, and how many models those are."""
    releases = {}
    for row in read_catalogue(BUILT_IN, START):
        releases.setdefault((row.creator, row.release_day), []).append((np.log10(row.total_b), logit(row.quality[2])))
    apart = [np.array(points) for points in releases.values() if np.ptp(np.array(points)[:, 0]) > 0.1]
    x, y = np.concatenate([points - points.mean(axis=0) for points in apart]).T
    return (x @ y) / (x @ x), len(x)


def test_the_size_step_is_that_of_releases_in_several_sizes():
    assert Frontier().size_step == pytest.approx(_size_step()[0], abs=0.005)


def test_active_parameters_are_those_of_open_mixtures_since_january_2025():
    mixtures = [row for row in read_catalogue(BUILT_IN, START)
                if row.open and row.release_day >= 0 and row.active_b < row.total_b]
    power, level = np.polyfit(np.log([row.total_b for row in mixtures]), np.log([row.active_b for row in mixtures]), 1)
    assert (np.exp(level), power) == pytest.approx((ACTIVE_FACTOR, ACTIVE_POWER), rel=0.002)


def _days_between_releases(creators, is_open):
    """Mean days between two days of 2025 with a release, shortest and longest of some creators."""
    days = {name: sorted({row.release_day for row in read_catalogue(BUILT_IN, START) if row.creator == name
                          and row.open is is_open and 0 <= row.release_day < 365}) for name in creators}
    means = [np.mean(np.diff(found)) for found in days.values() if len(found) > 2]
    return f"{min(means):.0f} to {max(means):.0f}"


def test_the_page_tells_of_this_catalogue():
    rows, page = read_catalogue(BUILT_IN, START), (ROOT / "docs" / "market" / "models.md").read_text(encoding="utf-8")
    page, settings = " ".join(page.split()), Frontier()
    closed, opened = _frontier_line(is_open=False), _frontier_line(is_open=True)
    behind = closed[1] - opened[1]
    gaps = [_days_between_releases(settings.closed_creators, is_open=False),
            _days_between_releases(settings.open_creators, is_open=True)]
    for told in (f"{len(rows)} real models", f"{sum(row.open for row in rows)} of them open",
                 f"{_size_step()[1]} models released with siblings",
                 f"gives {opened[0]:.2f} a year and {behind:.2f} log-odds below".replace(" 0.", " ."),
                 f"a lag of {12 * behind / closed[0]:.1f} months", f"in 2025 {gaps[0]} and {gaps[1]} between days",
                 f"r/s = {settings.growth_per_year / settings.size_step:.1f} decades"):
        assert told in page
    for name, gap in zip(("closed_gap_days", "open_gap_days"), gaps, strict=True):
        assert f"({gap} days" in Frontier.model_fields[name].json_schema_extra["source"]


def test_invented_sizes_of_closed_models_are_of_their_price():
    """Two digits of the price rule backwards, and active parameters by their rule."""
    factor, power, _ = CLOSED_PRICE
    rows = [row for row in read_catalogue(BUILT_IN, START) if "of its price" in row.source]
    for row in rows:
        assert row.total_b == float(f"{(row.list_in_usd / factor) ** (1 / power):.2g}"), row.name
        assert row.active_b == float(f"{active_parameters_b(row.total_b):.2g}"), row.name
    assert len(rows) > 5


def test_sizes_that_are_taken_from_a_sibling_are_the_siblings():
    rows = by_name(read_catalogue(BUILT_IN, START))
    taken = [(row, row.source.rpartition("sizes assumption: as ")[2]) for row in rows.values()
             if "sizes assumption: as " in row.source]
    for row, sibling in taken:
        assert (row.total_b, row.active_b) == (rows[sibling].total_b, rows[sibling].active_b), row.name
    assert len(taken) == 9


@pytest.mark.parametrize(("is_open", "rule"), [(False, CLOSED_PRICE), (True, OPEN_PRICE)])
def test_the_price_rule_is_that_of_the_catalogue(is_open, rule):
    rows = [row for row in read_catalogue(BUILT_IN, START)
            if row.open is is_open and row.release_day > -100 and row.name != "gpt-4.5"
            and "of its price" not in row.source]  # sizes that were taken from this very rule say nothing of it
    slope, level = np.polyfit([np.log10(row.total_b) for row in rows], [np.log10(row.list_in_usd) for row in rows], 1)
    assert rule[:2] == pytest.approx((10**level, slope), rel=0.01)
    assert rule[2] == pytest.approx(np.median([row.list_out_usd / row.list_in_usd for row in rows]), rel=0.01)


def test_no_real_model_to_start_from_is_said():
    with pytest.raises(ScenarioError, match=r"no real model to start from \(.*2020-01-01"):
        load(frontier=Frontier(from_date=date(2020, 1, 1)))


def test_catalogue_agrees_with_the_published_prices():
    path = DATA / "prices" / "openrouter_list_prices_2024-09_2026-02.csv.gz"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    import pandas as pd

    prices = pd.read_csv(path).sort_values("date_from").groupby("id").first()
    checked = 0
    for row in read_catalogue(BUILT_IN, START):
        for part in row.source.split("; "):
            if part.startswith("price OpenRouter "):
                published = prices.loc[part.removeprefix("price OpenRouter ")]
                assert row.list_in_usd == pytest.approx(published.usd_per_m_input, rel=1e-6), row.name
                assert row.list_out_usd == pytest.approx(published.usd_per_m_output, rel=1e-6), row.name
                checked += 1
    assert checked > 50


def test_catalogue_agrees_with_the_published_index():
    path = DATA / "quality" / "artificial_analysis_weekly.parquet"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    import pandas as pd

    pytest.importorskip("pyarrow", reason="reads parquet")
    published = pd.read_parquet(path).sort_values("date").groupby("slug").last()
    checked = 0
    for row in read_catalogue(BUILT_IN, START):
        facts = row.source.split("; ")
        if facts[0].startswith("AA ") and not any("GPQA" in fact for fact in facts):
            aa = published.loc[facts[0].removeprefix("AA ")]
            general, coding = abilities_of(row.quality, row.total_b)
            assert general == pytest.approx(ability(aa.aa_intelligence / 100, aa.gpqa), abs=0.002), row.name
            if not any("coding" in fact for fact in facts):
                assert coding == pytest.approx((general + aa.aa_coding / 100) / 2, abs=0.002), row.name
            checked += 1
    assert checked > 60

"""A market held to facts: verdicts, inputs alone, tables and the command, by hand."""

import json
from dataclasses import replace
from math import exp, inf, isnan, log, nan, sqrt

import pandas as pd
import pytest

from experiments.cli.main import main
from experiments.runs.run_market import stage
from experiments.scenarios import load_market
from experiments.validation.facts.fact_ledger import FactLedger, LedgerError, StylisedFact, read_ledger
from experiments.validation.facts.fact_nulls import (
    _at_list,
    _listed,
    _markups,
    _newest_wins,
    _planned,
    _sellers,
    _settings,
    facts_at_inputs,
)
from experiments.validation.facts.fact_table import MarketFacts, held, kept_text, outside, page, read_kept, rows
from experiments.validation.history.run_file import DoneRun, append_runs
from sim.market.customers.answer_lengths import kept_share
from sim.market.models.model import Models
from sim.scenario.dump import to_toml
from worlds.hand_market import models
from worlds.small_markets import HOST, small


def fact(name, **changes):
    return {"name": name, "says": f"what {name} is", "source": "here", "place": "predicted", "measure": "hhi",
            "low": 1.0, "high": 2.0, "discrepancy": 0.25, **changes}


LEDGER = FactLedger.model_validate({"title": "t", "facts": [
    fact("a"), fact("b"), fact("c", scale="log", discrepancy=0.5), fact("d"), fact("e", place="arithmetic"),
    fact("f", place="engine", why="elsewhere"), fact("g", high=None), fact("h", ends="2026-08")]})
FOUND = MarketFacts(
    "made-up", "d" * 32, "c" * 32, ("horizon.days=9",), {"f": "elsewhere", "h": "it ends in 2025-01"},
    {"a": [1.0, 2.0], "b": [1.5, 1.5], "c": [2 * exp(1)] * 2, "d": [1.5, nan], "e": [1.2, 1.4], "g": [0.5, 0.5]},
    {"a": 3.0, "b": 1.5, "e": 1.3, "h": 1.0}, {"a": [0.0, 1.0, 2.0, nan], "b": [], "g": [0.0, 1.0, 0.5]})


def test_for_how_many_of_the_facts_that_were_asked_a_market_may_be_praised():
    """Of each fact a part: S2's two are met by inputs, of S16's two one, and S8 is met in one of four vectors."""
    names = ("S1a", "S2a", "S2b", "S5a", "S6", "S7a", "S8", "S11a", "S12a", "S16a", "S16b")
    ledger = FactLedger.model_validate({"title": "t", "facts": [fact(name) for name in names]})
    found = MarketFacts("made-up", "d" * 32, "c" * 32, (), {}, {name: [1.5, 1.5] for name in names},
                        {"S2a": 1.1, "S2b": 1.9, "S5a": 3.0, "S16a": 1.0},
                        {name: [1.5, 5.0, 5.0, 5.0 if name == "S8" else 1.5] for name in names})
    assert ("praised for 6 or more (S1a, S2, S5, S6, S7, S8, S11, S12, S16) it may be for 7: S1a, S5, S6, S7, S11, "
            "S12, S16. Inputs alone meet S2: no market") in page(ledger, found)
    assert "praised for 6 or more" not in page(LEDGER, FOUND)


def test_verdicts():
    found = {it.fact.name: it for it in held(LEDGER, FOUND)}
    assert {name: it.said for name, it in found.items()} == {
        "a": "pass", "b": "pass", "c": "miss", "d": "cannot be said", "e": "pass", "f": "not asked", "g": "miss",
        "h": "not asked"}
    assert found["a"].simulated.mean == 1.5
    assert found["a"].simulated.half_width == pytest.approx(12.706 * sqrt(0.5) / sqrt(2), rel=1e-4)
    assert found["c"].far == pytest.approx(2.0)  # log(2e) is one above log 2, of half a discrepancy each
    assert found["g"].far == pytest.approx(2.0)
    assert found["a"].far == 0.0
    assert found["d"].note == "1 of 2 runs have no such number"
    assert [found[name].met_by_inputs for name in "abcd"] == [False, True, None, None]


def test_what_a_market_may_be_praised_for():
    """b is met by inputs alone, e is no prediction, and a passes in half of the vectors, those without it included."""
    found = {it.fact.name: it for it in held(LEDGER, FOUND)}
    assert found["a"].over_set == (0.0, 1.0, 2.0, 0.5)
    assert {name for name, it in found.items() if it.counts} == {"a"}
    fewer = replace(FOUND, vectors={"a": [0.0, 1.0, 5.0]})
    assert not any(it.counts for it in held(LEDGER, fewer))


def test_outside_of_a_band_without_that_end():
    it = StylisedFact.model_validate(fact("x", low=None, high=2.0, discrepancy=0.0))
    assert outside(it, -100.0) == 0.0
    assert isnan(outside(it, 3.0))  # it has no discrepancy
    assert outside(StylisedFact.model_validate(fact("x")), 0.5) == 2.0


def test_the_table_and_the_page():
    table = rows(held(LEDGER, FOUND))
    assert table[0] == ("fact", "what", "observed", "band", "place", "L0", "simulated", "over the set", "verdict",
                        "source")
    assert table[2][4:9] == ("predicted", "1.5 (met)", "1.5 ± 0", "", "pass, but met by inputs alone")
    assert table[3][8] == "miss, by 2.0 discrepancies"
    assert table[4][8] == "cannot be said: 1 of 2 runs have no such number"
    assert table[7][3] == "≥ 1"
    text = page(LEDGER, FOUND)
    assert "predicted: 2 of 5 pass, 2 miss, of 1 nothing can be said." in text
    assert "Predictions that pass and that inputs alone do not meet: a." in text
    assert "made-up, with horizon.days=9: 2 runs." in text
    alone = rows(held(LEDGER, replace(FOUND, vectors={})))
    assert "over the set" not in alone[0]


def test_what_is_kept_reads_back_as_it_was(tmp_path):
    path = tmp_path / "facts.json"
    path.write_text(kept_text(FOUND))
    again = read_kept(path)
    assert page(LEDGER, again) == page(LEDGER, FOUND)
    path.write_text("{}")
    with pytest.raises(LedgerError, match="is no file of a market's facts"):
        read_kept(path)


def listed(name, day, usd, quality, **changes):
    return replace(models().rows[0], name=name, release_day=day, list_in_usd=usd, list_out_usd=usd,
                   quality=(quality,) * 5, **changes)


def test_what_list_prices_depend_on():
    """A point of quality doubles prices, openness halves them; one is gone, and one has no price."""
    rows_of = [listed(f"m{i}", -1.0, 2.0**q * (0.5 if is_open else 1.0), q, open=is_open)
               for i, (q, is_open) in enumerate(((0.0, False), (0.5, False), (1.0, False), (0.2, True), (0.8, True)))]
    gone = listed("gone", -9.0, 99.0, 0.5, retire_day=1.0)
    unpriced = replace(listed("none", -1.0, 1.0, 0.5), list_in_usd=None)
    found = _listed(Models((*rows_of, gone, unpriced)), 60)
    assert found["open_discount_last"] == pytest.approx(0.5)
    assert found["models_listed_last"] == 5
    assert found["price_creator_r2_gain_last"] == pytest.approx(0.0, abs=1e-9)  # one made them all


def test_turnover_where_the_newest_win():
    """Twelve are there from the start, and six come in February: five of the ten that led then lead no more."""
    market = load_market("openrouter-2026", ["horizon.days=59"])
    old = [listed(f"a{i:02}", -1.0 - i, 1.0, 0.5) for i in range(12)]
    new = [listed(f"b{i}", 40.0, 1.0, 0.5) for i in range(6)]
    found = _newest_wins(Models((*old, *new)), market)
    assert found["top_ten_half_life_months"] == 1.0
    assert found["hhi_models_last"] == pytest.approx(0.1)


def test_what_settings_say():
    """A mean lag of ten days: four fifths have heard after 10·ln 5 days. Costs: sd .15 and .2, so .25 in all."""
    found = _settings(load_market("openrouter-2026", ["supply.entry.pricing.ceiling_markup=4"]))
    assert found["adoption_weeks"] == pytest.approx(10 * log(5) / 7)
    assert found["weekend_requests"] == 0.85
    assert found["same_model_price_cv"] == pytest.approx(sqrt(exp(0.0625) - 1))
    assert found["price_cv_slope"] == 0.0
    # at k = 2 two sellers would ask for ever more, so the ceiling of four holds as for one; five ask 1.6/.6
    assert found["log_price_two_providers"] == 0.0
    assert found["log_price_five_providers"] == pytest.approx(log(1.6 / 0.6 / 4))
    assert "price_cv_slope" not in _settings(small())
    assert _markups(small()) == {}  # nobody says a ceiling there


@pytest.fixture(scope="module")
def staged():
    hosts = HOST | {"adoption": {"probability": 1.0, "delay_days": 0.0}}
    return stage(small(supply={"firms": {"atlas": hosts, "boreal": hosts}}).model_copy(update={"engine": "reference"}))


def test_sellers_that_are_named(staged):
    """Two hosts of three open models, and a lab with two closed ones."""
    assert _sellers(staged) == {"providers_last": 3.0, "offers_last": 8.0, "open_models_with_four_providers": 0.0,
                                "closed_sellers_max": 1.0}


def test_requests_as_planned(staged):
    found = _planned(staged)
    people = staged.population
    rate = people.base_per_s * people.growth(3.0) * people.present(3.0)  # the middle of the last two of four days
    assert found["requests_per_day_last"] == pytest.approx(86_400 * rate.sum(), rel=1e-9)
    assert found["requests_per_day_last"] == pytest.approx(20 * 86_400, rel=0.1)  # requests_per_s, grown for days
    assert found["prompt_tokens_last"] == pytest.approx(
        (people.base_per_s @ people.prompt_tokens) / people.base_per_s.sum(), rel=0.05)
    assert "tokens_per_day_month_4" not in found
    # the first month has four days, 0 to 3: its middle is day 1.5
    middle = 86_400 * people.base_per_s * people.growth(1.5) * people.present(1.5)
    answer = people.output_tokens * kept_share(people.output_tokens, people.length_sigma, people.max_tokens)
    assert found["tokens_per_day_month_1"] == pytest.approx(
        middle @ (people.prompt_tokens + answer), rel=1e-9)
    assert found["tokens_per_day_month_1"] != pytest.approx(
        86_400 * people.base_per_s @ (people.prompt_tokens + answer), rel=1e-4)  # a day and a half of growth shows


def test_choices_at_list_prices():
    """Two days, half the run each: all on the closed model, then a quarter on the open one."""
    market = load_market("openrouter-2026", ["horizon.days=2"])
    three = Models(tuple(listed(name, -1.0, usd, 0.5, open=name == "y") for name, usd in (
        ("x", 1.0), ("y", 0.5), ("z", 2.0))))
    wanted = pd.DataFrame([(0, "x", 10e6, 9e6, 20.0), (1, "x", 3e6, 2.7e6, 6.0), (1, "y", 1e6, 0.4e6, 1.0)],
                          columns=["day", "model", "tokens", "quality_tokens", "spend_usd"])
    found = _at_list(wanted, three, market)
    assert found["open_share_last"] == 0.25
    assert (found["quality_first"], found["quality_last"]) == pytest.approx((0.9, 3.1 / 4))
    assert (found["price_first"], found["price_last"]) == pytest.approx((2.0, 7 / 4))
    assert "price_month_4" not in found
    # one month, three models: 1, 3 and 9 tokens at half a dollar, one and two
    wanted = pd.DataFrame([(0, "y", 1.0, 1.0, 1.0), (0, "x", 3.0, 1.0, 1.0), (1, "z", 9.0, 1.0, 1.0)],
                          columns=wanted.columns)
    assert _at_list(wanted, three, market)["elasticity_across_models"] == pytest.approx(log(3) / log(2))


def test_inputs_alone_have_the_numbers_of_a_summary():
    found = facts_at_inputs(small())
    assert found["elasticity_within_models"] == -2.0
    assert facts_at_inputs(small(customers={"routing": {"pinned_share": 0.25}}))["elasticity_within_models"] == -1.5
    measures = {it for fact in read_ledger().facts for it in (fact.measure, fact.over, fact.less)}
    assert {"open_share_last", "top_ten_half_life_months", "prompt_tokens_last"} <= set(found) & measures
    assert inf not in found.values()


def test_the_command_over_the_runs_of_a_calibration(capsys, tmp_path):
    market, ledger, runs, out = (tmp_path / name for name in ("m.toml", "l.toml", "r.csv", "o"))
    market.write_text(to_toml(small()))
    ledger.write_text('title = "t"\n[[facts]]\nname = "a"\nsays = "a"\nsource = "here"\nplace = "predicted"\n'
                      'measure = "weekend_requests"\nlow = 0.1\nhigh = 0.2\n')
    done = [DoneRun("x", code, stage_name, n, (), {"a": value}) for n, (code, stage_name, value) in enumerate(
        (("old", "centre", 9.0), ("c", "centre", 0.15), ("c", "centre", 0.15), ("c", "cover", 9.0)))]
    append_runs(runs, read_ledger(ledger), done)
    command = ["validate", "market", str(market), "--facts", str(ledger), "--runs", str(runs), "--out", str(out)]
    assert main(command) == 0
    assert "2 runs." in capsys.readouterr().out
    assert sorted(it.name for it in out.iterdir()) == ["facts.csv", "facts.json", "facts.md", "manifest.json"]
    assert read_kept(out / "facts.json").code == "c"
    assert (out / "facts.csv").read_text().splitlines()[1] == (
        "a,a,,0.1 to 0.2,predicted,0.85,0.15 ± 0,pass,here")
    assert main([*command, "--json"]) == 0
    told, = json.loads(capsys.readouterr().out)["facts"]
    assert (told["verdict"], told["counts"], told["inputs"]) == ("pass", True, 0.85)
    runs.unlink()
    assert main([*command, "--force"]) == 2
    assert "has no run at the centre" in capsys.readouterr().err

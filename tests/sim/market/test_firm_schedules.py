"""Firms that charge more for long prompts and for writing to the cache, in proportion to what their strategies ask."""

from typing import Any

import numpy as np
import pytest

from experiments.runs.run_market import run_market
from sim.engines import outcome
from sim.engines.compiled import CompiledEngine
from sim.engines.reference import ReferenceEngine
from sim.engines.schedule import Line, Schedule, Tier, flat
from sim.errors import ScenarioError
from sim.market.board import Board
from sim.market.firm_schedules import schedule_at, schedules_of
from sim.market.market_invariants import CHECKS
from sim.market.prices import Prices
from sim.scenario.price_settings import RelativeSchedule
from worlds.small import affine, drive, offer, requests, world
from worlds.small_markets import full, small

LONG = {"tiers": [{"above_tokens": 200, "input_factor": 2.0, "output_factor": 1.5},
                  {"above_tokens": 400, "input_factor": 2.5, "output_factor": 1.5}], "cache_write_factor": 1.25}


def test_all_prices_are_in_proportion_to_those_asked():
    asked = Prices(1_250_001, 10_000_000, 125_000)
    write = 1_562_501  # 1,562,501.25
    assert schedule_at(RelativeSchedule.model_validate(LONG), asked) == Schedule(Line(*asked, write), tiers=(
        Tier(200, Line(2_500_002, 15_000_000, 250_000, 3_125_002)),  # of the written 3,125,002.5: to the even
        Tier(400, Line(3_125_002, 15_000_000, 312_500, 3_906_253)),
    ))
    assert schedule_at(RelativeSchedule(), asked) == flat(*asked)


@pytest.mark.parametrize("engine", [ReferenceEngine, CompiledEngine])
def test_bills_follow_what_the_strategy_asks(engine: Any) -> None:
    """Bills of three prompts by hand, before and after a firm halves its price; the price factor doubles all."""
    market = world([offer(affine(0.001), price=schedule_at(RelativeSchedule.model_validate(LONG), Prices(0, 0, 0)))])
    rows = requests(market, [{"arrive_s": at + i, "prompt": prompt, "prefix": 100, "output": 10}
                             for at in (1.0, 11.0) for i, prompt in enumerate((200, 201, 401))])
    running = engine(market, iter([rows]))
    board = Board(market.offers, running, 2.0, relative={0: RelativeSchedule.model_validate(LONG)})
    board.post(0.0, 0, Prices(500_000, 1_000_000, 100_000), "launch")  # charged 1, 2 and .2 USD per million tokens
    board.set_replicas(0.0, 0, 1)
    running.advance(10.0)
    board.post(10.0, 0, Prices(250_000, 500_000, 50_000), "review")
    bills = drive(running).samples["cost_nano"].tolist()
    # written and cached tokens, answer: at 1.25, .2 and 2; at 2.5, .4 and 3; at 3.125, .5 and 3 USD per million
    dear = [125_000 + 20_000 + 20_000, 252_500 + 40_000 + 30_000, 940_625 + 50_000 + 30_000]
    assert bills == [*dear, 82_500, 161_250, 510_313]  # the last is 510,312.5
    posted = [change.after for change in board.price_changes]
    assert posted == [(500_000, 1_000_000, 100_000), (250_000, 500_000, 50_000)]


def test_a_market_books_the_schedules_of_its_firms():
    """At prices that stand still the day's revenue of each offer is that of its requests, long ones at three times."""
    tier = {"above_tokens": 1500, "input_factor": 3.0, "output_factor": 3.0}
    cheap = {"pricing": {"kind": "constant", "input_usd": 0.05, "output_usd": 0.15}}  # so that somebody buys elsewhere
    supply = {"firms": {"openai": {"schedule": {"tiers": [tier]}}, "atlas": cheap}}
    scenario = full(1, rate_per_s=0.004, engine="reference", supply=supply)
    result, traffic = run_market(scenario)
    assert [check(result, traffic) for check in CHECKS.values()] == [""] * len(CHECKS)
    assert {result.offers[row].provider for row in schedules_of(scenario.supply.firms, result.offers)} == {"openai"}
    seen = set()
    for row, spec in enumerate(result.offers):
        day = result.offer_days[0]
        base = (int(day.prompt_tokens[row]) - int(day.cached_tokens[row]), int(day.output_tokens[row]),
                int(day.cached_tokens[row])) @ result.prices_daily[0, row] / 1000
        ratio = float(day.revenue_nano[row]) / base if base else 1.0
        assert ratio == pytest.approx(1.0, rel=1e-3) if spec.provider != "openai" else 1.0 <= ratio <= 3.0
        seen |= {spec.provider} if base and (spec.provider != "openai" or ratio > 1.5) else set()
    assert seen > {"openai"}
    assert traffic.class_sums[:, :, outcome.COST_NANO].sum() == result.offer_days[0].revenue_nano.sum()


def test_a_sampled_market_refuses_them():
    with pytest.raises(ScenarioError, match=r"supply\.firms\.atlas\.schedule has prices beside those of the strategy"):
        small(supply={"firms": {"atlas": {"schedule": {"cache_write_factor": 1.25}}}})
    assert np.isfinite(small(supply={"firms": {"atlas": {"schedule": {}}}}).price_factor)


def test_tiers_ascend():
    with pytest.raises(ValueError, match="tiers have above_tokens 400, 400, but each must be above the last"):
        RelativeSchedule.model_validate({"tiers": [{"above_tokens": 400}, {"above_tokens": 400}]})

"""Prices that change in the course of a run."""

from experiments.runs.run_traffic import run_traffic
from experiments.store.tables import traffic_tables
from sim.scenario.load import scenario_of


def scenario():
    price = {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 2.0,
             "later": [{"from_s": 4.5, "input_usd_per_mtok": 2.0, "output_usd_per_mtok": 2.0, "discount": 0.5},
                       {"from_s": 8.5, "input_usd_per_mtok": 5.0, "output_usd_per_mtok": 0.0}]}
    lengths = {"prompt_tokens": {"kind": "constant", "mean": 100}, "output_tokens": {"kind": "constant", "mean": 10}}
    return scenario_of({
        "name": "case", "traffic": {"duration_s": 10.0, "warmup_s": 0.5, "sample_share": 1.0, "engine": "reference"},
        "routers": {"main": {}}, "network": {"local_delay_s": 0.0},
        "demand": {"chat": {"model": "toy", "arrivals": {"kind": "deterministic", "rate_per_s": 1.0}, **lengths}},
        "providers": {"a": {"offers": {"toy": {
            "model": "toy", "serving": {"kind": "affine", "base_s": 0.01}, "price": price}}}},
    })


def test_a_schedule_holds_from_its_time():
    end = run_traffic(scenario())
    born, cost = end.samples["born_s"], end.samples["cost_nano"]
    assert set(cost[born < 4.5].tolist()) == {120_000}
    assert set(cost[(born > 4.5) & (born < 8.5)].tolist()) == {110_000}  # half of 2 * 100 + 2 * 10
    assert set(cost[born > 8.5].tolist()) == {500_000}


def test_the_table_of_prices_weighs_them_by_time():
    table = traffic_tables(run_traffic(scenario()))["prices"]
    assert table["changes"].item() == 2
    assert table["input_usd_days"].item() * 86_400 == 4.0 * 1.0 + 4.0 * 1.0 + 1.5 * 5.0
    assert table["output_usd_days"].item() * 86_400 == 4.0 * 2.0 + 4.0 * 1.0

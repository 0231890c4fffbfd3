"""Two hundred generated markets: none breaks an invariant, and none fails but with one sentence."""

from collections import Counter

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.measures.market_tables import tables
from experiments.runs.run_market import run_market
from policies import POLICIES
from policies.presets import PRESETS
from providers.pricing.registry import kinds
from sim.errors import InvariantError, MarketError
from sim.scenario import MarketScenario
from sim.scenario.load import read_as
from sim.units import DAY_S
from worlds.numbers import sound

CATALOGUE = (
    "llama-3.1-8b", "gpt-4o", "gpt-4o-mini", "o3-mini", "claude-3.5-sonnet", "llama-3.3-70b", "deepseek-v3",
    "deepseek-r1", "gemini-2.0-flash", "gpt-4.5", "llama-4-scout", "gpt-oss-20b", "kimi-k2",
)
TEMPLATES = ("chat", "coding", "reasoning", "roleplay", "extraction")
NETWORK = {"regions": ["us-east", "eu-west"], "links": [{"a": "us-east", "b": "eu-west", "delay_s": 0.04}]}


def some(**fields):
    """A table in which each field may be left out."""
    return st.fixed_dictionaries({}, optional=fields)


def number(low, high):
    return st.one_of(st.just(low), st.just(high), sound(low, high))


PARAMETERS = {  # of strategies that have them
    "constant": some(input_usd=number(0.0, 5.0), output_usd=number(0.0, 5.0)),
    "menu_cost": some(reviews_per_day=number(0.01, 1.0), follow_share=number(0.0, 1.0), dispersion=number(0.0, 2.0)),
    "undercut": some(step=number(0.0, 0.9)),
    "surge": some(threshold=number(0.0, 0.9), slope=number(0.0, 20.0)),
    "decline": some(decline_per_year=number(0.0, 0.9)),
}
PRICING = st.sampled_from(sorted(kinds())).flatmap(
    lambda kind: PARAMETERS.get(kind, st.just({})).map(lambda parameters: {"kind": kind, **parameters}))
FAULTS = some(
    outage_mtbf_s=number(600.0, 1e6), outage_mttr_s=number(60.0, 1e5), slowdown_mtbf_s=number(600.0, 1e6),
    slowdown_factor=number(1.0, 50.0), fast_failure_share=number(0.0, 1.0), midstream_share=number(0.0, 1.0),
)
TRAINING = some(
    kind=st.sampled_from(["none", "fixed", "nights", "marginal"]), share=number(0.0, 1.0),
    night_from_h=number(0.1, 11.9), night_to_h=number(12.0, 23.9), value_usd_per_gpu_hour=number(0.0, 50.0),
)
POOL = st.fixed_dictionaries({"count": st.sampled_from([32, 8, 16, 2, 1, 0])}, optional={
    "tenure": st.sampled_from(["owned", "rented"]),
    "precisions": st.lists(st.sampled_from(["bf16", "fp8", "fp4"]), min_size=1, max_size=2, unique=True)})
POOLS = st.dictionaries(
    st.sampled_from(["h100-sxm", "h200-sxm", "b200-sxm", "l4", "mi300x"]), POOL, min_size=1, max_size=2,
).map(lambda pools: [{"gpu": gpu, **pool} for gpu, pool in pools.items()])
FIRM = st.fixed_dictionaries({"pools": POOLS}, optional={
    "kind": st.sampled_from(["host", "lab"]), "creator": st.sampled_from(["openai", "meta", "anthropic"]),
    "pricing": PRICING, "faults": FAULTS, "training": TRAINING,
    "adoption": some(probability=number(0.5, 1.0), delay_days=number(0.0, 3.0), own_open=st.booleans()),
    "entry_day": number(0.0, 3.0), "exit_months": st.one_of(st.none(), number(1e-6, 1.0)),
    "region": st.sampled_from(["us-east", "eu-west"]),
    "limits": some(requests_per_min=st.integers(1, 100), queue=st.integers(0, 10), context_tokens=st.integers(1, 9999)),
    "engine": some(max_batch=st.integers(1, 300), max_step_tokens=st.integers(300, 9000)),
})
SEGMENT = st.fixed_dictionaries(
    {"number": st.one_of(st.integers(1, 8), st.integers(0, 8)), "revenue_usd": st.just([1e4, 1e7]),
     "mix": st.dictionaries(st.sampled_from(TEMPLATES), number(0.1, 1.0), min_size=1)},
    optional={"entry_per_year": number(0.0, 20.0), "exit_per_year": number(0.0, 20.0),
              "growth_per_year": number(-0.9, 20.0), "own_key_share": number(0.0, 1.0),
              "budget_use": st.just([0.9, 1.0])})
CHOICE = some(
    utility=st.sampled_from(["money", "log"]), taste=number(1e-4, 10.0),
    nests=st.sampled_from(["none", "family", "creator", "open"]), nest_lambda=number(0.05, 1.0),
    loyal_share=number(0.0, 1.0), reviews_per_month=number(0.0, 100.0), switching_cost=number(0.0, 5.0),
    release_attention=number(0.0, 1.0), release_lag_days=number(0.01, 10.0), bill_surprise=number(1e-3, 1.0),
    max_volume_factor=number(1.0, 100.0), budgets=st.booleans(), first_prices=number(0.01, 100.0),
    taste_redraw_per_month=number(0.0, 100.0), first_fit=number(0.0, 1.0), budget_bend=number(1e-3, 10.0),
)
USES = st.fixed_dictionaries({"enabled": st.just(True)}, optional={
    "worth_factor": number(1e-3, 10.0), "needs": st.just([0.1, 0.9]), "planned_share": number(0.1, 1.0),
    "diffusion": some(per_year=number(0.0, 50.0), ceiling=number(1.0, 100.0)),
    "direct": some(enabled=st.booleans(), marketplace_worth=number(-1.0, 1.0), spread=number(0.01, 1.0))})
DRIFT = some(prompt_growth_per_year=number(-0.9, 20.0), output_growth_per_year=number(-0.9, 20.0),
             cached_log_odds_per_year=number(-20.0, 20.0))
ROUTING = some(floor_share=number(0.0, 0.3), nitro_share=number(0.0, 0.3), pinned_share=number(0.0, 0.4),
               repins_per_month=number(0.0, 100.0), conversation_turns=number(1.0, 20.0), turn_gap_s=number(0.01, 60.0))
HORIZON = st.one_of(
    st.fixed_dictionaries({"days": st.integers(1, 6), "sampled_per_day": st.sampled_from([1, 30, 300])}),
    st.fixed_dictionaries({"days": st.just(1), "resolution": st.just("full"),
                           "slice_s": st.sampled_from([600, 3600, DAY_S])}),
)
ROUTER = some(
    policy=st.fixed_dictionaries({"kind": st.sampled_from(sorted({*POLICIES, *PRESETS}))}),
    attempts=some(maximum=st.integers(1, 6), budget_s=number(0.5, 300.0)),
    exploration=number(0.0, 1.0), region=st.sampled_from(["us-east", "eu-west"]),
)
MARKETPLACE = st.fixed_dictionaries(
    {"policy": st.fixed_dictionaries({"kind": st.sampled_from(
        ["cheapest", "random", "litellm_least_busy", "openrouter_adjusted"])})},
    optional={"fee_share": number(0.0, 1.0), "own_key_fee_share": number(0.0, 1.0), "start_share": number(0.1, 5.0),
              "attraction": number(-5.0, 5.0),
              "preferences": st.sampled_from(
                  [{"variant": "floor"}, {"sort": "throughput"}, {"quantizations": ["fp8"]}])})
MARKET = st.fixed_dictionaries({
    "seed": st.integers(0, 2**32),
    "horizon": HORIZON,
    "price_factor": st.sampled_from([1e-9, 0.05, 1.0, 1.0, 1.0, 20.0]),
    "network": st.just(NETWORK),
    "models": some(catalogue=st.lists(st.sampled_from(CATALOGUE), min_size=1, unique=True).map(
        lambda names: {"include": names}), frontier=st.just({"enabled": False})),
    "customers": st.fixed_dictionaries(
        {"segments": st.dictionaries(st.sampled_from(["apps", "agents", "bots"]), SEGMENT, min_size=1)},
        optional={"choice": CHOICE, "routing": ROUTING, "uses": USES, "drift": DRIFT, "free_share": number(0.0, 0.9)}),
    "supply": st.fixed_dictionaries(
        {"firms": st.dictionaries(st.sampled_from(["atlas", "boreal", "openai", "meta"]), FIRM, min_size=1)},
        optional={
            "autoscaling": some(load_s=number(0.0, 40_000.0), slack=number(0.0, 1.0), max_replicas=st.integers(1, 5)),
            "investment": some(review_days=number(1.0, 3.0), hurdle=number(0.0, 1.0), max_growth=number(1.0, 3.0)),
            "shelf": some(trial_days=number(0.0, 2.0), keep_share=number(0.0, 2.0)),
        }),
    "router": ROUTER,
    "marketplaces": st.one_of(*[st.just({})] * 5, st.dictionaries(
        st.sampled_from(["direct", "floor", "third"]), MARKETPLACE, min_size=1)),
    "marketplace_choice": some(
        price_weight=number(0.0, 50.0), latency_weight=number(0.0, 5.0), inertia=number(0.0, 9.0),
        reviews_per_month=number(0.0, 100.0), memory_days=number(1.0, 60.0), prior_requests=number(0.0, 1e3)),
})


def scenario(table):
    """A generated market, with as much traffic as can be simulated in a blink."""
    rate_per_s = 0.003 if table["horizon"].get("resolution") == "full" else 6.0
    customers = {"requests_per_s": rate_per_s, **table["customers"]}
    data = {"name": "generated", **table, "customers": customers}
    return read_as(MarketScenario, data, (), source="generated")


def check(result, traffic):
    """What holds of every run besides the invariants that each run checks of itself."""
    for series in (result.offer_days, result.workload_days, result.prices_daily, result.surplus_usd_daily):
        assert len(series) == result.days
    born = np.cumsum([day.born for day in result.workload_days], axis=0)
    assert (np.cumsum([day.completed for day in result.workload_days], axis=0) <= born).all()
    assert not result.full or np.array_equal(
        born[-1], traffic.born.sum(axis=1).reshape(-1, born.shape[1]).sum(axis=0))  # a class at each marketplace
    for day in result.workload_days:
        for field in ("prompt_tokens", "output_tokens", "cost_nano", "fee_nano"):
            assert (getattr(day, field) >= 0).all()
        known = day.completed > 0
        assert (day.ttft_s[known] > 0).all()
        assert (day.e2e_s[known] >= day.ttft_s[known]).all()
    for sold in result.offer_days:
        assert ((sold.busy_share >= 0) & (sold.busy_share <= 1)).all()
    assert (result.prices_daily >= 0).all()
    assert (result.surplus_usd_daily >= 0).all()
    assert np.isfinite([switch.gain_usd for switch in result.switches]).all()
    assert all(min(row[3:]) >= 0 for row in result.pool_days)
    assert result.ledger.balance("supplier") == sum(row.cost_nano for row in result.pool_days)


def test_generated_markets_run_or_are_refused_in_one_sentence():
    seen, refusals = Counter(), set()

    @settings(max_examples=200, suppress_health_check=list(HealthCheck))
    @given(MARKET)
    def play(table):
        try:
            result, traffic = run_market(scenario(table))
        except InvariantError:
            raise
        except MarketError as error:
            refusals.add(str(error))
            return
        check(result, traffic)
        frames = tables(result)
        assert len(frames["switches"]) == len(result.switches)
        seen.update(runs=1, traffic=bool(traffic.born.any()), switches=len(result.switches) > 0,
                    changes=any(change.reason != "launch" for change in result.price_changes))

    play()
    assert not any("\n" in sentence for sentence in refusals)
    assert seen["runs"] >= 100  # the generator makes markets, and things happen in many of them
    assert min(seen["traffic"], seen["switches"]) >= 50
    assert seen["changes"] >= 10

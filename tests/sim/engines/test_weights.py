"""Weights of offers and slow start, worked out by hand, in both engines (semantics, section 14)."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from policies import bind
from sim.engines.compiled import CompiledEngine
from sim.engines.invariants import check
from sim.engines.reference import ReferenceEngine
from sim.engines.slow_start import warm_share
from sim.policy import BoundPolicy, Memory, NoParameters, Policy, Request
from sim.scenario import PolicyChoice, TrafficScenario
from sim.view import OPEN, WEIGHT
from worlds.small import Change, drive, offer, requests, world

ENGINES = pytest.mark.parametrize("engine", [ReferenceEngine, CompiledEngine], ids=["reference", "compiled"])


def choose_half(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """The second offer once it has half of its weight, else the first."""
    if view[1, OPEN] > 0.0 and view[1, WEIGHT] >= 0.5:
        return 1
    for row in range(view.shape[0]):
        if view[row, OPEN] > 0.0:
            return row
    return -1


HALF = BoundPolicy(Policy("test_half", choose_half, "Half weight.", "tests", "none"), NoParameters())


def chosen(
    engine: Any, policy: Any, router: dict[str, Any], times: Any, changes: Any = (), **request: Any
) -> list[int]:
    """Offers of requests at times, of as many as the router weighs, or two."""
    bound = bind(PolicyChoice.model_validate(policy)) if isinstance(policy, dict) else policy
    count = max(2, len(router.get("weights", {})))
    of = world([offer(name=f"o{i}", provider=f"p{i}") for i in range(count)], bound, routers={"main": router})
    rows = requests(of, [{"arrive_s": float(at), "prompt": 1, "output": 1, **request} for at in times])
    result = drive(engine(of, iter([rows])), changes)
    check(result)
    return np.sort(result.samples, order="key")["offer"].tolist()


@pytest.mark.parametrize(("since_s", "aggression", "min_share", "share"), [
    (-3.0, 1.0, 0.05, 0.1), (0.2, 1.0, 0.05, 0.1), (1.0, 1.0, 0.05, 0.1), (5.0, 1.0, 0.05, 0.5), (9.9, 1.0, 0.05, 0.99),
    (10.0, 1.0, 0.05, 1.0), (np.inf, 1.0, 0.05, 1.0), (2.5, 2.0, 0.05, 0.5), (5.0, 0.5, 0.05, 0.25),
    (2.0, 1.0, 0.3, 0.3), (1.0, 0.01, 0.3, 0.3),
])
def test_how_a_weight_grows(since_s: float, aggression: float, min_share: float, share: float) -> None:
    """Envoy's formula, over a window of ten seconds."""
    assert warm_share(since_s, 10.0, aggression, min_share) == pytest.approx(share, rel=1e-12)


def test_a_window_shorter_than_a_second() -> None:
    assert [warm_share(t, 0.5, 1.0, 0.1) for t in (0.1, 0.5)] == [1.0, 1.0]
    assert warm_share(0.0, 0.0, 1.0, 0.1) == 1.0


@ENGINES
@pytest.mark.parametrize("policy", [{"kind": "round_robin"}, {"kind": "smooth_wrr"}], ids=["round_robin", "smooth_wrr"])
def test_turns_by_weight_are_nginxs(engine: Any, policy: dict[str, Any]) -> None:
    """Weights of 5, 1 and 1 give a a b a c a a, as in the note of the change that brought nginx its smooth turns."""
    router = {"weights": {"p0": 5.0, "p1": 1.0, "p2": 1.0}}
    assert chosen(engine, policy, router, range(14)) == [0, 0, 1, 0, 2, 0, 0] * 2


@ENGINES
@pytest.mark.parametrize("kind", ["random", "weighted", "litellm_shuffle", "openrouter_classic"])
def test_draws_are_by_weight(engine: Any, kind: str) -> None:
    """All else alike, 3 of 4 requests go to the first of weight 3, a third where its offer is named apart.

    The number of 800 is 600, within 4.9 standard deviations of a binomial: false alarm once in a million.
    """
    sizes = 800
    for weights, share in (({"p0": 3.0}, 0.75), ({"p0": 3.0, "p0/o0": 0.5}, 1 / 3)):
        policy = {"kind": kind, "exponent": 0.0} if kind == "weighted" else {"kind": kind}
        found = chosen(engine, policy, {"weights": weights}, np.arange(sizes) * 2.0)
        assert abs(found.count(0) - share * sizes) <= 4.9 * np.sqrt(sizes * share * (1 - share))


@ENGINES
def test_weight_zero_takes_nothing_while_another_is_open(engine: Any) -> None:
    """Not by exploration either, nor of a session that was there; with nothing else open it takes all."""
    hide = [Change(4.5, "list", 1, (0.0,)), Change(8.5, "list", 1, (1.0,))]
    router = {"weights": {"p0": 0.0}, "exploration": 0.5, "affinity": {"ttl_s": 100.0}}
    for kind in ("random", "round_robin", "cheapest"):
        found = chosen(engine, {"kind": kind}, router, range(12), hide, session=7)
        assert found == [1] * 5 + [0] * 4 + [1] * 3


@ENGINES
def test_weights_of_zero_alone_are_all_alike(engine: Any) -> None:
    router = {"weights": {"p0": 0.0, "p1": 0.0}}
    assert chosen(engine, {"kind": "round_robin"}, router, range(6)) == [0, 1] * 3
    assert set(chosen(engine, {"kind": "random"}, router, range(30))) == {0, 1}


SLOW = {"slow_start": {"window_s": 10.0, "min_share": 0.01}}


@ENGINES
def test_an_offer_that_is_listed_again_starts_slowly(engine: Any) -> None:
    """Half of its weight five seconds after it came back; with aggression 2 it takes a quarter of the window."""
    hide = [Change(2.5, "list", 1, (0.0,)), Change(20.0, "list", 1, (1.0,))]
    times = [0, 1, 3, 19, 20, 22, 22.5, 24.9, 25, 29, 31, 40]
    assert chosen(engine, HALF, SLOW, times, hide) == [1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]
    faster = {"slow_start": {**SLOW["slow_start"], "aggression": 2.0}}
    assert chosen(engine, HALF, faster, times, hide) == [1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    # what is listed already does not come back
    assert chosen(engine, HALF, SLOW, [0, 1], [Change(0.5, "list", 1, (1.0,))]) == [1, 1]


@ENGINES
def test_slow_start_after_a_cool_down(engine: Any) -> None:
    """A failure at 2 s rests the offer until 6 s: half of its weight at 11 s. The start of the run is no return."""
    down = [Change(1.5, "up", 1, (0.0,)), Change(2.5, "up", 1, (1.0,))]
    router = {**SLOW, "cooldown": {"seconds": 4.0}, "attempts": {"maximum": 2}}
    assert chosen(engine, HALF, router, [0, 2, 7, 10.9, 11, 13], down) == [1, 0, 0, 0, 1, 1]


@ENGINES
def test_slow_start_after_a_breaker(engine: Any) -> None:
    """It opens at 2 s, half opens at 4 s, and its probe, which nothing holds back, is done at 6 s: half at 11 s."""
    down = [Change(1.5, "up", 1, (0.0,)), Change(2.5, "up", 1, (1.0,))]
    router = {**SLOW, "breaker": {"failures": 1, "open_s": 2.0, "successes": 1}, "attempts": {"maximum": 2}}
    assert chosen(engine, HALF, router, [0, 2, 5, 7, 10.9, 11, 13], down) == [1, 0, 1, 0, 0, 1, 1]


def test_a_weight_of_nobody_is_refused() -> None:
    shown = {"serving": {"kind": "affine", "base_s": 1.0}, "price": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}}
    scenario = {"name": "w", "traffic": {"duration_s": 1.0},
                "providers": {"a": {"offers": {"m": {"model": "m", **shown}}}},
                "demand": {"c": {"model": "m", "arrivals": {"kind": "poisson", "rate_per_s": 1.0}}}}
    for weights, words in (({"b": 1.0}, "routers.main.weights has 'b', which is no provider or provider/offer; "
                            "there are a, a/m"), ({"a": -1.0}, "greater than or equal to 0")):
        with pytest.raises(ValidationError, match=words):
            TrafficScenario.model_validate({**scenario, "routers": {"main": {"weights": weights}}})


@ENGINES
def test_an_offer_gets_many_times_its_weight_and_its_own_again(engine: Any) -> None:
    market = world([offer(name="a"), offer(name="b")], HALF, routers={"main": {"weights": {"p/b": 0.25}}})
    rows = requests(market, [{"arrive_s": t, "prompt": 1, "output": 1} for t in (1.0, 11.0, 21.0)])
    made = engine(market, iter([rows]))
    made.advance(10.0)
    made.set_weight(1, 2.0)  # half: the policy goes there
    made.advance(20.0)
    made.set_weight(1, 1.0)
    made.advance(100.0)
    assert made.outcome().samples["offer"].tolist() == [0, 1, 0]

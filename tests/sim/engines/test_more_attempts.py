"""Second attempts beside a first, and other models after one's own: cases worked out by hand, in both engines."""

import pytest

from sim.engines.compiled import CompiledEngine
from sim.engines.compiled.shards import shards_of
from sim.engines.outcome import (
    ABANDONED,
    ATTEMPTS,
    CANCELLED,
    COMPLETED,
    FAILED,
    MEASURED,
    REVENUE_NANO,
    SERVED,
    TrafficOutcome,
)
from sim.engines.reference import ReferenceEngine
from sim.engines.world import World
from worlds.small import Client, affine, drive, offer, requests, world

ENGINES = pytest.mark.parametrize("engine", [ReferenceEngine, CompiledEngine])
SLOW, QUICK = offer(affine(10.0)), offer(affine(1.0))
BROKEN = {"fast_failure_share": 1.0, "fast_failure_s": 0.0}


def serve(engine: type, of: World, *rows: dict) -> TrafficOutcome:
    return drive(engine(of, iter([requests(of, rows)])))


def hedging(hedge_s: float, *offers, **attempts) -> World:
    return world(offers, routers={"main": {"attempts": {"hedge_s": hedge_s, **attempts}}})


@ENGINES
def test_the_second_attempt_answers_if_it_is_quicker(engine):
    done = serve(engine, hedging(2.0, SLOW, QUICK), {"arrive_s": 0.0, "prompt": 5, "output": 3})
    sample = done.samples[0]
    # sent at 2 s, a second for the prompt and one for each later token
    assert (sample["offer"], sample["placed_s"], sample["first_token_s"], sample["end_s"]) == (1, 2.0, 3.0, 5.0)
    assert done.class_sums[0, MEASURED, ATTEMPTS] == 2
    assert done.offer_sums[:, MEASURED, CANCELLED].tolist() == [1, 0]
    assert done.offer_sums[:, MEASURED, SERVED].tolist() == [0, 1]


@ENGINES
def test_the_first_attempt_answers_if_it_is_quicker(engine):
    done = serve(engine, hedging(0.5, QUICK, SLOW), {"arrive_s": 0.0, "prompt": 5, "output": 3})
    sample = done.samples[0]
    assert (sample["offer"], sample["placed_s"], sample["first_token_s"], sample["end_s"]) == (0, 0.0, 1.0, 3.0)
    assert done.offer_sums[:, MEASURED, CANCELLED].tolist() == [0, 1]


@ENGINES
def test_when_one_of_two_fails_the_other_goes_on_and_may_be_hedged_itself(engine):
    failing = offer(affine(1.0), fast_failure_share=1.0, fast_failure_s=4.0)
    done = serve(engine, hedging(2.0, SLOW, failing, QUICK), {"arrive_s": 0.0, "prompt": 5, "output": 1})
    # the second is sent at 2 s and fails at 6 s: its hour is over, so a third is sent at once
    sample = done.samples[0]
    assert (sample["offer"], sample["placed_s"], sample["end_s"], sample["attempts"]) == (2, 6.0, 7.0, 3)


@ENGINES
def test_no_second_attempt_without_another_offer_or_after_the_last_attempt(engine):
    for of in (hedging(2.0, SLOW, retry_tried=True), hedging(2.0, SLOW, QUICK, maximum=1),
               hedging(2.0, SLOW, QUICK, budget_s=2.0)):
        done = serve(engine, of, {"arrive_s": 0.0, "prompt": 5, "output": 1})
        assert (done.samples[0]["attempts"], done.samples[0]["end_s"]) == (1, 10.0)


@ENGINES
def test_patience_ends_both(engine):
    done = serve(engine, hedging(2.0, SLOW, SLOW), {"arrive_s": 0.0, "prompt": 5, "output": 1, "patience_s": 3.0})
    assert done.outcomes[0, MEASURED, ABANDONED] == 1
    assert done.offer_sums[:, MEASURED, CANCELLED].tolist() == [1, 1]


def two_models(*, fallbacks: tuple[str, ...], **router) -> World:
    offers = [offer(affine(1.0), model="a", **BROKEN), offer(affine(1.0), model="b", price_in_nano=7, price_out_nano=9)]
    return world(offers, routers={"main": router}, clients=[Client("a", fallbacks=fallbacks)])


@ENGINES
def test_the_next_model_answers_and_is_paid(engine):
    retrying = {"attempts": {"maximum": 2, "retry_tried": True}}
    done = serve(engine, two_models(fallbacks=("b",), **retrying), {"arrive_s": 0.0, "prompt": 5, "output": 3})
    sample = done.samples[0]
    assert (sample["outcome"], sample["offer"], sample["attempts"]) == (COMPLETED, 1, 3)
    assert done.offer_sums[1, MEASURED, REVENUE_NANO] == 5 * 7 + 3 * 9
    assert sample["cost_nano"] == 62
    alone = serve(engine, two_models(fallbacks=(), **retrying), {"arrive_s": 0.0, "prompt": 5, "output": 3})
    assert (alone.samples[0]["outcome"], alone.samples[0]["attempts"]) == (FAILED, 2)


@ENGINES
def test_a_model_without_an_open_offer_is_passed_over(engine):
    offers = [offer(affine(1.0), model="a", context_tokens=3), offer(affine(1.0), model="b", context_tokens=4),
              offer(affine(1.0), model="c")]
    of = world(offers, clients=[Client("a", fallbacks=("b", "c"))])
    sample = serve(engine, of, {"arrive_s": 0.0, "prompt": 5, "output": 3}).samples[0]
    assert (sample["outcome"], sample["offer"], sample["attempts"], sample["placed_s"]) == (COMPLETED, 2, 1, 0.0)


def test_models_that_a_class_asks_in_turn_share_a_shard():
    offers = [offer(model=name) for name in "abcde"]
    clients = [Client("a", fallbacks=("d",)), Client("c"), Client("d", fallbacks=("e",))]
    assert [shard.tolist() for shard in shards_of(world(offers, clients=clients))] == [[0, 3, 4], [1], [2]]
    assert len(shards_of(world(offers, clients=[Client("a")]))) == 5

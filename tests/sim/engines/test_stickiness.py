"""OpenRouter's stickiness, as its documentation states it: when a conversation begins to stick, and what moves it.

Two offers whose cached input is cheaper; the policy is the cheapest. A change of price makes the other one cheapest.
"""

from typing import Any

import numpy as np
import pytest

from policies.labels import choice_of, label_of
from sim import view as v
from sim.engines.compiled import CompiledEngine
from sim.engines.reference import ReferenceEngine
from sim.engines.schedule import flat
from sim.scenario import Router
from worlds.small import Change, affine, drive, lowest, offer, requests, world

PRICES = [flat(1_000_000 * place, 1_000_000, 100_000 * place) for place in (1, 2)]
DEAR = flat(9_000_000, 1_000_000, 100_000)
BY_PROMPT, BY_IDENTIFIER = {"sticky": "prompt"}, {"sticky": "session_id"}


@pytest.fixture(params=[CompiledEngine, ReferenceEngine], ids=lambda engine: engine.__name__)
def engine_class(request):
    return request.param


def turns(*times: float, cut: float = -1.0) -> list[dict[str, Any]]:
    """Turns of a session of which each repeats the one before it, but for one that was cut."""
    return [{"arrive_s": at, "prompt": 64 + 40 * number, "output": 2, "session": 7,
             "prefix": 0 if number == 0 or at == cut else 24 + 40 * number} for number, at in enumerate(times)]


def served_by(engine_class: type, choice: dict[str, str], rows: list[dict[str, Any]], *changes: Change,
              block: int = 16) -> list[int]:
    spec = [offer(affine(0.1), provider=name, price=price, block_tokens=block)
            for name, price in zip("ab", PRICES, strict=True)]
    market = world(spec, lowest(v.COST_USD), routers={"main": {"policy": {"kind": "cheapest", **choice}}},
                   traffic={"duration_s": 5000.0})
    samples = drive(engine_class(market, iter([requests(market, rows)])), changes, 5000.0).samples
    return np.sort(samples, order="key")["offer"].tolist()


def dear_from(at: float) -> Change:
    return Change(at, "schedule", 0, (DEAR,))


def test_with_an_identifier_it_sticks_from_the_first_success_on(engine_class):
    rows = turns(10.0, 20.0, 30.0)
    assert served_by(engine_class, {}, rows, dear_from(15.0)) == [0, 1, 1]
    assert served_by(engine_class, BY_IDENTIFIER, rows, dear_from(15.0)) == [0, 0, 0]


def test_without_one_it_sticks_once_a_hit_was_seen(engine_class):
    rows = turns(10.0, 20.0, 30.0)
    assert served_by(engine_class, BY_PROMPT, rows, dear_from(15.0)) == [0, 1, 1]
    assert served_by(engine_class, BY_PROMPT, rows, dear_from(25.0)) == [0, 0, 0]
    # the history is billed as cached where there is no cache: a hit, too; in a cache of long blocks it is none
    assert served_by(engine_class, BY_PROMPT, rows, dear_from(25.0), block=0) == [0, 0, 0]
    assert served_by(engine_class, BY_PROMPT, rows, dear_from(25.0), block=500) == [0, 0, 1]


def test_ten_minutes_idle_set_it_free_and_each_success_begins_them_anew(engine_class):
    for choice in (BY_IDENTIFIER, BY_PROMPT):
        assert served_by(engine_class, choice, turns(10.0, 20.0, 619.0), dear_from(25.0)) == [0, 0, 0]
        assert served_by(engine_class, choice, turns(10.0, 20.0, 622.0), dear_from(25.0)) == [0, 0, 1]
        # a turn that finds nothing, its prompt having been cut, is a success at the offer where it sticks
        assert served_by(engine_class, choice, turns(10.0, 20.0, 500.0, 1000.0, cut=500.0), dear_from(25.0)) == [0] * 4


def test_an_error_leaves_the_entry_and_sends_the_request_to_the_next_best(engine_class):
    down = [Change(25.0, "up", 0, (0.0,)), Change(35.0, "up", 0, (1.0,))]
    rows = turns(10.0, 20.0, 30.0, 40.0)
    # the other offer found nothing, so without an identifier its success is not remembered
    assert served_by(engine_class, BY_PROMPT, rows, *down) == [0, 0, 1, 0]
    assert served_by(engine_class, BY_IDENTIFIER, rows, *down) == [0, 0, 1, 1]


def test_it_is_written_beside_a_policy():
    choice = choice_of("openrouter_classic:sticky=session_id:k=3")
    assert (choice.sticky, choice.parameters) == ("session_id", {"k": 3})
    assert label_of(choice) == "openrouter_classic:sticky=session_id:k=3"
    router = Router(policy=choice, affinity={"ttl_s": 5.0})
    assert (router.stickiness.rule, router.stickiness.ttl_s, router.stickiness.begins) == (
        "openrouter", 600.0, "success")
    assert Router(affinity={"ttl_s": 5.0}).stickiness.ttl_s == 5.0
    assert Router(policy=choice_of("cheapest:sticky=prompt")).stickiness.begins == "hit"

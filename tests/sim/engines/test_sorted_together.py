"""Offers of several models sorted together: both engines against cases worked out by hand (semantics, section 15)."""

from typing import Any

import numpy as np
import pytest

from sim import view as v
from sim.engines import outcome as o
from sim.engines.compiled import CompiledEngine
from sim.engines.reference import ReferenceEngine
from sim.engines.wanted import models_together, queue_of_models
from worlds.small import Change, Client, affine, drive, lowest, offer, requests, world

ENGINES = {"compiled": CompiledEngine, "reference": ReferenceEngine}
DOWN, UP = (0.0,), (1.0,)
A, B, C, D = range(4)  # offers of `market`: A and B sell model m, C and D model n, B the dearest and C the cheapest
TOGETHER = {"sort": "price", "partition": "none"}


@pytest.fixture(params=ENGINES.values(), ids=ENGINES)
def engine_class(request):
    return request.param


def market(wants: dict[str, Any], fallbacks: tuple[str, ...] = ("n",), prices: Any = (2000, 4000, 1000, 3000),
           router: Any = None, **changes: Any) -> Any:
    rows = [offer(affine(0.1), provider=name, model=model, price_in_nano=price, price_out_nano=price, **changes)
            for name, model, price in zip("abcd", "mmnn", prices, strict=True)]
    return world(rows, lowest(v.COST_USD), routers={"main": router or {}},
                 clients=[Client("m", demand={"preferences": wants}, fallbacks=fallbacks)])


def served(engine_class: type, of: Any, *times: float, changes: Any = ()) -> tuple[np.ndarray, Any]:
    rows = [{"arrive_s": t, "prompt": 10, "output": 2} for t in times]
    result = drive(engine_class(of, iter([requests(of, rows)])), changes)
    return np.sort(result.samples, order="key"), result


def went_to(engine_class: type, of: Any, *changes: Change) -> list[int]:
    """Offer of a request at ten seconds."""
    return served(engine_class, of, 10.0, changes=changes)[0]["offer"].tolist()


def test_the_cheapest_of_all_models_goes_first_and_is_billed(engine_class):
    rows, result = served(engine_class, market(TOGETHER), 10.0, 20.0)
    assert rows["offer"].tolist() == [C, C]
    assert result.offer_sums[:, o.MEASURED, o.REVENUE_NANO].tolist() == [0, 0, 2 * 12 * 1000, 0]  # 12 tokens each
    apart, _ = served(engine_class, market({"sort": "price"}), 10.0, 20.0)
    assert apart["offer"].tolist() == [A, A]


def test_after_a_failure_the_next_of_all_is_tried(engine_class):
    """Prices are 1 at C, 2 at A, 3 at D, 4 at B: the request goes from model to model and back."""
    down = [Change(0.0, "up", row, DOWN) for row in (C, A, D)]
    rows, result = served(engine_class, market(TOGETHER, router={"attempts": {"maximum": 4}}), 10.0, changes=down)
    assert (rows["offer"].tolist(), rows["attempts"].tolist()) == ([B], [4])
    assert result.offer_sums[:, o.MEASURED, o.PLACED].tolist() == [1, 1, 1, 1]


def test_there_is_one_list_so_one_most_of_attempts(engine_class):
    down = [Change(0.0, "up", row, DOWN) for row in (C, A, D)]
    together = market(TOGETHER, router={"attempts": {"maximum": 3}})
    rows, result = served(engine_class, together, 10.0, changes=down)
    assert (rows["outcome"].tolist(), rows["attempts"].tolist()) == ([o.FAILED], [3])
    assert result.offer_sums[B, o.MEASURED, o.PLACED] == 0


@pytest.mark.parametrize(("again", "placed"), [(True, [1, 1, 2, 1]), (False, [1, 1, 1, 1])])
def test_who_has_tried_all_of_all_models_may_start_again(engine_class, again, placed):
    """All are down: C, A, D and B in the order of their prices, and with `retry_tried` C, not A, once more."""
    down = [Change(0.0, "up", row, DOWN) for row in range(4)]
    of = market(TOGETHER, router={"attempts": {"maximum": 5, "retry_tried": again}})
    _, result = served(engine_class, of, 10.0, changes=down)
    assert result.offer_sums[:, o.MEASURED, o.PLACED].tolist() == placed


@pytest.mark.parametrize(("fallbacks", "prices", "goes_to"), [
    (("n",), (1000, 4000, 1000, 4000), A), (("n",), (1000 + 1, 4000, 1000, 4000), C)])
def test_of_equals_the_model_that_is_named_first_goes_first(engine_class, fallbacks, prices, goes_to):
    assert went_to(engine_class, market(TOGETHER, fallbacks, prices)) == [goes_to]


def test_an_own_key_goes_first_across_models(engine_class):
    """A customer with a key for the dear offer of its second model: Use Case 3 of OpenRouter's page."""
    assert went_to(engine_class, market({**TOGETHER, "own_keys": ["d"]})) == [D]
    assert went_to(engine_class, market({"sort": "price", "own_keys": ["d"]})) == [A]


def test_an_order_goes_before_the_sort(engine_class):
    assert went_to(engine_class, market({**TOGETHER, "order": ["b", "d"]})) == [B]


def test_who_misses_a_percentile_goes_behind_the_others_of_all_models(engine_class):
    """C takes half a second to its first token, and more is wanted: with that known the next cheapest is A's model."""
    rows = [offer(affine(0.5 if name == "c" else 0.1), provider=name, model=model, price_in_nano=price)
            for name, model, price in zip("abcd", "mmnn", (2000, 4000, 1000, 3000), strict=True)]
    told = {"slot_s": 1.0, "prior_ttft_s": 0.2, "newcomers": "priors"}
    of = world(rows, lowest(v.COST_USD), routers={"main": {"telemetry": told}}, clients=[
        Client("m", demand={"preferences": {**TOGETHER, "preferred_max_latency": 0.3}}, fallbacks=("n",))])
    assert served(engine_class, of, 10.0, 20.0)[0]["offer"].tolist() == [C, A]


@pytest.mark.parametrize(("by", "goes_to"), [("throughput", C), ("latency", A)])
def test_sorted_by_what_was_measured(engine_class, by, goes_to):
    """A: two tokens in .2 s, the first after .1; C: 2 after .15 and at once. Both were tried while they were new."""
    rows = [offer(affine(0.1), provider="a", model="m"), offer(affine(0.0, 0.015), provider="c", model="n")]
    told = {"slot_s": 1.0, "prior_ttft_s": 0.01, "prior_tokens_per_s": 1000.0, "newcomers": "priors"}
    of = world(rows, lowest(v.COST_USD), routers={"main": {"telemetry": told}}, clients=[
        Client("m", demand={"preferences": {"sort": by, "partition": "none"}}, fallbacks=("n",))])
    placed = served(engine_class, of, 0.0, 10.0, 20.0, 30.0)[0]["offer"].tolist()
    assert sorted(placed[:2]) == [0, 1]
    assert placed[2:] == [{A: 0, C: 1}[goes_to]] * 2


def test_a_request_waits_for_the_first_offer_of_any_model(engine_class):
    """C fails at 8 s, all others at 10 s, and each rests for five: who asks for m first is served by n's C at 13 s."""
    resting = {"cooldown": {"seconds": 5.0}, "attempts": {"maximum": 8, "retry_tried": True, "budget_s": 60.0}}
    rows = [offer(affine(0.1), provider=name, model=model) for name, model in zip("abcd", "mmnn", strict=True)]
    of = world(rows, lowest(v.COST_USD), routers={"main": resting}, clients=[
        Client("n", demand={"preferences": {"only": ["c"]}}),
        Client("m", demand={"preferences": TOGETHER}, fallbacks=("n",))])
    work = [{"arrive_s": 8.0 + 2.0 * at, "prompt": 10, "output": 2, "client_class": at} for at in (0, 1)]
    changes = [*(Change(0.0, "up", row, DOWN) for row in range(4)), *(Change(11.0, "up", row, UP) for row in range(4))]
    placed = np.sort(drive(engine_class(of, iter([requests(of, work)])), changes).samples, order="key")
    assert (placed["offer"].tolist(), placed["placed_s"].tolist()) == ([C, C], [13.0, 13.0])
    assert placed["attempts"].tolist() == [2, 4]


def test_it_is_kept_away_by_what_it_prefers_of_any_model(engine_class):
    """All of its own model are down, and of the other both are dearer than it allows."""
    wants = {**TOGETHER, "max_price": {"prompt": 0.5}}
    rows, result = served(engine_class, market(wants, prices=(400, 400, 1000, 1000)), 10.0,
                          changes=[Change(0.0, "list", A, DOWN), Change(0.0, "list", B, DOWN)])
    assert rows["outcome"].tolist() == [o.REFUSED]
    assert result.class_sums[0, o.MEASURED, o.KEPT_AWAY] == 1


def test_without_fallbacks_the_first_of_all_is_the_only_one(engine_class):
    wants = {**TOGETHER, "allow_fallbacks": False}
    rows, _ = served(engine_class, market(wants), 10.0, changes=[Change(0.0, "up", C, DOWN)])
    assert (rows["offer"].tolist(), rows["attempts"].tolist(), rows["outcome"].tolist()) == ([C], [1], [o.REFUSED])


def test_a_second_attempt_beside_a_first_stays_at_its_model(engine_class):
    """C is slow: beside it D is asked, though A is cheaper, since the answer is of one model."""
    of = market(TOGETHER, router={"attempts": {"hedge_s": 0.05}})
    rows, result = served(engine_class, of, 10.0)
    assert result.offer_sums[:, o.MEASURED, o.PLACED].tolist() == [0, 0, 1, 1]
    assert rows["offer"].tolist() == [C]


def test_whose_models_are_sorted_together_and_who_shares_a_queue():
    of = market(TOGETHER)
    assert (models_together(of), queue_of_models(of)) == ([(0, 1)], [0, 0])
    of = market({"sort": "price"})
    assert (models_together(of), queue_of_models(of)) == ([()], [0, 1])
    of = market({"partition": "none"}, router={"preferences": {"sort": "latency"}})
    assert models_together(of) == [(0, 1)]


def test_who_prefers_nothing_goes_to_models_in_turn_beside_whose_are_sorted_together():
    rows = [offer(affine(0.1), provider=name, model=model) for name, model in zip("abcd", "mmnn", strict=True)]
    of = world(rows, lowest(v.COST_USD), clients=[
        Client("m", fallbacks=("n",)), Client("n", demand={"preferences": TOGETHER}, fallbacks=("m",))])
    assert (models_together(of), queue_of_models(of)) == ([(), (1, 0)], [0, 0])

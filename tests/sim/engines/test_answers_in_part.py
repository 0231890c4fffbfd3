"""Who pays for a broken stream and for a customer who left, and how long customers stay: worked out by hand."""

import math
from typing import Any

import numpy as np
import pytest

from sim.draws import MIDSTREAM, MIDSTREAM_POINT, STAY, derive
from sim.engines import outcome as o
from sim.engines.compiled import CompiledEngine
from sim.engines.invariants import check
from sim.engines.outcome import ABANDONED, COMPLETED, FAILED, MEASURED
from sim.engines.reference import ReferenceEngine
from worlds.small import Change, Client, drive, offer, requests, world

ENGINES = {"compiled": CompiledEngine, "reference": ReferenceEngine}
PROMPT_NANO, OUT_NANO = 1000, 2000  # prices of a token (worlds.small.offer)


@pytest.fixture(params=ENGINES.values(), ids=ENGINES)
def engine_class(request):
    return request.param


def billing(**payers: str) -> dict[str, Any]:
    return {"main": {"billing": payers, "fee_share": 0.1, "attempts": {"maximum": 1}}}


def served(engine_class, market, rows, changes=()):
    result = drive(engine_class(market, iter([requests(market, rows)])), changes)
    check(result)
    return np.sort(result.samples, order="key"), result


def money(result) -> tuple[int, int, int, int]:
    """Cost, fee and payments of the customers, and what providers wrote off, nano-dollars; revenue is the cost."""
    of_class, of_offers = result.class_sums[:, MEASURED].sum(axis=0), result.offer_sums[:, MEASURED].sum(axis=0)
    assert of_offers[o.REVENUE_NANO] == of_class[o.COST_NANO]
    return (*of_class[[o.COST_NANO, o.FEE_NANO, o.PAID_NANO]].tolist(), int(of_offers[o.WRITTEN_OFF_NANO]))


def one(arrive_s: float = 0.0, prompt: int = 5, output: int = 9, **more: Any) -> dict[str, Any]:
    return {"arrive_s": arrive_s, "prompt": prompt, "output": output, **more}


@pytest.mark.parametrize(("payer", "expected"), [
    ("nobody", (0, 0, 0, 0)), ("customer", (11_000, 1100, 12_100, 0)), ("provider", (0, 0, 0, 11_000))])
def test_an_outage_breaks_a_stream_after_three_tokens(engine_class, payer, expected):
    """A token a second: at 3.5 s three are out, so 5·1,000 + 3·2,000 nano-dollars."""
    market = world([offer()], routers=billing(broken_stream=payer, customer_left="customer"))
    rows, result = served(engine_class, market, [one()], [Change(3.5, "up", 0, (0.0,))])
    assert rows["outcome"].tolist() == [FAILED]
    assert money(result) == expected


def test_an_outage_before_the_first_token_is_free(engine_class):
    market = world([offer()], routers=billing(broken_stream="customer"))
    _, result = served(engine_class, market, [one()], [Change(0.5, "up", 0, (0.0,))])
    assert money(result) == (0, 0, 0, 0)


def test_a_stream_breaks_at_the_token_of_its_own_draw(engine_class):
    """What is paid besides completed answers is that of broken ones, each up to the token after which it broke."""
    market = world([offer(midstream_share=0.5)], routers=billing(broken_stream="customer"))
    _, result = served(engine_class, market, [one(20.0 * k, prompt=3, output=8) for k in range(40)])
    emitted = [1 + int(derive(key, MIDSTREAM_POINT, 0) * 7) if derive(key, MIDSTREAM, 0) < 0.5 else 8
               for key in range(1, 41)]
    assert len(set(emitted)) > 4
    assert money(result)[0] == sum(3 * PROMPT_NANO + tokens * OUT_NANO for tokens in emitted)
    assert result.class_sums[0, MEASURED, o.OUTPUT_TOKENS] == 8 * emitted.count(8)


def stay_of(key: int, mean_s: float) -> float:
    return -math.log1p(-derive(key, STAY, 0)) * mean_s


@pytest.mark.parametrize(("payer", "share"), [("nobody", 0), ("customer", 1), ("provider", 0)])
def test_a_customer_leaves_when_the_stay_is_over(engine_class, payer, share):
    """Without delays: the first token after a second, then one each second; the attempt leaves at the next boundary."""
    market = world([offer()], routers=billing(customer_left=payer), clients=[Client(stay_s=6.0)])
    rows, result = served(engine_class, market, [one(100.0 * k) for k in range(30)])
    stays = np.array([stay_of(key, 6.0) for key in range(1, 31)])
    left = stays < 8.0  # nine tokens take nine seconds
    assert 5 < left.sum() < 25
    assert (rows["outcome"] == np.where(left, ABANDONED, COMPLETED)).all()
    assert rows["end_s"] - rows["born_s"] == pytest.approx(np.minimum(1.0 + stays, 9.0), abs=1e-9)
    # at the boundary at which it leaves no token is added: so many are out as seconds have begun
    parts = sum(5 * PROMPT_NANO + int(1.0 + stay) * OUT_NANO for stay in stays[left])
    whole = int((~left).sum()) * (5 * PROMPT_NANO + 9 * OUT_NANO)
    cost, fee, paid, written_off = money(result)
    assert cost == whole + share * parts
    assert written_off == (parts if payer == "provider" else 0)
    assert paid == cost + fee
    assert result.offer_sums[0, MEASURED, o.CANCELLED] == left.sum()


def test_an_answer_that_was_complete_before_the_cancel_came_is_paid_whole(engine_class):
    """The way takes 10 s each: when the customer leaves, the last token has left its provider long ago."""
    market = world([offer()], routers=billing(customer_left="customer"), clients=[Client(stay_s=1.0)], delay_s=10.0)
    key = next(key for key in range(1, 99) if 0.5 < stay_of(key, 1.0) < 1.5)
    rows, result = served(engine_class, market, [one(output=3, key=key)])
    assert rows["outcome"].tolist() == [ABANDONED]  # at 21 s and a bit; the answer would have come at 23
    assert money(result)[0] == 5 * PROMPT_NANO + 3 * OUT_NANO


def test_a_stream_that_broke_before_its_customer_left_is_a_broken_stream(engine_class):
    market = world([offer()], routers=billing(customer_left="customer", broken_stream="provider"),
                   clients=[Client(stay_s=1.0)], delay_s=10.0)
    key = next(key for key in range(1, 99) if 0.5 < stay_of(key, 1.0) < 1.5)
    rows, result = served(engine_class, market, [one(key=key)], [Change(13.5, "up", 0, (0.0,))])
    assert rows["outcome"].tolist() == [ABANDONED]  # the failure would have come at 23.5
    assert money(result) == (0, 0, 0, 5 * PROMPT_NANO + 3 * OUT_NANO)


@pytest.mark.parametrize("row", [{"patience_s": 0.5}, {}])
def test_who_leaves_before_the_first_token_or_is_timed_out_pays_nothing(engine_class, row):
    routers = billing(customer_left="customer", broken_stream="customer")
    routers["main"]["attempts"] = {"maximum": 1, "total_timeout_s": 3.5}
    market = world([offer()], routers=routers)
    _, result = served(engine_class, market, [one(**row)])
    assert money(result) == (0, 0, 0, 0)


def test_a_mean_stay_is_the_class_s():
    stays = [stay_of(int(key), 3.0) for key in np.random.default_rng(5).integers(0, 1 << 63, 4000, dtype=np.uint64)]
    assert np.mean(stays) == pytest.approx(3.0, abs=4 * 3.0 / math.sqrt(4000))

"""What sellers learn from a day: demand follows losses at once, and falls slowly."""

from types import SimpleNamespace

import numpy as np
import pytest

from providers.around import Around
from providers.firms.expectations import Usage
from providers.firms.firm import FirmAgent
from providers.firms.placement import Rules, Want
from providers.firms.shelf import planned_offers
from sim.market.usage import OfferDay
from sim.scenario.firm_settings import Adoption, Firm, PoolSettings, SupplySettings
from sim.streams import Streams
from sim.units import DAY_S
from worlds.fake_desk import model, models_of

SUPPLY = SupplySettings(firms={"host": Firm(
    pools=(PoolSettings(gpu="h200-sxm", count=16, tenure="rented"),), adoption=Adoption(probability=1),
    pricing={"kind": "constant"})})
MODELS = models_of(model("mid", "meta", 70))
WEIGHT = 1.0 - np.exp(-1.0 / SUPPLY.autoscaling.smoothing_days)


def learned(estimate, running, load, **lost):
    """Return what is learned from one day with 1,000 attempts for 10 USD.

    ``load`` is how many replicas the tokens served would fill at the planned utilisation.
    """
    planned = planned_offers("host", SUPPLY, MODELS, Streams(7, 0), Around(30.0))
    usage = Usage(planned, SUPPLY)
    usage.replicas[:], usage.revenue[:] = estimate, 4.0
    able, target = planned[0].hardware.capacity, SUPPLY.autoscaling.target_utilisation
    columns = {name: np.zeros(1, np.int64) for name in OfferDay.__dataclass_fields__}
    columns |= {"placed": np.array([1000]), "revenue_nano": np.array([10 * 10**9]),
                "prompt_tokens": np.array([round(load * DAY_S * target / able.prompt_s)])}
    columns |= {name: np.array([count]) for name, count in lost.items()}
    board = SimpleNamespace(replicas=np.array([running]), listed=np.array([True]))
    usage.refresh(SimpleNamespace(offer_days=[OfferDay(**columns)], offer_model=np.array([0]), models=MODELS,
                                  board=board, env=SimpleNamespace(now=DAY_S)))
    return usage


def after(*given, **lost):
    """Return demand in replicas and revenue in USD a day, as learned."""
    usage = learned(*given, **lost)
    return usage.replicas[0], usage.revenue[0]


def test_without_losses_demand_is_smoothed_up_and_down():
    for estimate in (1.0, 9.0):
        replicas, revenue = after(estimate, running=2, load=3.0)
        assert replicas == pytest.approx(estimate + WEIGHT * (3.0 - estimate))
        assert revenue == pytest.approx(4.0 + WEIGHT * 6.0)


def test_lost_requests_are_demand_too_and_few_of_them_are_smoothed():
    replicas, _ = after(1.0, running=2, load=3.0, refused=10, abandoned=30, failed=160)
    assert replicas == pytest.approx(1.0 + WEIGHT * (3.0 / 0.8 - 1.0))


@pytest.mark.parametrize("lost", [{"abandoned": 200}, {"refused": 200, "queue_full": 200}])
def test_an_offer_that_loses_requests_for_want_of_room_is_full_and_follows_at_once(lost):
    replicas, revenue = after(1.0, running=2, load=0.5, **lost)
    assert replicas == pytest.approx(2 / 0.8)
    assert revenue == pytest.approx(10.0 / 0.8)


def test_who_sold_more_than_its_replicas_were_planned_for_earned_that_once():
    """A fifth lost while three replicas' worth was served by two: demand is 3/.8 replicas and 10/.8 USD."""
    replicas, revenue = after(1.0, running=2, load=3.0, abandoned=200)
    assert replicas == pytest.approx(3.0 / 0.8)
    assert revenue == pytest.approx(10.0 / 0.8)


@pytest.mark.parametrize(("load", "lost", "crowding"), [
    (2.6, {"abandoned": 200}, 1.3),
    (6.0, {"abandoned": 200}, 1 / SUPPLY.autoscaling.target_utilisation),  # of a replica no more than all of its time
    (1.0, {"abandoned": 200}, 1.0),  # full by long prompts
    (6.0, {}, 1.0),  # not full: one more would take from those that run
])
def test_a_replica_of_a_full_offer_earns_more_than_as_planned_until_it_is_busy_all_the_time(load, lost, crowding):
    assert learned(1.0, running=2, load=load, **lost).crowding[0] == pytest.approx(crowding, rel=1e-5)


@pytest.mark.parametrize(("crowding", "gpus"), [(1.0, 0), (1.3, 0), (1.4, 10)])
def test_gpus_are_ordered_by_what_a_full_replica_earns(crowding, gpus):
    """Ten replicas run, demand fills twenty as planned for 1,400 USD: 70 each, on a GPU of 80 USD and a hurdle of 20 %.

    What counts is 96 USD: 1.37 times the plan.
    """
    pool = SimpleNamespace(usd_per_hour=lambda day: 80 / 24, total=10, placed=10, training=0, on_order=0)
    want = Want(gpus=1, current=10, most=99, replicas=20.0, revenue=1400.0)
    firm = SimpleNamespace(pools=[pool], usage=SimpleNamespace(crowding=np.array([crowding])),
                           settings=SimpleNamespace(investment=SimpleNamespace(hurdle=0.2)),
                           _rules=Rules(slack=0.3, stickiness=0.25, least=1),
                           _growth_until_delivery=lambda pool: 1.0, _wants=lambda desk, index, day: ([0], [want]))
    assert FirmAgent._shortfall(firm, None, 0, 30) == gpus


def test_with_little_to_do_it_is_not_full_whatever_it_loses():
    """Eight replicas run, half of one is filled: a sixteenth. Else they would double day after day."""
    replicas, _ = after(8.0, running=8, load=0.5, abandoned=400)
    assert replicas == pytest.approx(8.0 + WEIGHT * (0.5 / 0.6 - 8.0))


def test_losses_at_most_double_a_day():
    assert after(1.0, running=2, load=0.5, abandoned=900)[0] == pytest.approx(4.0)


def test_a_full_offer_that_expected_more_falls_slowly():
    replicas, _ = after(9.0, running=2, load=0.5, abandoned=200)
    assert replicas == pytest.approx(9.0 + WEIGHT * (2.5 - 9.0))


def test_outages_and_rate_limits_do_not_make_an_offer_full():
    replicas, _ = after(1.0, running=2, load=0.5, failed=300, refused=200)
    assert replicas == pytest.approx(1.0 + WEIGHT * (0.5 * 2.0 - 1.0))

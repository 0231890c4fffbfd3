"""What no memory can hold is refused in a sentence before any of it is asked for."""

import numpy as np
import pytest

from sim.engines.compiled import build, records
from sim.errors import ScenarioError
from sim.scenario.firm_settings import MOST_REPLICAS, Autoscaling


def offers(replicas, max_batch):
    table = np.zeros(1, records.LiveDeployment.dtype())
    table["replicas"], table["max_batch"] = replicas, max_batch
    return table


def test_the_most_replicas_of_a_markets_offer_are_kept_in_33_megabytes():
    table, places = build._replicas(offers(MOST_REPLICAS, 256))
    finish_v, finish_attempt = build.finish_arrays(1)
    assert table.nbytes + places * (finish_v.itemsize + finish_attempt.itemsize) < 34e6
    assert Autoscaling(min_replicas=65).max_replicas == MOST_REPLICAS > 64


def test_more_places_than_an_int32_counts_are_refused():
    with pytest.raises(ScenarioError, match=r"max_batch is 6,553,600,000 in all, .* at most 2,147,483,647"):
        build._replicas(offers(100_000, 65_536))

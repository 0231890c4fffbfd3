"""A fleet of slots that turns away who would wait too long: the compiled engine against closed forms (E150, E151)."""

import numpy as np
import pytest

from providers.training.limited_queue import SlotQueue, refused_share, waits_longer
from sim.engines.outcome import COMPLETED, GOOD, MEASURED, REFUSED, TrafficOutcome
from theory.queueing import Queue

pytestmark = pytest.mark.analytical
SLOTS, PLACES = 20, 10
LIMITED = SlotQueue(1.0, PLACES / SLOTS, 1.0)  # the tenth in line waits for ten ends, of which there are 20 a second


@pytest.mark.parametrize(("load", "replications"), [(1.0, 20), (1.3, 10)])
def test_the_engine_turns_away_and_lets_wait_as_many(load: float, replications: int) -> None:
    def lost(outcome: TrafficOutcome) -> float:
        return float(outcome.outcomes[0, MEASURED, REFUSED] / outcome.born[0, MEASURED])

    def waited(outcome: TrafficOutcome) -> float:
        return 1.0 - outcome.class_sums[0, MEASURED, GOOD] / outcome.outcomes[0, MEASURED, COMPLETED]

    queue = Queue(load, replicas=SLOTS, queue=PLACES, requests=20_000, replications=replications)
    slots, offered = np.array([float(SLOTS)]), np.array([SLOTS * load])
    queue.estimate(lost).agrees(float(refused_share(LIMITED, slots, offered)[0]), resolution=0.1)
    queue.estimate(waited).agrees(float(waits_longer(LIMITED, slots, offered, 0.0)[0]), resolution=0.1)

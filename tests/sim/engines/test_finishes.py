from typing import NamedTuple

import numpy as np

from sim.compiled import hot
from sim.engines.compiled import finish
from sim.engines.compiled.records import Attempt, Replica


class Shelf(NamedTuple):
    attempts: np.ndarray
    finish_v: np.ndarray
    finish_attempt: np.ndarray


@hot()
def add(shelf, replicas, attempt):
    finish.add(shelf, replicas[0], attempt)


@hot()
def take_next(shelf, replicas):
    return finish.next_v(shelf, replicas[0]), finish.take_next(shelf, replicas[0])


@hot()
def remove(shelf, replicas, position):
    return finish.remove(shelf, replicas[0], position)


def shelf_of(ends, orders):
    """A replica without requests that decode, and attempts that will leave at ``ends``; its list begins at place 2."""
    attempts = np.zeros(len(ends), Attempt.dtype())
    attempts["finish_v"], attempts["order"] = ends, orders
    replicas = np.zeros(1, Replica.dtype())
    replicas["finishes"], replicas["unbroken"] = 2, 1
    places = len(ends) + 2
    return Shelf(attempts, np.full(places, -7), np.full(places, -7, np.int32)), replicas


def test_who_ends_first_leaves_first_and_of_equals_who_was_admitted_first():
    shelf, replicas = shelf_of([30, 10, 20, 10, 30], orders=[0, 4, 2, 3, 1])
    for attempt in range(5):
        add(shelf, replicas, attempt)
    assert replicas["unbroken"][0] == 0
    assert shelf.finish_v.tolist() == [-7, -7, 30, 30, 20, 10, 10]  # the last first
    assert shelf.finish_attempt.tolist() == [-7, -7, 4, 0, 2, 1, 3]
    assert [take_next(shelf, replicas) for _ in range(5)] == [(10, 3), (10, 1), (20, 2), (30, 0), (30, 4)]
    assert replicas["decoding"][0] == 0


def test_who_is_taken_out_of_the_middle_leaves_no_gap():
    shelf, replicas = shelf_of([30, 10, 20], orders=[0, 1, 2])
    for attempt in range(3):
        add(shelf, replicas, attempt)
    assert remove(shelf, replicas, 1) == 2  # place 0 is attempt 0, which ends last
    assert [take_next(shelf, replicas) for _ in range(2)] == [(10, 1), (30, 0)]
    add(shelf, replicas, 2)
    assert remove(shelf, replicas, 0) == 2
    assert replicas["decoding"][0] == 0

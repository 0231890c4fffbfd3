"""What is asked of all workers of a cluster, while some of them go away."""

import pytest

from experiments.runs import runner


class Client:
    """Stands in for a cluster's: so many times a worker is lost before all have answered."""

    def __init__(self, lost):
        self.lost = lost

    def wait_for_workers(self, *_, **__):
        pass

    def run(self, function, *arguments):
        if self.lost:
            self.lost -= 1
            raise OSError("Stream is closed")
        return {"tcp://one": function(*arguments)}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(runner, "PAUSE_S", 0.0)


def test_those_that_are_left_are_asked_again():
    assert runner._asked_of_all(Client(3), max, 1, 2) == {"tcp://one": 2}


def test_a_cluster_that_goes_away_all_the_time_is_told_in_a_sentence():
    with pytest.raises(runner.RunnerError, match="were asked 10 times and did not all answer: Stream is closed"):
        runner._asked_of_all(Client(100), max, 1, 2)

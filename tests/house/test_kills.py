"""A few of the kills of `kills.py`: whenever a command is killed, the same command brings it to the same bytes."""

import sys

import pytest

from house.kills import FEW, kills


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kills process groups")
def test_killed_commands_come_out_the_same(tmp_path):
    found = list(kills(FEW, 5, 20261128, tmp_path))
    assert len(found) == 5
    assert any(kill.was_running for kill in found)
    assert not [str(kill) for kill in found if kill.problem]

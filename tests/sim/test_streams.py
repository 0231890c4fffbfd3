import numpy as np
import pytest

from sim.errors import MarketError
from sim.streams import Streams


def test_a_stream_is_a_function_of_seed_replication_and_name():
    draws = {
        (seed, replication, name): Streams(seed, replication).generator(name).random(4).tobytes()
        for seed in (0, 1)
        for replication in (0, 1)
        for name in ("a", "b", "")
    }
    assert len(set(draws.values())) == len(draws)
    again = Streams(1, 0).generator("a").random(4).tobytes()
    assert again == draws[1, 0, "a"]


def test_other_streams_do_not_change_a_stream():
    crowded = Streams(7, 0)
    crowded.generator("x").random(100)
    crowded.word("y")
    assert crowded.generator("z").random() == Streams(7, 0).generator("z").random()


def test_values_are_pinned():
    """A change here changes every published number: bump the version and say so."""
    streams = Streams(20261123, 0)
    assert streams.word("pinned") == 5212233378492250667
    assert streams.generator("drawn").integers(1 << 62) == 3688926253853007440


def test_words_have_64_bits():
    words = np.array([Streams(3, 0).word(f"w{i}") for i in range(256)], dtype=np.uint64)
    bits = (words[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    # 64 fair coins of 256 throws: |mean - 1/2| > 0.2 has probability below 64 * 2 exp(-2 * 256 * 0.04) < 2e-7
    assert np.all(np.abs(bits.mean(axis=0) - 0.5) < 0.2)


@pytest.mark.parametrize("second", ["generator", "word"])
@pytest.mark.parametrize("first", ["generator", "word"])
def test_a_name_asked_for_twice_is_refused(first, second):
    streams = Streams(1, 0)
    getattr(streams, first)("faults/a")
    with pytest.raises(MarketError, match="'faults/a' was asked for twice"):
        getattr(streams, second)("faults/a")


def test_negative_seed_is_refused():
    with pytest.raises(MarketError, match="must be 0 or more"):
        Streams(-1, 0)

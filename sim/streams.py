"""Named random streams: every piece of randomness in a run has a name, and no two names share a stream.

A stream depends on the seed, the replication and its own name only, so adding, removing or changing one part
of a scenario leaves every other part's randomness as it was (common random numbers).
"""

from hashlib import blake2b
from struct import unpack

from numpy.random import PCG64DXSM, Generator, SeedSequence

from sim.errors import MarketError


class Streams:
    """The random streams of one replication of a run, by name.

    Parameters
    ----------
    seed
        Seed of the scenario, 0 or more.
    replication
        Number of the replication, 0 or more; each has streams of its own.

    Notes
    -----
    A stream is ``SeedSequence(seed, spawn_key=(replication, *words))`` with the four 32-bit words of the
    128-bit BLAKE2b digest of its name (NumPy, "Parallel random number generation").
    """

    def __init__(self, seed: int, replication: int) -> None:
        if seed < 0 or replication < 0:
            raise MarketError(f"seed ({seed}) and replication ({replication}) must be 0 or more")
        self._seed = seed
        self._replication = replication
        self._taken: set[str] = set()

    def generator(self, name: str) -> Generator:
        """Return the generator of the stream ``name``.

        Raises
        ------
        MarketError
            If the name was asked for before: two users of one stream would be correlated.
        """
        return Generator(PCG64DXSM(self._sequence(name)))

    def word(self, name: str) -> int:
        """Return the 64-bit key of the stream ``name``, for counter-based draws (``sim.draws``).

        Raises
        ------
        MarketError
            If the name was asked for before, here or in ``generator``.
        """
        low, high = self._sequence(name).generate_state(2)
        return int(low) | int(high) << 32

    def _sequence(self, name: str) -> SeedSequence:
        if name in self._taken:
            raise MarketError(f"random stream {name!r} was asked for twice; every stream has one user")
        self._taken.add(name)
        words = unpack("<4I", blake2b(name.encode(), digest_size=16).digest())
        return SeedSequence(self._seed, spawn_key=(self._replication, *words))

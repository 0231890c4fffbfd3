"""Who waits at a router for an offer to return (semantics, section 2)."""

from bisect import insort

from sim.engines.reference.request import LiveRequest


def rank(request: LiveRequest) -> tuple[int, float, int]:
    """What a look goes by: the higher priority, then who arrived first, then the smaller key."""
    return -request.priority, request.arrive_s, request.key


class RouterQueue:
    """The requests for one model that wait at one router."""

    def __init__(self) -> None:
        self._requests: list[LiveRequest] = []

    def add(self, request: LiveRequest) -> None:
        """Put a request at its place."""
        insort(self._requests, request, key=rank)

    def remove(self, request: LiveRequest) -> None:
        """Take a request out."""
        self._requests.remove(request)

    def in_order(self) -> list[LiveRequest]:
        """Return who waits now, first who goes first."""
        return list(self._requests)

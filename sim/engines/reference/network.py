"""The network between routers and offers: five messages, each a one-way delay on its way."""

from collections.abc import Callable

from sim.engines.reference.books import Books
from sim.engines.reference.clock import Clock
from sim.engines.reference.faces import ProviderEnd, RouterEnd
from sim.engines.reference.request import Attempt
from sim.engines.reference.turns import Turns
from sim.engines.rules import AT_PROVIDER, AT_ROUTER, CANCEL, DISPATCH, DONE, FAIL, FIRST_TOKEN
from sim.engines.world import World
from sim.policy import MIDSTREAM


class Channels:
    """What routers and offers share: the world, the clock, the books, the turns, and the way to each other."""

    def __init__(self, world: World, clock: Clock, books: Books, turns: Turns) -> None:
        self.world = world
        self.clock = clock
        self.books = books
        self.turns = turns
        self.routers: list[RouterEnd] = []
        self.deployments: list[ProviderEnd] = []

    def _carry(
        self, attempt: Attempt, message: int, hear: Callable[..., None], *more: int, sent_s: float | None = None
    ) -> None:
        delay_s = self.clock.on_grid(float(self.world.delay_s[attempt.request.router, attempt.offer]))
        end = AT_PROVIDER if message in (DISPATCH, CANCEL) else AT_ROUTER
        order = (end, attempt.request.key, attempt.number, message)
        self.clock.at((self.clock.now if sent_s is None else sent_s) + delay_s, order, hear, attempt, *more)

    def _leaves_s(self, attempt: Attempt) -> float:
        """When what a replica has computed now leaves its provider."""
        return self.clock.now + self.clock.on_grid(self.world.offers[attempt.offer].request_s)

    def send_dispatch(self, attempt: Attempt) -> None:
        """Router to provider: serve this."""
        self._carry(attempt, DISPATCH, self.deployments[attempt.offer].hear_dispatch)

    def send_cancel(self, attempt: Attempt) -> None:
        """Router to provider: nobody waits for this any more."""
        self._carry(attempt, CANCEL, self.deployments[attempt.offer].hear_cancel)

    def send_first_token(self, attempt: Attempt) -> None:
        """Provider to router: the first token."""
        self._carry(attempt, FIRST_TOKEN, self.routers[attempt.request.router].hear_first_token,
                    sent_s=self._leaves_s(attempt))

    def send_done(self, attempt: Attempt) -> None:
        """Provider to router: the last token."""
        self._carry(attempt, DONE, self.routers[attempt.request.router].hear_done,
                    sent_s=self._leaves_s(attempt))

    def send_break(self, attempt: Attempt) -> None:
        """Provider to router: the stream broke, behind what it has sent so far."""
        self.send_fail(attempt, MIDSTREAM, self._leaves_s(attempt))

    def send_fail(self, attempt: Attempt, kind: int, sent_s: float | None = None) -> None:
        """Provider to router: refused or failed; sent now, or at a later time."""
        self._carry(attempt, FAIL, self.routers[attempt.request.router].hear_fail, kind, sent_s=sent_s)

"""Who waits at a replica, and who is in prefill there: lists that are linked from head to tail."""

from sim.compiled import inner
from sim.engines.compiled.priority import Ends, link, unlink
from sim.engines.compiled.records import Attempt, LiveDeployment, Replica
from sim.engines.compiled.state import DECODE, WAITING, Supply


@inner(forceinline=True)
def enqueue(supply: Supply, replica: Replica, a: int, before: int) -> None:
    """Link an attempt into its replica's queue behind the one in slot ``before``; -1: at the head."""
    supply.attempts[a].place = WAITING
    ends = Ends(replica.queue_head, replica.queue_tail)
    replica.queue_head, replica.queue_tail = link(supply.attempts, a, before, ends)
    replica.queued += 1


@inner(forceinline=True)
def dequeue(supply: Supply, replica: Replica, a: int) -> None:
    """Unlink a waiting attempt from its replica's queue (its load stays counted)."""
    ends = Ends(replica.queue_head, replica.queue_tail)
    replica.queue_head, replica.queue_tail = unlink(supply.attempts, a, ends)
    replica.queued -= 1


@inner(forceinline=True)
def unlink_central(supply: Supply, offer: LiveDeployment, a: int) -> None:
    """Take an attempt out of its offer's central queue."""
    ends = Ends(offer.central_head, offer.central_tail)
    offer.central_head, offer.central_tail = unlink(supply.attempts, a, ends)
    offer.central_count -= 1


@inner(forceinline=True)
def unlink_prefill(supply: Supply, replica: Replica, a: int) -> None:
    """Unlink an attempt from its replica's list of prefills."""
    ends = Ends(replica.prefill_head, replica.prefill_tail)
    replica.prefill_head, replica.prefill_tail = unlink(supply.attempts, a, ends)


@inner(forceinline=True)
def kv_of(supply: Supply, attempt: Attempt) -> int:
    """KV tokens an attempt holds that has emitted at least one token, or that is in prefill."""
    # The newest token of a decoding request is written by its next step, so it is not held yet.
    held = attempt.prompt + attempt.emitted + supply.offers[attempt.offer].overhead
    return int(held - 1) if attempt.place == DECODE else int(held)

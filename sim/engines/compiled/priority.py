"""Waiting lines by priority: higher ones first, first come first served within one (docs/semantics.md, section 7).

Lines are linked from head to tail. Where all are alike, the place of a newcomer is found by one comparison.
"""

from typing import Any, NamedTuple

from sim.compiled import inner
from sim.engines.compiled.records import Attempt
from sim.engines.record import Rows


@inner(forceinline=True)
def last_no_less(attempts: Rows[Attempt], tail: int, priority: int) -> int:
    """Slot of the last in a line that is no less urgent, behind which a newcomer goes; -1: it goes to the head."""
    at = tail
    while at >= 0 and attempts[at].priority < priority:
        at = attempts[at].prev
    return int(at)


@inner(forceinline=True)
def last_more(attempts: Rows[Attempt], head: int, priority: int) -> int:
    """Slot of the last in a line that is more urgent, behind which goes who is put back; -1: it goes to the head."""
    before = -1
    at = head
    while at >= 0 and attempts[at].priority > priority:
        before = at
        at = attempts[at].next
    return int(before)


class Ends(NamedTuple):
    """The first and the last slot of a line; -1 of an empty one."""

    head: int
    tail: int


@inner(forceinline=True)
def link(attempts: Rows[Attempt], a: int, before: int, ends: Ends) -> Ends:
    """Put an attempt into a line behind the one in slot ``before`` (-1: at the head); return the line's ends."""
    head, tail = ends
    attempt = attempts[a]
    attempt.prev = before
    if before >= 0:
        attempt.next = attempts[before].next
        attempts[before].next = a
    else:
        attempt.next = head
        head = a
    if attempt.next >= 0:
        attempts[attempt.next].prev = a
    else:
        tail = a
    return Ends(head, tail)


@inner(forceinline=True)
def unlink(line: Rows[Any], a: int, ends: Ends) -> Ends:
    """Take whoever is in a slot out of a line of attempts, or of prefixes; return the line's ends."""
    head, tail = ends
    gone = line[a]
    if gone.prev >= 0:
        line[gone.prev].next = gone.next
    else:
        head = gone.next
    if gone.next >= 0:
        line[gone.next].prev = gone.prev
    else:
        tail = gone.prev
    return Ends(head, tail)

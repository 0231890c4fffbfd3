"""Windows of samples, as a router that reads percentiles keeps them of each offer (docs/semantics.md, section 5).

The samples of a slot that fall in one bin are a *run*. Runs hang in a list by time, so that a new slot costs what has
changed, and memory follows the samples of a window's length and not the number of bins. They are made of a pool that
all windows of a shard share; run 0 is none.
"""

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.records import Globals
from sim.engines.compiled.sample_records import SampleRun, SampleWindow
from sim.engines.compiled.state import Routing
from sim.engines.record import Rows
from sim.engines.rules import LONG_SLOTS
from sim.histogram import COARSE_BITS, bin_of


@inner(often=True)
def new_run(g: Globals, routing: Routing, window: SampleWindow, slot: int, at: int) -> int:
    """Begin a run of a bin, behind all others of its window."""
    g.free_runs -= 1
    place = routing.free_runs[g.free_runs]
    run = routing.runs[place]
    run.slot = slot
    run.bin = at
    run.count = 0
    run.next = 0
    if window.head == 0:
        window.head = place
    else:
        routing.runs[window.tail].next = place
    window.tail = place
    if window.fresh == 0:
        window.fresh = place
    return int(place)


@inner(forceinline=True)
def add_sample(g: Globals, routing: Routing, w: int, o: int, slot: int, value: float) -> None:
    """Add a sample to the current slot of a window."""
    at = bin_of(value, COARSE_BITS)
    places = routing.places[w, o]
    if places[at] == 0:
        places[at] = new_run(g, routing, routing.windows[w, o], slot, at)
    routing.runs[places[at]].count += 1


@inner()
def join(routing: Routing, window: SampleWindow, places: np.ndarray, counts: np.ndarray) -> None:
    """Count the samples of the slot that was current in the window."""
    place = window.fresh
    while place != 0:
        run = routing.runs[place]
        counts[run.bin] += run.count
        window.held += run.count
        places[run.bin] = 0
        place = run.next
    window.fresh = 0


@inner()
def leave(g: Globals, routing: Routing, window: SampleWindow, counts: np.ndarray, slot: int) -> None:
    """Let go what is older than the slots before ``slot``."""
    runs: Rows[SampleRun] = routing.runs
    while window.head != 0 and runs[window.head].slot < slot - LONG_SLOTS:
        run = runs[window.head]
        counts[run.bin] -= run.count
        window.held -= run.count
        routing.free_runs[g.free_runs] = window.head
        g.free_runs += 1
        window.head = run.next


@inner()
def turn(g: Globals, routing: Routing, w: int, o: int, slot: int) -> bool:
    """Move a window forward to ``slot``; return whether anything changed in it."""
    window = routing.windows[w, o]
    if window.head == 0:
        return False
    first = window.head
    changed = window.fresh != 0
    counts = routing.counts[w, o]
    join(routing, window, routing.places[w, o], counts)
    leave(g, routing, window, counts, slot)
    return bool(changed or window.head != first)

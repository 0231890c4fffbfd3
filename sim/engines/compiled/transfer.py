"""From the replicas that compute prompts to those that decode (docs/semantics.md, section 18)."""

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.batch import enqueue
from sim.engines.compiled.clock import set_time
from sim.engines.compiled.owed import owe, release
from sim.engines.compiled.priority import Ends, last_no_less, unlink
from sim.engines.compiled.records import Globals, LiveDeployment, Replica
from sim.engines.compiled.replica import cut_leap
from sim.engines.compiled.state import GONE, IDLE, LANDED, Clock, Supply
from sim.engines.compiled.transfer_records import TransferLink
from sim.engines.record import table

if TYPE_CHECKING:  # compiled code needs the record only: a world's scenario would be part of its key (sim.compiled)
    from collections.abc import Sequence

    from sim.engines.world import OfferSpec


@inner()
def is_split(supply: Supply, offer: LiveDeployment) -> bool:
    """Whether some replicas of an offer compute prompts for others that decode."""
    return bool(supply.replicas[offer.first_replica].link >= 0)


@inner()
def look_again(g: Globals, clock: Clock, replica: Replica) -> None:
    """Wake up if somebody waits, who may fit now: transfers hold memory of a replica that does nothing else."""
    if replica.doing == IDLE and replica.queued > 0:
        set_time(clock.fleet, replica.leaf, g.now)


@inner()
def land(g: Globals, clock: Clock, supply: Supply, number: int) -> None:
    """The first attempt of a link has arrived: its memory at the source is free, and it waits for its place there."""
    road = supply.links[number]
    a = road.head
    road.head, road.tail = unlink(supply.attempts, a, Ends(road.head, road.tail))
    road.count -= 1
    following_s = supply.attempts[road.head].arrived_s if road.head >= 0 else np.inf
    set_time(clock.fleet, road.leaf, following_s)
    attempt = supply.attempts[a]
    source = supply.replicas[road.source]
    source.kv_held -= attempt.prompt + supply.offers[source.offer].overhead
    if attempt.cancelled != 0:
        supply.replicas[attempt.replica].outstanding -= attempt.weight
        attempt.place = GONE
        owe(g, supply, a)
        release(g, supply, a)
    else:
        take_landed(g, clock, supply, a)
    look_again(g, clock, source)


@inner()
def take_landed(g: Globals, clock: Clock, supply: Supply, a: int) -> None:
    """Take an attempt that comes with its KV into the queue of the replica that decodes it."""
    attempt = supply.attempts[a]
    replica = supply.replicas[attempt.replica]
    enqueue(supply, replica, a, last_no_less(supply.attempts, replica.queue_tail, attempt.priority))
    attempt.place = LANDED
    replica.backlog += attempt.target - attempt.emitted
    look_again(g, clock, replica)
    if replica.queue_head == a:
        cut_leap(g, clock, supply, attempt.replica, True)


@inner()
def stop(clock: Clock, supply: Supply, number: int) -> None:
    """Forget what is on its way (an outage); who that was has been told."""
    road = supply.links[number]
    road.free_s = 0.0
    road.head = road.tail = -1
    road.count = 0
    set_time(clock.fleet, road.leaf, np.inf)


def split_up(offers: np.ndarray, replicas: np.ndarray, specs: "Sequence[OfferSpec]") -> dict[str, Any]:
    """Links of all replicas that only compute prompts (one row if there are none); those alone take new requests."""
    rows: list[tuple[int, float, float]] = []
    replicas["link"] = -1
    for offer, spec in zip(offers, specs, strict=True):
        for number in range(spec.split.prefill):
            replicas["link"][offer["first_replica"] + number] = len(rows)
            rows.append((offer["first_replica"] + number, spec.split.latency_s, spec.split.token_s))
        if spec.split.prefill > 0:
            offer["replicas"] = spec.split.prefill
    links = np.zeros(max(1, len(rows)), TransferLink.dtype())
    links["head"] = links["tail"] = -1
    for link, (source, latency_s, token_s) in zip(links, rows, strict=False):
        link["source"], link["latency_s"], link["token_s"] = source, latency_s, token_s
    return {"links": table(links, TransferLink)}


def leaves_of(replica_at: np.ndarray, replicas: np.ndarray, links: np.ndarray) -> np.ndarray:
    """Give each link and replica of a shard its leaf of the fleet's tree: links go first at equal times.

    Returns
    -------
    int32
        By leaf the replica, or -1 less the number of the link.
    """
    numbers = replicas["link"][replica_at]
    numbers = numbers[numbers >= 0]
    links["leaf"][numbers] = np.arange(len(numbers))
    replicas["leaf"][replica_at] = np.arange(len(replica_at)) + len(numbers)
    return np.concatenate([-1 - numbers, replica_at]).astype(np.int32)

"""The end of a prefill where others decode: its KV memory goes on its way (docs/semantics.md, section 18)."""

from sim.compiled import inner
from sim.engines.carriage import transfer_time
from sim.engines.compiled.batch import kv_of
from sim.engines.compiled.clock import set_time
from sim.engines.compiled.finish import add
from sim.engines.compiled.priority import Ends, link
from sim.engines.compiled.records import Globals, Replica
from sim.engines.compiled.state import DECODE, SENDING, Clock, Supply
from sim.engines.grid import on_grid


@inner()
def send(g: Globals, clock: Clock, supply: Supply, replica: Replica, a: int) -> None:
    """Send what a request holds, to the replica with the fewest outstanding tokens; the lowest index of equals."""
    offer = supply.offers[replica.offer]
    attempt = supply.attempts[a]
    target = offer.first_replica + offer.replicas
    for r in range(target + 1, offer.first_replica + offer.most):
        if supply.replicas[r].outstanding < supply.replicas[target].outstanding:
            target = r
    replica.running -= 1
    replica.outstanding -= attempt.weight
    replica.backlog -= attempt.target - attempt.emitted
    supply.replicas[target].outstanding += attempt.weight
    attempt.place = SENDING
    attempt.replica = target
    road = supply.links[replica.link]
    # It holds its prompt: nobody is preempted here, so it has emitted one token, which is not written yet.
    lasts_s = transfer_time(road.latency_s, road.token_s, attempt.prompt + offer.overhead)
    road.free_s = on_grid(max(road.free_s, g.now) + lasts_s, g.per_s)
    attempt.arrived_s = road.free_s
    alone = road.head < 0
    road.head, road.tail = link(supply.attempts, a, road.tail, Ends(road.head, road.tail))
    road.count += 1
    if alone:
        set_time(clock.fleet, road.leaf, road.free_s)


@inner()
def admit_landed(supply: Supply, replica: Replica, a: int) -> None:
    """Let a request decode that comes with its KV; its newest token is written in the next step, like any other's."""
    attempt = supply.attempts[a]
    attempt.place = DECODE
    attempt.order = replica.admitted
    replica.admitted += 1
    attempt.finish_v = replica.vclock + attempt.target - attempt.emitted
    held = kv_of(supply, attempt)
    replica.kv_held += held
    replica.kv_decoding += held
    replica.running += 1
    add(supply, replica, a)

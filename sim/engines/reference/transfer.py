"""From the replicas that compute prompts to those that decode (docs/semantics.md, section 18)."""

from collections.abc import Sequence

from sim.engines.carriage import transfer_time
from sim.engines.reference.faces import ReplicaEnd
from sim.engines.reference.job import Job
from sim.engines.rules import LANDING


class TransferLink:
    """The link of a replica that computes prompts: it sends one request's KV memory after the other.

    Parameters
    ----------
    source
        The replica.
    decoders
        Those that decode.
    """

    def __init__(self, source: ReplicaEnd, decoders: Sequence[ReplicaEnd]) -> None:
        self.source = source
        self.decoders = decoders
        self.free_s = 0.0  # when it has sent all
        self.jobs: list[Job] = []  # that it sends, in order

    @property
    def kv_held(self) -> int:
        """Memory that these hold at their source until they have landed, tokens."""
        return sum(job.kv_tokens for job in self.jobs)

    def send(self, job: Job) -> None:
        """Send what a request holds, to the replica with the fewest outstanding tokens; the lowest index of equals."""
        host = self.source.host
        clock, carriage = host.clock, host.offer.split
        target = min(self.decoders, key=lambda replica: replica.outstanding_tokens)
        lasts_s = transfer_time(carriage.latency_s, carriage.token_s, job.kv_tokens)
        self.free_s = clock.on_grid(max(self.free_s, clock.now) + lasts_s)
        self.jobs.append(job)
        target.coming.append(job)
        clock.at(self.free_s, (LANDING, self.source.number), self.land, job, target)

    def land(self, job: Job, target: ReplicaEnd) -> None:
        """It has arrived: its memory here is free, and it waits there for its place in the batch."""
        if job not in self.jobs:
            return  # an outage took it
        self.jobs.remove(job)
        target.coming.remove(job)
        if job.cancelled:
            self.source.host.forget(job)
        else:
            target.join(job)
        self.source.look_again()

    def stop(self) -> list[Job]:
        """Lose what is on the way (an outage); return who that is."""
        lost, self.jobs, self.free_s = self.jobs, [], 0.0
        return lost

"""The record of links between replicas (docs/semantics.md, section 18)."""

from sim.engines.record import Record, f8, i4


class TransferLink(Record):
    """The link of a replica that only computes prompts: a line of attempts whose KV memory it sends."""

    free_s: float = f8("when it has sent all, s")
    latency_s: float = f8("time of a transfer whatever it sends, s")
    token_s: float = f8("time of sending a token of KV, s")
    source: int = i4("the replica")
    leaf: int = i4("its leaf among the replicas of its shard, before all of these")
    head: int = i4("slot of the attempt that lands first")
    tail: int = i4("slot of the attempt that lands last")
    count: int = i4("attempts that it sends")

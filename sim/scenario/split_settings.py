"""Prefill and decode on replicas of their own: how many compute prompts, and how what they hold gets to the others."""

from sim.scenario.base import Part, Sweep, quantity


class PrefillSplit(Part):
    """Some replicas of an offer compute prompts alone and send what they hold to those that decode."""

    prefill: int = quantity(unit="replicas", doc="Of the offer's replicas those that only compute prompts; the others "
                            "decode", ge=1, le=100_000)
    link_gb_per_s: float = quantity(
        50.0, unit="GB/s", doc="Rate at which each GPU of a replica sends the KV memory that it holds of a request",
        ge=1e-6, le=1e9, source="NVIDIA DGX H100: a ConnectX-7 of 400 Gbit/s for each GPU",
        sweep=Sweep(1.0, 450.0, "log", "from 10 Gbit/s Ethernet to the NVLink of a node"))
    latency_s: float = quantity(
        0.005, unit="s", doc="Time that a transfer takes whatever it sends", ge=0,
        source="assumption: a message between schedulers and the registration of blocks")
    token_bytes: float | None = quantity(
        None, unit="bytes", doc="Bytes that a replica sends for a token of KV; none: what its model holds of one (of "
        "an abstract server nothing)", ge=0)

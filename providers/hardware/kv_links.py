"""What it takes to send the KV memory of a prompt from one replica to another (E32)."""

from sim.engines.carriage import NO_SPLIT, Carriage
from sim.scenario.split_settings import PrefillSplit
from sim.units import BYTES_PER_GB


def carriage_of(split: PrefillSplit | None, kv_bytes: float, gpus: int) -> Carriage:
    """Return how an offer splits its replicas, and the coefficients of a transfer between them, seconds.

    Parameters
    ----------
    split
        The setting; None: each replica computes prompts and decodes.
    kv_bytes
        What a replica holds of a token, bytes over all its GPUs, each of which sends its own part.
    gpus
        GPUs of a replica; 0 of an abstract server, which counts as one.
    """
    if split is None:
        return NO_SPLIT
    sent = kv_bytes if split.token_bytes is None else split.token_bytes
    return Carriage(split.prefill, split.latency_s, sent / (max(gpus, 1) * split.link_gb_per_s * BYTES_PER_GB))

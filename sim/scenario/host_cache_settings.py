"""Host memory behind a prefix cache: what GPUs have no room for, kept where it can be fetched from."""

from sim.scenario.base import Part, Sweep, quantity


class HostCache(Part):
    """Memory of a replica's host, to which prefixes go that its GPUs have no room for."""

    tokens: int = quantity(unit="tokens", doc="Tokens of KV that it holds of each replica, besides those on the GPUs",
                           ge=1, le=1 << 40)
    tokens_per_s: float = quantity(
        300_000.0, unit="tokens/s", doc="Rate at which a replica fetches from it what a prompt begins with, before the "
        "step that begins the rest", ge=1e-3, le=1e12,
        source="assumption: a GPU's PCIe 5.0 x16, 64 GB/s, of which 48 are reached, and 160 kB a token (70 B in fp8)",
        sweep=Sweep(30_000.0, 3e7, "log", "from a bus that GPUs share to eight of them and a latent cache"))

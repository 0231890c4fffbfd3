"""How long the KV memory of a prompt is on its way to the replica that decodes (docs/semantics.md, section 18)."""

from typing import Final, NamedTuple

from sim.compiled import hot


class Carriage(NamedTuple):
    """How an offer splits its replicas, and what a transfer between them takes.

    Attributes
    ----------
    prefill
        The first so many replicas compute prompts, the others decode; 0: all do both.
    latency_s
        Time of a transfer whatever it sends, seconds.
    token_s
        Time of sending a token of KV, seconds.
    """

    prefill: int = 0
    latency_s: float = 0.0
    token_s: float = 0.0


NO_SPLIT: Final = Carriage()


@hot(cache=True, forceinline=True)
def transfer_time(latency_s: float, token_s: float, tokens: int) -> float:
    """Time in seconds in which a replica sends the KV memory of a request that holds so many tokens (E32)."""
    return latency_s + token_s * tokens

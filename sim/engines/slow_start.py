"""How the weight of an offer grows after it has come back (docs/semantics.md, section 14)."""

from sim.compiled import hot


@hot("float64(float64, float64, float64, float64)", cache=True)
def warm_share(since_s: float, window_s: float, aggression: float, min_share: float) -> float:
    """Share of its weight that an offer has so long after it came back (E23); both engines call this one.

    Parameters
    ----------
    since_s
        Time since then, seconds; inf if it has always been there.
    window_s
        Length of slow start, seconds; 0: there is none.
    aggression
        Above 1 the weight grows fast at first, below 1 late.
    min_share
        The least share.
    """
    if since_s >= window_s:
        return 1.0
    grown = max(since_s, 1.0) / window_s  # Envoy: the first second counts as one
    return float(max(min_share, min(1.0, grown ** (1.0 / aggression))))

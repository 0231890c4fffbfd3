"""What a run of the market says: prices, shares, decompositions, elasticities, surplus, retention. One file an idea.

All functions are pure: arrays in, numbers out. ``panel`` makes the arrays from a ``MarketResult``. The equations and
their sources are in ``docs/market/measures.md``.
"""

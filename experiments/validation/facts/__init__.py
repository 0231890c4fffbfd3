"""Facts of the real market: what was observed, which of it a market is fitted to, and which of it a market predicts."""

"""Settings of a market: what its file may say."""

"""The ladder of nulls: how much of each headline of a market is there without the market."""

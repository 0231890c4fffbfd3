"""History matching: which parameters of a market are not ruled out by what was observed, in some hundred runs."""

"""Free entry: potential hosts outside of a market, what entering promises them, and when they come and go."""

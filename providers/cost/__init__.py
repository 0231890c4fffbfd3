"""What a GPU costs, and what a token costs to make."""

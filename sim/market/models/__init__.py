"""Models: the catalogue, those to come, what they are worth, and the moves between them."""

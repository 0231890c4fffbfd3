"""Supply: hardware, step time, memory, offers and what goes wrong with them."""

"""The simulator's step times and unit costs beside figures that others published."""

"""Runs: one run of a scenario, and many of them, here, in processes or on a cluster."""

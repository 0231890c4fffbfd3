"""The benchmark: both engines and a bare queue in one run."""

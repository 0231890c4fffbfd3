"""The study ``climb``."""

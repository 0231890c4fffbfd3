"""The study ``steady``."""

"""The study ``pricing``."""

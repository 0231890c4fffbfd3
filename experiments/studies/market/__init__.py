"""The study ``market``."""

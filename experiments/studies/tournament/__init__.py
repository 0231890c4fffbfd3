"""The study ``tournament``."""

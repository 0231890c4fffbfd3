"""Marketplaces that compete for customers: who buys through which, what it costs there, and who sells through it."""

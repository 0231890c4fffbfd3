"""Customers: who they are, what they like, how they choose a model, and when they think again."""

"""Measures: every number that is printed, and the tables made of them."""

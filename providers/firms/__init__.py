"""Firms: what they serve, where, with how many replicas, and when they review their prices."""

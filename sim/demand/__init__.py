"""Demand: when requests arrive and how long they are, as blocks of rows that an engine consumes."""

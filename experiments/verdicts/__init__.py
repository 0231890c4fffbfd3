"""Verdicts: what a claim's study says of it, by a decision rule that was written before the run."""

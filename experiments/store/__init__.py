"""The store: one DuckDB file of runs, its dictionary, and what is asked of it."""

"""The store: one DuckDB file of runs, its dictionary, and what is asked of it."""

from typing import Final

STORE_FILE: Final = "store.duckdb"  # here, where its name costs no import: an interrupted command asks for it

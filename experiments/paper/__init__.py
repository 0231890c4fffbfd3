"""One document of all claims: their verdicts in a table, and the page of every study."""

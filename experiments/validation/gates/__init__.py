"""Gates of a market: what must hold before results are read from it, and the certificate that says whether it does."""

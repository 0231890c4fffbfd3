"""The study ``llmflation``: what price indices of tokens measure, beside a cost of living that is known."""

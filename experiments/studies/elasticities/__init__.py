"""The study ``elasticities``: what regressions on a platform's data say of demand, where demand is known."""

"""The market itself: scenario, demand, router, traffic engines, ledger, results."""

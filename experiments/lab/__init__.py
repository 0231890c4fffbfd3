"""The lab: designs over scenarios, runs that resume, a store of results, and what is said of them."""

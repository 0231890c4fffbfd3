"""Two traffic engines with one semantics: the readable reference, and the compiled one that is held to it."""

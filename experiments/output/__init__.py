"""Output: folders that are written whole or not at all, manifests, and the terminal."""

"""Price lists as people publish them, read into fragments of scenarios (`tokenmarket catalogue`)."""

"""Step times held against measured GPUs: calibration of the constants of E1, and validation in the engine."""

"""Hardware: GPUs, architectures of models, what fits in memory, and how long a step takes."""

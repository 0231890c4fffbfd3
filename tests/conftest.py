"""Settings of the whole test run: reproducible property tests, figures without a display."""

import os

from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")

# Examples follow from the test itself, so a run that passed passes again; there is no deadline because the
# first call of a compiled function compiles it.
settings.register_profile("reproducible", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("reproducible")

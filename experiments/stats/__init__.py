"""Statistics of simulation studies; docs/lab/statistics.md has the equations and says which to use when.

What every run needs is imported here. The rest stands in modules of its own, each named for its question:

- `experiments.stats.mser`: where does a run's warm-up end?
- `experiments.stats.batch_means`: what is the interval of one long run?
- `experiments.stats.sequential`: how many replications are enough?
- `experiments.stats.ratio`, `experiments.stats.quantiles`: intervals of ratios and of quantiles
- `experiments.stats.multiple`: which of many differences are there at all?
- `experiments.stats.selection`: which one is best, and with what probability?
- `experiments.stats.digits`: how is a mean printed?
"""

from experiments.stats.intervals import CONFIDENCE, Interval, interval
from experiments.stats.pairs import Paired, paired

__all__ = ["CONFIDENCE", "Interval", "Paired", "interval", "paired"]

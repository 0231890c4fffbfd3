"""How requests change over the years: prompts grow, more of them is read from caches, answers change their length."""

from sim.scenario.base import Part, Sweep, quantity


class RequestDrift(Part):
    """Lengths and cached shares of requests over the calendar, the same for all workloads, from the first day on."""

    prompt_growth_per_year: float = quantity(
        0.0, unit="1/year", doc="Growth of the mean prompt (1.5: by 150% a year)", gt=-1, le=20,
        source="off; 1.5 leads from the default templates to OpenRouter's 14,900 tokens of August 2026",
        sweep=Sweep(0.0, 3.0, "linear", "none to twice what the default templates need"))
    output_growth_per_year: float = quantity(
        0.0, unit="1/year", doc="Growth of the mean answer of a model of verbosity 1", gt=-1, le=20,
        source="off; answers of models grow by their verbosity already")
    cached_log_odds_per_year: float = quantity(
        0.0, unit="log-odds/year", doc="Growth of the log-odds of the cached share of prompts", ge=-20, le=20,
        source="off; 0.8 leads from the default templates to OpenRouter's 72% of August 2026")

    @property
    def stands_still(self) -> bool:
        """Whether nothing ever changes."""
        return not (self.prompt_growth_per_year or self.output_growth_per_year or self.cached_log_odds_per_year)

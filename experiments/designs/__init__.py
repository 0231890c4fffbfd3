"""Designs: which points of a scenario's fields a study runs, and what the answers say of the fields."""

from experiments.designs.factor import DesignError, Factor, parse_grid, parse_vary
from experiments.designs.plan import KINDS, Plan, make_plan
from experiments.designs.sensitivity import INDICES, sensitivity
from experiments.designs.sweepable import factor_rows, value_at, with_ranges

__all__ = ["INDICES", "KINDS", "DesignError", "Factor", "Plan", "factor_rows", "make_plan", "parse_grid", "parse_vary",
           "sensitivity", "value_at", "with_ranges"]

"""Routing policies: what picks an offer for each request, one file a family."""

from policies.presets import PRESETS
from policies.registry import POLICIES, bind, register

__all__ = ["POLICIES", "PRESETS", "bind", "register"]

"""Service tiers: what offers are, and what requests ask for."""

from typing import Literal

ServiceTier = Literal["default", "flex", "priority", "batch"]  # as in sim.engines.service_tiers.SERVICE_TIERS

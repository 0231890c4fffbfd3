"""The compiled traffic engine."""

from sim.traffic.engine import CompiledEngine

__all__ = ["CompiledEngine"]

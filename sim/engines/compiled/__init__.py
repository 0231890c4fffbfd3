"""The compiled traffic engine."""

from sim.engines.compiled.engine import CompiledEngine

__all__ = ["CompiledEngine"]

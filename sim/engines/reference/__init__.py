"""The reference engine: what the market does, written the plainest way (definition: ``docs/semantics.md``).

Read it in this order: ``replica`` (a step), ``deployment`` (gate, balancer, outage), ``telemetry`` and
``health`` (what a router knows), ``router`` (place, messages, timers), ``books`` (what is counted),
``engine`` (the face).
"""

from sim.engines.reference.engine import ReferenceEngine

__all__ = ["ReferenceEngine"]

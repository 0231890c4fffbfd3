"""The reference engine: what the market does, written the plainest way (definition: ``docs/semantics.md``).

Read it in this order: ``replica`` (a step), ``deployment`` (gate, balancer, outage), ``telemetry`` and
``health`` (what a router knows), ``place`` (how it picks an offer), ``router`` (messages, timers), ``ticks``, ``books``
(what is counted), ``engine`` (the face). Files, classes and functions that do the same in the compiled engine have the
same names there; a method's leading underscore does not count.
"""

from sim.engines.reference.engine import ReferenceEngine

__all__ = ["ReferenceEngine"]

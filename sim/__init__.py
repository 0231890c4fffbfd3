"""What exists: demand, traffic, customers, models, prices and books, and the one order in which they happen.

The story, a room a step:

1. a *scenario* is read and checked (`sim.scenario`): traffic alone, or a whole market;
2. demand (`sim.demand`), offers and policies become a *world* of plain tables (`sim.assemble`, `sim.market`);
3. an *engine* serves its requests (`sim.engines`), between two events of the one calendar (`sim.calendar`);
4. what it counted is an *outcome* (`sim.engines.outcome`), to which a market adds days and books (`sim.market.result`);
5. *measures* make numbers of them (`experiments.measures`);
6. a *study* repeats this over a design, with random streams that it shares (`experiments.studies`, `sim.streams`);
7. its results are a *page* (`experiments.report`).

Nothing here imports `providers`, which decide what firms do, or `policies`, which decide where requests go.
"""

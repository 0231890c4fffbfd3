"""Random markets in which classes have a copy of their router each, as clients of a client-side router have."""

from dataclasses import replace

import numpy as np

from worlds.differential_tiers import Case


def with_copies(seed: int, case: Case) -> Case:
    """Return a random market; of a third of them each class has a router of its own, with its router's settings.

    What a scenario names is one router; some copies run elsewhere, so delays differ.
    """
    rng = np.random.default_rng([seed, 15, 3])
    if rng.random() >= 1 / 3:
        return case
    world = case.world
    of = world.class_router  # each class's copy is that of its router
    moved = rng.random((len(of), 1)) < 0.3
    own = replace(
        world,
        routers=tuple(f"{world.routers[router]}@{name}" for router, name in zip(of, world.classes, strict=True)),
        router_names=tuple(world.router_names[router] for router in of),
        policies=tuple(world.policies[router] for router in of),
        delay_s=np.where(moved, np.roll(world.delay_s, 1, axis=0)[of], world.delay_s[of]),
        class_router=np.arange(len(of), dtype=np.int32),
    )
    blocks = [block.copy() for block in case.blocks]
    for block in blocks:
        block["router"] = own.class_router[block["client_class"]]
    return replace(case, world=own, blocks=blocks)

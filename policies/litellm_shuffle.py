"""LiteLLM's default, simple-shuffle: a draw weighted by posted rate limits."""

import numpy as np

from policies.litellm import SOURCE, imitates
from policies.toolbox import draw, uniform
from sim.compiled import rule
from sim.policy import Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import NO_LIMIT, OPEN, RPM_LIMIT, TPM_LIMIT


class LiteLlmShuffle(Part):
    """Parameters of ``litellm_shuffle``."""

    first_decides: bool = quantity(
        False,
        unit="flag",
        doc="Quirk until 1.100: limits are weights only if the first open offer states one",
        source="simple_shuffle.py: since 1.104 any deployment's counts, a missing one is 0",
    )


AT = places(LiteLlmShuffle)


@rule()
def _are_weights(view: np.ndarray, column: int, first_decides: float) -> bool:
    """Whether a limit is stated: by the first open offer, or by any."""
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            if view[i, column] < NO_LIMIT:
                return True
            if first_decides > 0.0:
                return False
    return False


def choose_litellm_shuffle(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Draw in proportion to requests a minute, else tokens a minute, else uniformly."""
    first_decides = memory.params[AT.first_decides]
    if _are_weights(view, RPM_LIMIT, first_decides):
        column = RPM_LIMIT
    elif _are_weights(view, TPM_LIMIT, first_decides):
        column = TPM_LIMIT
    else:
        return uniform(view, u)
    for i in range(view.shape[0]):
        limit = view[i, column]
        memory.offers[i, 0] = limit if limit < NO_LIMIT else 0.0  # a missing limit weighs nothing
    return draw(view, memory.offers, 0, u)


LITELLM_SHUFFLE = Policy(
    kind="litellm_shuffle",
    choose=choose_litellm_shuffle,
    summary="LiteLLM simple-shuffle: draw weighted by posted rate limits, else uniform.",
    source=f"{SOURCE}/simple_shuffle.py",
    ties="none: the choice is a draw",
    parameters=LiteLlmShuffle,
    imitation=imitates("simple-shuffle"),
    offer_slots=1,
)

"""What a replica tells routers of an attempt: its first token, and the end of its stream."""

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.network import Letter, send
from sim.engines.compiled.owed import owe
from sim.engines.compiled.records import Globals
from sim.engines.compiled.state import ANSWERS, GONE, Clock, Supply
from sim.engines.rules import DONE, FAIL, FIRST_TOKEN
from sim.near_load import note
from sim.policy import MIDSTREAM, NO_FAILURE


@inner(forceinline=True)
def tell_first_token(g: Globals, clock: Clock, supply: Supply, lane_of: np.ndarray, a: int) -> None:
    """Send an attempt's first token and measure, as its provider sees it, the time until it leaves."""
    attempt = supply.attempts[a]
    attempt.refs += 1
    lane = lane_of[attempt.router, attempt.offer, ANSWERS]
    send(g, clock, supply.attempts, lane, Letter(FIRST_TOKEN, a, NO_FAILURE))
    offer = supply.offers[attempt.offer]
    if g.publish_period < np.inf:
        note(supply.times[attempt.offer], 0, offer.timed, attempt.met, g.now + offer.request_s - attempt.arrived_s)
        offer.timed += 1


@inner(forceinline=True)
def tell_end(g: Globals, clock: Clock, supply: Supply, lane_of: np.ndarray, a: int) -> None:
    """Tell the router that an attempt's stream ended or broke; the provider is done with it."""
    attempt = supply.attempts[a]
    attempt.place = GONE
    lane = lane_of[attempt.router, attempt.offer, ANSWERS]
    broke = attempt.target < attempt.output
    kind, failure = (FAIL, MIDSTREAM) if broke else (DONE, NO_FAILURE)
    if broke:
        owe(g, supply, a)
    send(g, clock, supply.attempts, lane, Letter(kind, a, failure))

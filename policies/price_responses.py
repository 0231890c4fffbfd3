"""How each policy's shares answer prices: what its makers publish, and so what sellers may be told of it."""

from collections.abc import Callable
from typing import Any, Final

from policies.openrouter_curve import DISTANCES, PREFERENCES
from policies.registry import POLICIES
from policies.vercel import COST
from sim.errors import PolicyError
from sim.policy import BoundPolicy
from sim.price_response import STEEPEST, DrawnCurve, PriceResponse

Response = Callable[[Any], PriceResponse | None]  # of the policy's parameters; None if no rule of prices can be told


def _power(parameters: Any) -> PriceResponse:  # noqa: ANN401 - the parameters of several policies
    return PriceResponse(parameters.k)


def _cheapest(_: object) -> PriceResponse:
    return STEEPEST


def _untold(_: object) -> None:
    return None


def _drawn(parameters: Any) -> PriceResponse:  # noqa: ANN401
    return PriceResponse(curve=DrawnCurve(DISTANCES, PREFERENCES, parameters.exploration, parameters.speed_cost))


def _sorted(parameters: Any) -> PriceResponse:  # noqa: ANN401
    return STEEPEST if parameters.sort == COST else PriceResponse()


RESPONSES: Final[dict[str, Response]] = {
    "openrouter_classic": _power,
    "smooth_wrr": _power,
    "cheapest": _cheapest,
    "litellm_cost": _cheapest,
    "vercel": _sorted,
    "openrouter_adjusted": _drawn,
    # these weigh prices against what else they see, by no rule that holds for prices alone
    "openrouter_sketch": _untold,
    "llmgateway": _untold,
    "thompson": _untold,
    "drift_plus_penalty": _untold,
}


def tell(kind: str, response: Response) -> None:
    """State how the shares of a user's policy answer prices; one of which nothing is said ignores them.

    Raises
    ------
    PolicyError
        If something is stated already, or no such policy is registered.
    """
    if kind not in POLICIES:
        raise PolicyError(f"{kind!r} is no registered policy; register it before its response to prices")
    if kind in RESPONSES:
        raise PolicyError(f"the response of policy {kind!r} to prices is stated already")
    RESPONSES[kind] = response


def price_response(bound: BoundPolicy) -> PriceResponse | None:
    """Return how the shares of a bound policy answer prices; None if they do by no rule that could be told."""
    response = RESPONSES.get(bound.policy.kind)
    return PriceResponse() if response is None else response(bound.values)

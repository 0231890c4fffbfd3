"""Which policies there are, how a user adds one, and how a scenario's choice becomes a bound policy."""

import difflib
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from policies import (
    c3,
    dynamo_kv,
    farms,
    gie,
    learning,
    least_loaded,
    litellm_cost,
    litellm_latency,
    litellm_least_busy,
    litellm_shuffle,
    litellm_usage,
    llmgateway,
    oblivious,
    openrouter,
    openrouter_adjusted,
    openrouter_sketch,
    prequal,
    sglang,
    vercel,
)
from policies.presets import PRESETS
from sim.errors import PolicyError, ScenarioError
from sim.policy import BoundPolicy, Imitation, Policy
from sim.scenario.explain import refused
from sim.scenario.router_settings import PolicyChoice

_ALL = (
    oblivious.RANDOM,
    oblivious.WEIGHTED,
    oblivious.ROUND_ROBIN,
    oblivious.SMOOTH_WRR,
    openrouter.CHEAPEST,
    openrouter.FASTEST,
    openrouter.OPENROUTER_CLASSIC,
    openrouter_adjusted.OPENROUTER_ADJUSTED,
    openrouter_sketch.OPENROUTER_SKETCH,
    least_loaded.LEAST_IN_FLIGHT,
    least_loaded.LEAST_OUTSTANDING_TOKENS,
    least_loaded.POWER_OF_D,
    least_loaded.PEAK_EWMA,
    litellm_shuffle.LITELLM_SHUFFLE,
    litellm_least_busy.LITELLM_LEAST_BUSY,
    litellm_latency.LITELLM_LATENCY,
    litellm_cost.LITELLM_COST,
    litellm_usage.LITELLM_USAGE,
    llmgateway.LLMGATEWAY,
    vercel.VERCEL,
    prequal.PREQUAL,
    c3.C3_POLICY,
    farms.JIQ,
    farms.BOUNDED_HASH,
    gie.GIE,
    sglang.SGLANG_CACHE_AWARE,
    sglang.PREFIX_AFFINITY,
    dynamo_kv.DYNAMO_KV,
    learning.DRIFT_PLUS_PENALTY,
    learning.THOMPSON,
    least_loaded.ORACLE_LEAST_WORK,
)
POLICIES: Final[dict[str, Policy]] = {policy.kind: policy for policy in _ALL}


def register(policy: Policy) -> Policy:
    """Add a user's policy, so that scenarios of this process can choose it by its kind.

    Raises
    ------
    PolicyError
        If the kind is taken, or breaks the rule that exactly the oracles' kinds begin with ``oracle_``.
    """
    if policy.kind in POLICIES or policy.kind in PRESETS:
        raise PolicyError(f"policy {policy.kind!r} is already registered; choose another kind")
    if policy.oracle != policy.kind.startswith("oracle_"):
        raise PolicyError(
            f"policy {policy.kind!r} has oracle={policy.oracle}; "
            "a kind begins with 'oracle_' exactly when oracle is true"
        )
    POLICIES[policy.kind] = policy
    return policy


def imitation_of(name: str) -> Imitation | None:
    """What a policy or a preset imitates: a preset says it itself, or its policy does."""
    preset = PRESETS.get(name)
    if preset is None:
        return POLICIES[name].imitation
    return preset.imitation or POLICIES[preset.kind].imitation


def bind(choice: PolicyChoice, path: str = "routers.main.policy") -> BoundPolicy:
    """Look up the chosen policy or preset and check its parameters.

    Parameters
    ----------
    choice
        The kind and its parameters; those given override a preset's.
    path
        Where the choice stands in the scenario, for error messages.

    Raises
    ------
    ScenarioError
        If there is no such policy, or a parameter is unknown or out of range.
    """
    preset = PRESETS.get(choice.kind)
    kind = preset.kind if preset else choice.kind
    if kind not in POLICIES:
        known = [*POLICIES, *PRESETS]
        near = difflib.get_close_matches(choice.kind, known, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(known)}"
        raise ScenarioError(f"{path}.kind is {choice.kind!r}, which is no policy or preset; {hint}")
    given = {**(preset.parameters if preset else {}), **choice.parameters}
    policy = POLICIES[kind]
    try:
        return BoundPolicy(policy, policy.parameters.model_validate(given))
    except ValidationError as error:
        raise ScenarioError(_sentence(policy, error.errors()[0], path)) from None


def _sentence(policy: Policy, problem: ErrorDetails, path: str) -> str:
    """One wrong parameter in one sentence: field, value, what is allowed."""
    name = ".".join(str(part) for part in problem["loc"])
    allowed = ", ".join(policy.parameters.model_fields) or "none"
    if problem["type"] == "extra_forbidden":
        return f"{path}.{name} is no parameter of policy {policy.kind!r}; its parameters are: {allowed}"
    if problem["type"] == "missing":
        return f"{path}.{name} is missing; policy {policy.kind!r} needs it"
    return f"{path}.{name} {refused(problem)}"

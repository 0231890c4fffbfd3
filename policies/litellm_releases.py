"""LiteLLM's strategies by release: a preset is named after the first release that is known to behave so."""

from dataclasses import replace
from typing import Any, Final

from policies.litellm_cost import LITELLM_COST
from policies.litellm_latency import LITELLM_LATENCY
from policies.litellm_least_busy import LITELLM_LEAST_BUSY
from policies.litellm_shuffle import LITELLM_SHUFFLE
from policies.litellm_usage import LITELLM_USAGE
from sim.policy import Policy, Preset

DATES: Final = {"1.80": "before 2026-09", "1.85": "before 2026-09", "1.104": "2026-10-03"}  # of the wheels' files


def _preset(policy: Policy, release: str, until: str, **parameters: Any) -> Preset:  # noqa: ANN401 - of any policy
    """One that is still so imitates what its policy does; an older one its first release."""
    summary = f"LiteLLM {release} to {until}." if until else f"LiteLLM since {release}, the newest seen: 1.110.2."
    imitation = policy.imitation
    if until and imitation:
        imitation = replace(imitation, release=f"{release}.0", date=DATES[release])
    source = f"litellm {release}.0, router_strategy"
    return Preset(f"{policy.kind}@{release}", policy.kind, summary, source, parameters, imitation)


# Opened: 1.80.0, 1.85.0, 1.100.0, 1.104.0, 1.104.9, 1.106.0, 1.106.12, 1.108.0, 1.109.0, 1.109.3, 1.110.0, 1.110.2.
PRESETS: Final = (
    _preset(LITELLM_SHUFFLE, "1.80", "1.100", first_decides=True),
    _preset(LITELLM_SHUFFLE, "1.104", "", first_decides=False),
    _preset(LITELLM_LEAST_BUSY, "1.80", "1.100", one_map=True, ttl_s=600.0, reservation_s=0.0),
    _preset(LITELLM_LEAST_BUSY, "1.104", "1.109", one_map=False, ttl_s=3600.0, reservation_s=0.0),
    _preset(LITELLM_LEAST_BUSY, "1.110", "", one_map=False, ttl_s=3600.0, reservation_s=30.0),
    _preset(LITELLM_LATENCY, "1.80", "1.80", first_per_token=True, answers_divide=True, frozen_list=True),
    _preset(LITELLM_LATENCY, "1.85", "1.100", first_per_token=True, answers_divide=False, frozen_list=False),
    _preset(LITELLM_LATENCY, "1.104", "", first_per_token=False, answers_divide=False, frozen_list=False),
    _preset(LITELLM_COST, "1.80", ""),
    _preset(LITELLM_USAGE, "1.80", ""),
)

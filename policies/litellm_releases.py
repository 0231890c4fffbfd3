"""LiteLLM's strategies by release: a preset is named after the first release that is known to behave so."""

from typing import Any, Final

from policies.litellm import SOURCE
from sim.policy import Preset


def _preset(strategy: str, release: str, until: str, **parameters: Any) -> Preset:  # noqa: ANN401 - of any policy
    kind = f"litellm_{strategy}"
    summary = f"LiteLLM {release} to {until}." if until else f"LiteLLM since {release}, the newest seen: 1.110.2."
    return Preset(f"{kind}@{release}", kind, summary, f"{SOURCE}, of {release}.0", parameters)


# Opened: 1.80.0, 1.85.0, 1.100.0, 1.104.0, 1.104.9, 1.106.0, 1.106.12, 1.108.0, 1.109.0, 1.109.3, 1.110.0, 1.110.2.
PRESETS: Final = (
    _preset("shuffle", "1.80", "1.100", first_decides=True),
    _preset("shuffle", "1.104", "", first_decides=False),
    _preset("least_busy", "1.80", "1.100", one_map=True, ttl_s=600.0, reservation_s=0.0),
    _preset("least_busy", "1.104", "1.109", one_map=False, ttl_s=3600.0, reservation_s=0.0),
    _preset("least_busy", "1.110", "", one_map=False, ttl_s=3600.0, reservation_s=30.0),
    _preset("latency", "1.80", "1.80", first_per_token=True, answers_divide=True, frozen_list=True),
    _preset("latency", "1.85", "1.100", first_per_token=True, answers_divide=False, frozen_list=False),
    _preset("latency", "1.104", "", first_per_token=False, answers_divide=False, frozen_list=False),
    _preset("cost", "1.80", ""),
    _preset("usage", "1.80", ""),
)

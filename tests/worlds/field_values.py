"""Other values for fields of scenarios: those that go with a type, and those that only a person thinks of."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final, Literal, get_args, get_origin

from sim.scenario import AffineServing, RooflineServing, Trace
from worlds.field_tree import Leaf
from worlds.field_worlds import fewer_models, growth, other_rents, slower_constants, trace

OF_TRACES: Final = list(set(Trace.model_fields) - {"kind", "rate_per_s"})
OF_OTHERS: Final = ["peak_to_trough", "peak_hour", "weekend_factor", "start_hour", "burst_factor", "burst_s", "quiet_s"]
OF_AFFINE: Final = list(set(AffineServing.model_fields) - {"kind"})
OF_ROOFLINE: Final = list(set(RooflineServing.model_fields) - {"kind"})
Values = dict[str, Any]  # of a field ("") and of those beside it, by name

# other values by the end of a path; a dictionary also changes fields beside it
NAMED: Final[dict[str, list[Any]]] = {
    r"preferences\.order": [["fast"], ["boreal"]], r"preferences\.only": [["slow"], ["atlas", "openai"]],
    r"preferences\.ignore": [["slow/toy"], ["atlas"]], r"preferences\.quantizations": [["fp8"], ["fp4"]],
    r"preferences\.own_keys": [["fast"]], r"policy\.kind": ["random", "cheapest"],
    r"pricing\.kind": ["constant", "cost_plus", "undercut"],
    r"router\.weights|routers\.\*\.weights": [{}],
    r"demand\.\*\.model": ["other", "toy"], r"fallback_models": [[]], r"demand\.\*\.router": ["second"],
    r"region": ["mid", "eu-west"], r"network\.links\[\]\.[ab]": ["mid"],
    r"arrivals<trace>\.path": [trace("other.csv", "later,a,b,t_s,input_tokens,output_tokens")],
    r"arrivals<closed>\.kind": [{"": "poisson", "rate_per_s": 1.0, "users": ..., "think_s": ..., "pause": ...}],
    r"arrivals<trace>\.kind": [{"": "poisson", "rate_per_s": 8.0} | dict.fromkeys(OF_TRACES, ...)],
    r"arrivals<weibull>\.kind": [{"": "poisson", "cv": ...}],
    r"arrivals<\w+>\.kind": [{"": "weibull"} | dict.fromkeys(OF_OTHERS, ...)],
    r"serving<affine>\.kind": [{"": "roofline", "gpu": "h100-sxm"} | dict.fromkeys(OF_AFFINE, ...)],
    r"serving<roofline>\.kind": [{"": "affine", "base_s": 0.02} | dict.fromkeys(OF_ROOFLINE, ...)],
    r"columns\.time": ["later"], r"columns\.prompt": ["prompt2"], r"columns\.output": ["output2"],
    r"tokens\.probabilities": [{"": [0.0, 0.8, 1.0], "mean": ...}],
    r"tokens\.values": [{"": [10, 200, 2000], "mean": ...}], r"offers\.\*\.pool": ["toy2"],
    r"offers\.\*\.model": ["other", "toy"], r"serving<roofline>\.gpu": ["h200-sxm"],
    r"serving<roofline>\.framework": ["vllm", "sglang", "trtllm"],
    r"\.like": ["h200-sxm", "llama-3.1-8b", "llama-3.3-70b", "h100-sxm"],
    r"calibration": [slower_constants()],
    r"catalogue\.path": [fewer_models()], r"catalogue\.include": [["gpt-4o", "llama-3.3-70b"]],
    r"catalogue\.exclude": [["gpt-4o", "llama-3.3-70b"]],
    r"closed_creators": [["openai"]], r"open_creators": [["meta"]], r"sizes_b": [[9.0, 100.0]],
    r"models\.\*\.(creator)": ["alibaba"], r"models\.\*\.family": ["llama"], r"\.architecture": ["gpt-oss-20b"],
    r"revenue_usd": [[2e5, 3e6]], r"budget_share": [[0.05, 0.08]], r"budget_use": [[0.3, 0.5]],
    r"workload_counts": [[0.0, 0.0, 1.0]], r"\.mix": [{"chat": 0.2, "extraction": 0.8}, {"extraction": 1.0}],
    r"\.brand": [{"openai": 0.3}], r"uses\.needs": [[0.3, 0.6]],
    r"firms\.\*\.creator": ["meta"], r"pools\[\]\.gpu": ["h100-sxm"], r"pools\[\]\.precisions": [["bf16"]],
    r"adoption\.creators": [["meta"]], r"adoption\.families": [["llama"]],
    r"entry\.gpus": [["h100-sxm"]], r"entry\.regions": [["eu-west"]], r"growth_path": [growth()],
    r"marketplace_choice\.prior_requests": [1e8],
    r"^(traffic\.)?engine": [],  # thousands of requests in plain Python: differential tests hold it to the other
    r"supply\.(autoscaling|entry)\.max_replicas": [1], r"costing\.least_load": [1.0],
    r"investment\.expected_growth_share": [0.0, 2.0],
    r"(firms\.\*|entry)\.engine\.first_share": [0.05], r"choice\.fall_days": [10.0],
    r"customers\.routing\.repins_per_month": [0.0, 100.0],
    r"max_total_b": [20.0], r"max_volume_factor": [1.0],
    r"gpu_prices\.path": [other_rents()],
    r"(^|\.)(name|description|source)": ["other"],
    r"templates\.\*\.task": ["reasoning"],
}
FACTORS: Final = (1.5, 0.5, 4.0, 0.1, 30.0, 0.01)
PLAIN: Final = (1.0, 0.3, 0.05, 3.0, 20.0, 300.0, 5000.0, 0.001, 1e5, 1e-5)


def values_for(leaf: Leaf, before: Any) -> Iterator[Values]:
    """Yield other values of a field."""
    for pattern, named in NAMED.items():
        if re.search(f"({pattern})$", leaf.path):
            yield from (value if isinstance(value, dict) and "" in value else {"": value}
                        for value in named if value != before)
            return
    for kind in leaf.types:
        yield from ({"": value} for value in _of_type(kind, before) if value != before)


def _of_type(kind: Any, before: Any) -> Iterator[Any]:
    """Values of a type, near the one before and far from it."""
    if get_origin(kind) is Literal:
        yield from get_args(kind)
    elif kind is bool:
        yield from (not before,) if before is not None else (True, False)
    elif kind is date:
        yield (before or date(2026, 3, 1)) + timedelta(days=4)
    elif kind is int:
        yield from (int(value) for value in PLAIN if value >= 1) if not before else (
            before + 1, before - 1, before * 2, before // 2, before * 10, before // 10)
    elif kind is float:
        yield from PLAIN if not before else (*(before * factor for factor in FACTORS), before + 0.1, 0.0)
    elif kind is type(None):
        yield None

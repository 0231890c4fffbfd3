"""Small whole markets for tests: three firms, five models, a dozen customers, days of short windows."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from sim.scenario import MarketScenario
from sim.scenario.load import read_as

MODELS = ("gpt-4o", "gpt-4o-mini", "llama-3.1-8b", "llama-3.3-70b", "deepseek-v3")

HOST = {"pools": [{"gpu": "h200-sxm", "count": 16, "precisions": ["fp8"]}], "adoption": {"probability": 1.0}}

SMALL: dict[str, Any] = {
    "name": "small",
    "seed": 7,
    "horizon": {"days": 4, "sampled_per_day": 500},
    "models": {"catalogue": {"include": list(MODELS)}, "frontier": {"enabled": False}},
    "customers": {
        "requests_per_s": 20.0,
        "segments": {
            "apps": {"number": 8, "revenue_usd": [1e5, 1e6], "mix": {"chat": 0.6, "extraction": 0.4}},
            "agents": {"number": 4, "revenue_usd": [1e5, 1e6], "mix": {"coding": 1.0}, "own_key_share": 0.5},
        },
    },
    "supply": {
        "firms": {
            "atlas": deepcopy(HOST) | {"faults": {"outage_mtbf_s": 86_400.0, "outage_mttr_s": 1800.0}},
            "boreal": deepcopy(HOST) | {"pricing": {"kind": "undercut"}},
            "openai": {"kind": "lab", "pools": [{"gpu": "h200-sxm", "count": 32}],
                       "pricing": {"kind": "constant", "anchor": "list"}},
        },
    },
}


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the tables of ``changes`` merged in; None takes an entry out."""
    found = deepcopy(dict(base))
    for key, value in changes.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(found.get(key), Mapping):
            found[key] = merged(found[key], value)
        else:
            found[key] = deepcopy(value)
    return found


def small(**changes: Any) -> MarketScenario:
    """The small market with some of its settings changed."""
    return read_as(MarketScenario, merged(SMALL, changes), (), source="small")


def full(days: int = 1, slice_s: int = 3600, rate_per_s: float = 0.02, **changes: Any) -> MarketScenario:
    """The small market with so little demand that every request can be simulated."""
    horizon = {"days": days, "resolution": "full", "slice_s": slice_s}
    return small(**merged({"horizon": horizon, "customers": {"requests_per_s": rate_per_s}}, changes))


def leaves(value: Any, name: str = "result") -> Iterator[tuple[str, Any]]:
    """All numbers, texts and arrays in a run's result, each with where it stands."""
    if hasattr(value, "__dataclass_fields__"):
        for field in value.__dataclass_fields__:
            yield from leaves(getattr(value, field), f"{name}.{field}")
    elif hasattr(value, "entries"):  # the ledger
        yield from leaves(dict(value.entries), f"{name}.entries")
        yield from leaves(dict(value.balances), f"{name}.balances")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{name}[{key}]")
    elif isinstance(value, list | tuple):
        yield f"len({name})", len(value)
        for index, item in enumerate(value):
            yield from leaves(item, f"{name}[{index}]")
    else:
        yield name, value


def differences(a: Any, b: Any) -> list[str]:
    """Where two results differ; nan equals nan."""
    left, right = dict(leaves(a)), dict(leaves(b))
    found = sorted(left.keys() ^ right.keys())
    return found + [name for name in left.keys() & right.keys() if not _same(left[name], right[name])]


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return bool(a == b or (a != a and b != b))

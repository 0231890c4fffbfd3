"""What users run: scenarios, runs and studies.

>>> from experiments import change, load
>>> change(load("duel"), traffic__load=1.2).traffic.load
1.2
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from experiments.api import change, compare, replicate, run, sweep
    from experiments.extensions import use
    from experiments.scenarios import load
    from experiments.store.results import Results, open_results
    from experiments.store.store import Store
    from sim.errors import MarketError, MarketWarning

_LATE: Final = {
    "change": "experiments.api", "compare": "experiments.api", "load": "experiments.scenarios",
    "replicate": "experiments.api", "run": "experiments.api", "sweep": "experiments.api",
    "use": "experiments.extensions", "Results": "experiments.store.results",
    "open_results": "experiments.store.results", "Store": "experiments.store.store",
    "MarketError": "sim.errors", "MarketWarning": "sim.errors",
}

__all__ = ["MarketError", "MarketWarning", "Results", "Store", "change", "compare", "load", "open_results",
           "replicate", "run", "sweep", "use"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    """Import what is asked for when it is asked for (PEP 562): importing the package stays fast."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""What users run: scenarios, runs and studies.

>>> from experiments import change, load
>>> change(load("duel"), "traffic.load=1.2").traffic.load
1.2
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

# these two at once: modules of the same name would otherwise hide the functions
from experiments.runs.run_traffic import run
from experiments.studies.tournament.design import Design, Tournament, tournament

if TYPE_CHECKING:
    from experiments.api import change, compare, replicate, sweep
    from experiments.scenarios import load
    from experiments.store.results import Results, open_results
    from experiments.store.store import Store

_LATE: Final = {
    "change": "experiments.api", "compare": "experiments.api", "load": "experiments.scenarios",
    "replicate": "experiments.api", "sweep": "experiments.api", "Results": "experiments.store.results",
    "open_results": "experiments.store.results", "Store": "experiments.store.store",
}

__all__ = ["Design", "Results", "Store", "Tournament", "change", "compare", "load", "open_results",
           "replicate", "run", "sweep", "tournament"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    """Import what is asked for when it is asked for (PEP 562): importing the package stays fast."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Which studies there are: a row each, and what the user adds with ``--use``."""

from importlib import import_module
from typing import Any, Final

from experiments.studies.study import Study
from sim.errors import MarketError

ROWS: Final = (  # packages, each with its study as ``STUDY``; in the order of the help
    "experiments.studies.tournament",
    "experiments.studies.market",
    "experiments.studies.climb",
    "experiments.studies.cost_fall",
    "experiments.studies.pricing",
    "experiments.studies.steady",
    "experiments.studies.sweep",
    "experiments.studies.invasion",
    "experiments.studies.inference_share",
    "experiments.studies.elasticities",
    "experiments.studies.cdn",
    "experiments.studies.policies",
    "experiments.studies.model_lifetime",
    "experiments.studies.deepseek_day",
    "experiments.studies.llmflation",
    "experiments.studies.providers_per_model",
    "experiments.studies.early_mover",
    "experiments.studies.unit_economics",
    "experiments.studies.price_war",
    "experiments.studies.rule_change",
    "experiments.studies.open_gap",
    "experiments.studies.train_or_serve",
)
_added: dict[str, Study[Any, Any]] = {}


def studies() -> dict[str, Study[Any, Any]]:
    """Return all studies by name, those of the user last."""
    own = (import_module(row).STUDY for row in ROWS)
    return {**{study.name: study for study in own}, **_added}


def study_named(name: str) -> Study[Any, Any]:
    """Return a study by its name.

    Raises
    ------
    MarketError
        If there is none; one of the user's own must be named with ``--use`` first.
    """
    known = studies()
    if name not in known:
        raise MarketError(f"there is no study {name!r}; studies are {', '.join(known)}, and those of your own that "
                          "--use names")
    return known[name]


def register(study: Study[Any, Any]) -> Study[Any, Any]:
    """Add a study of the user's, so that commands of this process know it.

    Raises
    ------
    MarketError
        If the name is taken.
    """
    if study.name in studies():
        raise MarketError(f"study {study.name!r} is already registered; choose another name")
    _added[study.name] = study
    return study

"""Rungs that are simulated: a market without hosts, with hosts but a router that does not look at prices, and itself.

L1 adds demand to the inputs: each creator sells its models, open ones too, at list prices. L2 adds hosts under uniform
routing, by every marketplace where there are several, L3 is the market.
"""

from typing import Any, Final

from experiments.runs.kinds import KINDS
from sim.errors import ScenarioError
from sim.scenario import MarketScenario
from sim.scenario.load import plain, scenario_of

INPUTS: Final = "L0 inputs"
DEMAND: Final = "L1 demand"
UNIFORM: Final = "L2 hosts"
WHOLE: Final = "L3 market"
RUNGS: Final = (INPUTS, DEMAND, UNIFORM, WHOLE)
AT_LIST: Final = {"kind": "constant", "anchor": "list"}


def simulated(scenario: MarketScenario) -> dict[str, MarketScenario]:
    """Return the markets of the rungs above the inputs.

    Raises
    ------
    ScenarioError
        If the market has no lab, whose GPUs creators could have.
    """
    whole = plain(scenario)
    uniform = plain(scenario)
    KINDS["market"].with_policy(uniform, {"kind": "random"})
    return {DEMAND: _of({**whole, "supply": _creators(scenario, whole["supply"])}), UNIFORM: _of(uniform),
            WHOLE: scenario}


def _creators(scenario: MarketScenario, supply: dict[str, Any]) -> dict[str, Any]:
    """Supply in which each creator of a model is a lab that sells it at the list price, and nobody else sells."""
    from sim.market.models.catalogue import load_catalogue
    from sim.streams import Streams

    horizon = scenario.horizon
    models = load_catalogue(scenario.models, horizon.start, horizon.days, Streams(scenario.seed, 0))
    labs = {(firm["creator"] or name).casefold(): firm for name, firm in supply["firms"].items()
            if firm["kind"] == "lab"}
    if not labs:
        raise ScenarioError("supply.firms have no lab; the ladder needs one, whose GPUs each creator of a model has")
    largest = max(labs.values(), key=lambda firm: sum(pool["count"] for pool in firm["pools"]))
    firms = {}
    for creator in sorted({row.creator for row in models.rows}):
        lab = labs.get(creator.casefold(), largest)
        firms[creator] = {"kind": "lab", "creator": creator, "region": lab["region"], "pools": largest["pools"],
                          "engine": lab["engine"], "limits": lab["limits"], "pricing": AT_LIST, "exit_months": None}
    entry = {"entry": {**supply["entry"], "types": 0}} if "entry" in supply else {}
    return {**supply, "firms": firms, **entry}


def _of(data: dict[str, Any]) -> MarketScenario:
    from sim.scenario import MarketScenario

    changed = scenario_of({**data, "router": {**data["router"], "weights": {}}})
    assert isinstance(changed, MarketScenario)
    return changed

"""A scenario whose demand is a trace: the same market, real requests, a comparable load."""

import math
from pathlib import Path

from experiments.runs.capacity import Shape, busiest_model, class_rate_per_s, model_capacity_per_s, utilisation
from sim.errors import ScenarioError
from sim.scenario import ClientClass, TrafficScenario
from sim.scenario.load import plain, read_as

CLASS = "trace"


def with_trace(scenario: TrafficScenario, trace: str | Path) -> TrafficScenario:
    """Replace a scenario's demand by one class, ``trace``, that replays a file, over and over.

    Every replication starts at a row of its own, so that intervals hold the variation of the traffic.
    The class asks for the scenario's busiest model (most requests) and takes region, router,
    patience and SLOs from the class that asks most for it. Time is scaled so that at load 1 the file's work
    takes the same share of what that model's offers can serve (`experiments.runs.capacity`) as the demand it
    replaces: loads mean the same with every file, whatever its lengths. Requests longer than any offer's
    context are refused.

    Parameters
    ----------
    scenario
        The market; its arrivals need rates of their own.
    trace
        Whatever `sim.demand.traces.load_trace` reads.

    Raises
    ------
    TraceError
        If the file cannot be read.
    ScenarioError
        If the scenario has no demand with a known rate.
    """
    from providers.offers import build_offers
    from sim.demand.traces import trace_of
    from sim.scenario import Trace

    rows = trace_of(Trace(path=str(trace)))
    if math.isnan(rows.mean_output):
        raise ScenarioError(f"trace {trace} has no lengths; a class of a scenario can replay it with its own lengths")
    offers = build_offers(scenario)
    used = utilisation(scenario, offers)
    if not used:
        raise ScenarioError(f"scenario {scenario.name}: no class has a rate that a trace could take over")
    model = busiest_model(used, scenario)
    shape = Shape(rows.mean_prompt, rows.mean_output)
    rate = used[model] / scenario.traffic.load * model_capacity_per_s(offers, model, shape)
    kept = _largest_class(scenario, model)
    data = plain(scenario)
    data["demand"] = {CLASS: {
        "model": model, "router": kept.router, "region": kept.region, "patience_s": kept.patience_s,
        "service_tier": kept.service_tier, "slo_ttft_s": kept.slo_ttft_s, "slo_tpot_s": kept.slo_tpot_s,
        "arrivals": {"kind": "trace", "path": str(trace), "rate_per_s": float(f"{rate:.6g}"), "loop": True},
    }}
    return read_as(TrafficScenario, data, source=f"{scenario.name} with {trace}")


def _largest_class(scenario: TrafficScenario, model: str) -> ClientClass:
    classes = [cls for cls in scenario.demand.values() if cls.model == model]
    return max(classes, key=lambda cls: class_rate_per_s(cls) if cls.arrivals.rate_per_s else 0.0)

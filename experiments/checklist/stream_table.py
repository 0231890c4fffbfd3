"""The random streams of a run: the pattern of each name, what it drives, and from which distribution."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple

from sim.scenario import kind_of

Rooms = Literal["traffic", "market", "both"]


class Stream(NamedTuple):
    """A family of random streams.

    Attributes
    ----------
    name
        Pattern of the names; ``<...>`` stands for a name of the scenario.
    of
        Whether runs of the traffic, of a market, or of both may use it.
    drives
        What it decides, and from which distribution.
    """

    name: str
    of: Rooms
    drives: str

    def matches(self, name: str) -> bool:
        """Return whether a stream's name is of this family."""
        parts = re.split(r"<[^>]*>", self.name)
        return re.fullmatch("[^/]+".join(re.escape(part) for part in parts), name) is not None


STREAMS: Final = (
    Stream("demand/<class>/arrivals", "traffic", "times between arrivals, by the class's process; rows of a resampled "
           "trace"),
    Stream("demand/<class>/thinning", "traffic", "which arrivals a daily wave keeps (thinning, uniform)"),
    Stream("demand/<class>/phases", "traffic", "lengths of calm and of bursts (exponential)"),
    Stream("demand/<class>/start", "traffic", "time of the file at which a looped or resampled trace starts (uniform)"),
    Stream("demand/<class>/split", "traffic", "which router or share gets a row of a trace (uniform)"),
    Stream("demand/<class>/prompt", "traffic", "prompt lengths, by the class's distribution"),
    Stream("demand/<class>/output", "traffic", "output lengths, by the class's distribution"),
    Stream("demand/<class>/turns", "traffic", "turns of a session in an open loop (geometric)"),
    Stream("demand/<class>/think", "traffic", "pauses between turns of an open loop; first pauses of users"),
    Stream("demand/<class>/patience", "traffic", "patience of a request"),
    Stream("demand/<class>/key", "traffic", "key of the draws that belong to each request (counter-based): routing, "
           "failures, balancing"),
    Stream("faults/<provider>/<kind>", "both", "outages and slow spells of a provider (exponential, alternating)"),
    Stream("faults/<provider>/<offer>/<kind>", "both", "the same of one offer"),
    Stream("faults/region/<region>/outage", "both", "outages of a whole region (exponential, alternating)"),
    Stream("stretches", "market", "when each day's stretch is simulated (stratified: 24 days have 24 different hours)"),
    Stream("models/<creator>", "market", "releases to come: gaps (exponential), ability around its trend (normal)"),
    Stream("models/retirement/<model>", "market", "life of a closed model (normal logarithm), if models retire"),
    Stream("customers/<segment>/entries", "market", "entry of customers (exponential gaps)"),
    Stream("customers/<customer>", "market", "a customer: revenue (Pareto), budget, life, mix"),
    Stream("customers/<customer>/<workload>", "market", "a workload: values, loyalty (normal, uniform)"),
    Stream("customers/<customer>/<workload>/key", "market", "key of the workload's counter-based draws: tastes "
           "(Gumbel), reviews, rule of routing, requests"),
    Stream("providers/<firm>/adoption/<model>", "market", "whether and when a firm lists a model"),
    Stream("providers/<firm>/price/<model>", "market", "when a firm reviews a price, and what it draws for it"),
    Stream("providers/<firm>/reaction/<model>", "market", "how long a firm takes to react to a rival's price"),
)


def of_scenario(scenario: Mapping[str, Any]) -> tuple[Stream, ...]:
    """Return the families that runs of a scenario may use, given as plain data."""
    return tuple(stream for stream in STREAMS if stream.of in (kind_of(scenario), "both"))


def table(streams: Iterable[Stream]) -> str:
    """Return families of streams as a Markdown table."""
    rows = [f"| `{it.name}` | {it.drives} |" for it in streams]
    return "\n".join(["| stream | drives |", "| --- | --- |", *rows])

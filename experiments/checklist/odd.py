"""The parts of ``docs/odd.md`` that follow from the code; run as a module, it brings them up to date."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from experiments.checklist import stream_table
from experiments.checklist.fields import ASSUMPTION, cell, described
from sim.errors import MarketError

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "odd.md"
BLOCK: Final = re.compile(r"(<!-- from the code: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def blocks() -> dict[str, str]:
    """Return every derived part by its name."""
    return {name: make() for name, make in BLOCKS.items()}


def current(text: str) -> str:
    """Return the page with all derived parts as the code has them now.

    Raises
    ------
    MarketError
        If the page lacks a part, or names one that there is not.
    """
    made = blocks()
    named = [found[1] for found in BLOCK.findall(text)]
    if sorted(named) != sorted(made):
        raise MarketError(f"docs/odd.md has the derived parts {', '.join(named)}, but must have each of "
                          f"{', '.join(made)} once")
    return BLOCK.sub(lambda found: f"{found[1]}{made[found[2]]}\n{found[3]}", text)


def entities() -> str:
    """Return the entities with their attributes (from the scenario) and state variables (of a run)."""
    rows = [f"| {name} | {_first_line(kind)} | {_names(kind)} | `{_file(kind)}` |" for name, kind in _entities()]
    return "\n".join(["| entity | what it is | attributes and state variables | in |", "| --- | --- | --- | --- |",
                      *rows])


def _entities() -> list[tuple[str, type]]:
    from sim import scenario as traffic
    from sim.engines.reference.request import Attempt, LiveRequest
    from sim.market.board import Board
    from sim.market.customers.population import Population
    from sim.market.ledger import Ledger
    from sim.market.models.model import Model
    from sim.scenario.customer_settings import Segment, WorkloadTemplate
    from sim.scenario.firm_settings import Firm, PoolSettings

    return [
        ("request", LiveRequest), ("attempt", Attempt), ("client class", traffic.ClientClass),
        ("router", traffic.Router), ("provider", traffic.Provider), ("offer", traffic.Offer),
        ("engine of a replica", traffic.Engine), ("network", traffic.Network), ("model", Model),
        ("segment of customers", Segment), ("kind of workload", WorkloadTemplate),
        ("customers and workloads", Population), ("firm", Firm),
        ("pool of GPUs", PoolSettings), ("board of offers", Board), ("books", Ledger),
    ]


def _names(kind: type) -> str:
    if issubclass(kind, BaseModel):
        named = [(name, described(info)[0]) for name, info in kind.model_fields.items() if name != "kind"]
        return ", ".join(f"`{name}`" + (f" [{unit}]" if unit not in ("", "1") else "") for name, unit in named)
    names = _documented(kind) or ([it.name for it in fields(kind)] if is_dataclass(kind) else [])
    return ", ".join(f"`{name}`" for name in names)


def _documented(kind: type) -> list[str]:
    """Names in the section Attributes of a class's documentation."""
    _, _, section = (inspect.getdoc(kind) or "").partition("Attributes\n----------\n")
    lines = section.split("\n\n")[0].splitlines()
    return [name for line in lines if line[:1].strip() for name in line.split(", ")]


def _first_line(kind: type) -> str:
    return cell((inspect.getdoc(kind) or "").split("\n\n")[0]).rstrip(".")


def _file(kind: type) -> str:
    return Path(inspect.getfile(kind)).resolve().relative_to(ROOT).as_posix()


def scales() -> str:
    """Return the fields that set the extent and the resolution of a run, with their defaults."""
    from sim.scenario import Traffic
    from sim.scenario.market_scenario import Horizon

    return _fields({"traffic": Traffic, "horizon": Horizon})


def initial() -> str:
    """Return the fields that set the state at the beginning."""
    from sim.scenario import MarketScenario
    from sim.scenario.customer_settings import CustomerSettings
    from sim.scenario.firm_settings import Shelf
    from sim.scenario.model_settings import Catalogue

    lines: dict[str, type[BaseModel]] = {
        "models.catalogue": Catalogue, "customers": CustomerSettings, "supply.shelf": Shelf}
    seed = {"": {"seed": MarketScenario.model_fields["seed"]}}
    return _fields(lines, seed)


def _fields(parts: Mapping[str, type[BaseModel]], more: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    rows = ["| field | default | unit | meaning | source |", "| --- | --- | --- | --- | --- |"]
    tables: dict[str, Mapping[str, Any]] = {**(more or {}), **{path: it.model_fields for path, it in parts.items()}}
    for path, found in tables.items():
        for name, info in found.items():
            unit, meaning, source = described(info)
            default = "required" if info.is_required() else info.get_default(call_default_factory=True)
            if isinstance(default, BaseModel | dict):
                continue  # a part of its own
            shown = cell(str(default if default not in (None, ()) else "none"))
            rows.append(f"| `{f'{path}.' if path else ''}{name}` | {shown} | {unit or '-'} | {cell(meaning)} | "
                        f"{cell(source) or '-'} |")
    return "\n".join(rows)


def inputs() -> str:
    """Return the data that a run reads, built in or from files, and how many rows the built-in ones have."""
    from providers.hardware.gpus import GPUS
    from sim.market.models.catalogue import BUILT_IN, read_catalogue
    from sim.scenario import Trace
    from sim.scenario.firm_settings import GpuPrices

    models = len(read_catalogue(BUILT_IN, date.min))  # which day is the first changes ages, not the number of rows
    rents, traces = (described(kind.model_fields[name])[1] for kind, name in ((GpuPrices, "kind"), (Trace, "path")))
    rows = [
        ("models", f"`{BUILT_IN.relative_to(ROOT).as_posix()}`, {models} models", "`models.catalogue.path`"),
        ("GPU types", f"`providers/hardware/gpus.py`, {len(GPUS)} types", "-"),
        ("constants of step times", "`providers/hardware/calibration.toml`", "`calibration`"),
        ("GPU rents", cell(rents), "`supply.gpu_prices.path`"),
        ("requests", f"none; {cell(traces)}", "`demand.<class>.arrivals.path`"),
    ]
    return "\n".join(["| data | built in | a file of one's own |", "| --- | --- | --- |",
                      *(f"| {name} | {built_in} | {own} |" for name, built_in, own in rows)])


def stochasticity() -> str:
    """Return the random streams, and the purposes of draws that belong to a request."""
    from sim import draws

    purposes = sorted((value, name) for name, value in vars(draws).items() if name.isupper() and isinstance(value, int))
    named = ", ".join(name.lower().replace("_", " ") for _, name in purposes)
    return f"{stream_table.table(stream_table.STREAMS)}\n\nPurposes of the draws that belong to a request: {named}."


def assumptions() -> str:
    """Return how many defaults of a scenario are assumptions, and of how many."""
    from sim.scenario import MarketScenario, TrafficScenario

    lines = []
    for words, form in (("traffic", TrafficScenario), ("markets", MarketScenario)):
        schema = form.model_json_schema()
        defined = [schema, *schema["$defs"].values()]
        every = [it for part in defined for it in part.get("properties", {}).values()]
        found = [it for it in every if "source" in it and "default" in it]
        assumed = sum(str(it["source"]).startswith(ASSUMPTION) for it in found)
        lines.append(f"of {len(found)} numbers with a default in scenarios of {words}, {assumed} are assumptions")
    told = "; ".join(lines)
    return (f"Every number says where its default comes from: {told}. `tokenmarket schema` lists them, "
            "`tokenmarket checklist` those of a run.")


BLOCKS: Final[Mapping[str, Callable[[], str]]] = {
    "entities": entities, "scales": scales, "stochasticity": stochasticity, "initial": initial, "inputs": inputs,
    "assumptions": assumptions,
}


if __name__ == "__main__":
    PAGE.write_text(current(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")

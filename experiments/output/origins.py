"""Where every value of a scenario comes from: who set it, and what is said of it.

A default stands with the source that its field names. A value of a file stands with the comment beside it, above it,
or at its table; the whole text of the file is kept as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from experiments import scenarios
from experiments.checklist.fields import Leaf, leaves
from experiments.output.inputs import digest_of
from experiments.output.toml_comments import comments_in
from experiments.runs.specs import POLICY
from experiments.scenarios.extends import chain, merged
from sim.scenario import Scenario
from sim.scenario.load import Assignment, parse_assignment
from sim.text_files import text_of

DEFAULT: Final = "default"
DESIGN: Final = "the design"
STUDY: Final = "the study"
UNKNOWN: Final = "not recorded"
RECORD: Final = ("scenario_source", "assumptions")  # what a manifest keeps of it


@dataclass(frozen=True)
class Origin:
    """What a scenario was made of.

    Attributes
    ----------
    name
        The built-in scenario or the file that was asked for; empty if that is not known.
    assignments
        What was changed, in order: ``--set`` and ``--seed``.
    recorded
        What a manifest says of it, when its study is run again.
    """

    name: str = ""
    assignments: tuple[str, ...] = ()
    recorded: Mapping[str, Any] = field(default_factory=dict)


class Layer(NamedTuple):
    """A scenario file: its name, its text, what it says, and its comments by path of a value or a table."""

    name: str
    text: str
    data: dict[str, Any]
    comments: dict[tuple[str, ...], str]


def record_of(scenario: Scenario, origin: Origin, varied: Iterable[str]) -> dict[str, Any]:
    """Return what a manifest keeps: the text of the scenario's files, and where every value comes from.

    Parameters
    ----------
    scenario
        What was run.
    origin
        What it was made of.
    varied
        Paths that the points of the design change.

    Returns
    -------
    dict
        ``scenario_source``, one entry a file with ``name``, ``digest`` and ``text``, and ``assumptions``, one entry a
        value with ``path``, ``value``, ``set_by`` and ``source``.
    """
    if set(RECORD) <= set(origin.recorded):
        return {key: origin.recorded[key] for key in RECORD}
    files = []
    if origin.name:
        files = chain(scenarios.built_in(origin.name) or Path(origin.name), scenarios.built_in)
    layers = [_layer(path, data) for path, data in files]
    whole = merged(files) if files else {}
    assigned = [Assignment(*parse_assignment(text), text) for text in origin.assignments]
    before = {}
    if layers:
        before = {leaf.path: leaf.plain for leaf in leaves(scenarios.load(origin.name, *origin.assignments))}
    paths, rows = set(varied), []
    for leaf in leaves(scenario):
        by, said = _set_by(leaf, layers, whole, assigned)
        if leaf.path in paths or (POLICY in paths and POLICY in leaf.keys):
            by, said = DESIGN, f"its points vary it; beside them, set by {by}"
        elif layers and (leaf.path not in before or before[leaf.path] != leaf.plain):
            by, said = STUDY, "what the study makes of the scenario, or its options"
        rows.append({"path": leaf.path, "value": leaf.plain, "set_by": by, "source": said})
    sources = [{"name": it.name, "digest": digest_of(it.text.encode()), "text": it.text} for it in layers]
    return {"scenario_source": sources, "assumptions": rows}


def _set_by(
    leaf: Leaf, layers: Sequence[Layer], whole: Mapping[str, Any], assigned: Sequence[Assignment]
) -> tuple[str, str]:
    """Who set a value, the last one first, and what is said of it there."""
    for given in reversed(assigned):
        if leaf.keys[:len(given.path)] == tuple(given.path):
            return f"--set {given.text}", "chosen for this run"
    # what a file sets can be gone from the whole: removed, or part of a table that names another kind further up
    for layer in reversed(layers if _is_in(whole, leaf.keys) else ()):
        if _is_in(layer.data, leaf.keys):
            places = (leaf.keys[:length] for length in range(len(leaf.keys), 0, -1))
            said = next((layer.comments[place] for place in places if place in layer.comments), "")
            return layer.name, said or f"no comment of its own in {layer.name}"
    if layers or leaf.is_default:
        return DEFAULT, leaf.source or "the field names no source"
    return UNKNOWN, leaf.source


def _is_in(data: Any, keys: tuple[str, ...]) -> bool:  # noqa: ANN401 - what TOML may hold
    """Whether a file sets a value: itself, or a table or a word that it is part of."""
    for key in keys:
        if isinstance(data, dict):
            if key not in data:
                return False
            data = data[key]
        elif isinstance(data, list) and key.isdigit():
            if int(key) >= len(data):
                return False
            data = data[int(key)]
        else:
            return True  # a word that stands for the whole part
    return True


def _layer(path: Path, data: dict[str, Any]) -> Layer:
    text = text_of(path)
    label = f"built-in {path.stem}" if path == scenarios.built_in(path.stem) else str(path)
    return Layer(label, text, data, comments_in(text))

"""What a scenario may choose by kind, as Markdown: routing policies, their presets, and pricing strategies."""

from collections.abc import Iterable, Mapping

from pydantic.fields import FieldInfo

from policies import POLICIES, PRESETS
from policies.registry import imitation_of
from providers.pricing import STRATEGIES, Tariff
from sim.policy import Imitation, Preset

NOTHING = "–"


def policies() -> str:
    """Return all policies in the order of their registration."""
    return _table("policy | what it does | ties | source", (
        (f"`{it.kind}`", it.summary, it.ties, it.source) for it in POLICIES.values()))


def imitations() -> str:
    """Return what each policy and preset imitates, and how well; those that imitate nothing say so."""
    return _table("policy or preset | original | release | date | agreement | herds", (
        (f"`{name}`", *_imitated(imitation_of(name))) for name in (*POLICIES, *PRESETS)))


def policy_parameters() -> str:
    """Return the parameters of all policies."""
    return _parameters({f"{policy.kind}.{name}": info for policy in POLICIES.values()
                        for name, info in policy.parameters.model_fields.items()})


def presets() -> str:
    """Return all presets, each with what it sets otherwise than its policy does."""
    return _table("preset | policy | what it stands for | differs from the policy's defaults in | source", (
        (f"`{it.name}`", f"`{it.kind}`", it.summary, _differences(it), it.source) for it in PRESETS.values()))


def strategies() -> str:
    """Return all pricing strategies in the order of their registration."""
    return _table("kind | what it does | source", (
        (f"`{it.kind}`", it.summary, it.source) for it in STRATEGIES.values()))


def strategy_parameters() -> str:
    """Return the parameters that all pricing strategies share, then those that one has or sets for itself."""
    shared = {name: _facts(info) for name, info in Tariff.model_fields.items()}
    own = {f"{strategy.kind}.{name}": info for strategy in STRATEGIES.values()
           for name, info in strategy.parameters.model_fields.items() if shared.get(name) != _facts(info)}
    return _parameters({**Tariff.model_fields, **own})


def _imitated(it: Imitation | None) -> tuple[str, ...]:
    if it is None:
        return (NOTHING,) * 5
    return it.original, it.release, it.date, it.agreement, "yes" if it.herds else "no"


def _facts(info: FieldInfo) -> tuple[object, str | None]:
    """What a strategy may set otherwise: the default, and the description, which holds unit and source."""
    return info.default, info.description


def _parameters(fields: Mapping[str, FieldInfo]) -> str:
    return _table("parameter | default | unit | meaning | source", (
        (f"`{name}`", _default(info), *_described(name, info)) for name, info in fields.items()))


def _described(name: str, info: FieldInfo) -> tuple[str, str, str]:
    """Unit, meaning and source, as `sim.scenario.base.quantity` keeps them.

    Raises
    ------
    ValueError
        If one is missing: a page with an empty cell would tell less than the code asks for.
    """
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    unit, source = str(extra.get("unit", "")), str(extra.get("source", ""))
    meaning = (info.description or "").removesuffix(f" [{unit}] (source: {source})")
    if not (unit and source and meaning):
        raise ValueError(f"parameter {name} says no unit, meaning or source; declare it with "
                         "sim.scenario.base.quantity")
    return unit, meaning, source


def _default(info: FieldInfo) -> str:
    """A default as a scenario writes it."""
    if info.is_required():
        return "needed"
    return NOTHING if info.default is None else _written(info.default)


def _written(value: object) -> str:
    """A value as a scenario writes it, numbers to six digits."""
    if isinstance(value, tuple):
        return f"[{', '.join(_written(part) for part in value)}]"
    if isinstance(value, bool | str):  # a flag is no number here, though Python counts with it
        return str(value).lower() if isinstance(value, bool) else value
    return f"{value:g}"


def _differences(preset: Preset) -> str:
    fields = POLICIES[preset.kind].parameters.model_fields
    return ", ".join(f"{name} = {_written(value)}" for name, value in preset.parameters.items()
                     if value != fields[name].default) or NOTHING


def _table(head: str, rows: Iterable[tuple[str, ...]]) -> str:
    """Rows as a Markdown table; a bar inside a cell is escaped, or it would end the cell."""
    names = head.split(" | ")
    cells = (" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows)
    return "\n".join([f"| {head} |", f"| {' | '.join('---' for _ in names)} |", *(f"| {row} |" for row in cells)])

"""The beginning of a scenario of one's own: a file that extends a built-in one and shows what is changed most."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any, Final

from pydantic.fields import FieldInfo

from experiments.checklist.fields import described
from sim.scenario import Kind, Scenario
from sim.scenario.dump import key_text, value_text
from sim.scenario.extend import EXTENDS
from sim.scenario.load import plain

Path = tuple[str, ...]
WIDTH: Final = 110
FIRST: Final = "*"  # in a path: the first entry of a table that every scenario has its own names in

FIELDS: Final[Mapping[Kind, tuple[Path, ...]]] = {  # what users change most, a table after the other
    "traffic": (
        ("seed",), ("traffic", "duration_s"), ("traffic", "warmup_s"), ("traffic", "load"),
        ("routers", FIRST, "policy", "kind"), ("routers", FIRST, "attempts", "maximum"),
        ("demand", FIRST, "arrivals", "rate_per_s"), ("demand", FIRST, "prompt_tokens", "mean"),
        ("demand", FIRST, "output_tokens", "mean"), ("providers", FIRST, "offers", FIRST, "replicas"),
        ("providers", FIRST, "offers", FIRST, "price", "input_usd_per_mtok"),
        ("providers", FIRST, "offers", FIRST, "price", "output_usd_per_mtok"),
    ),
    "market": (
        ("seed",), ("price_factor",), ("horizon", "start"), ("horizon", "days"), ("horizon", "resolution"),
        ("router", "policy", "kind"), ("fees", "credit_share"), ("models", "frontier", "enabled"),
        ("models", "frontier", "growth_per_year"), ("models", "frontier", "open_lag_months"),
        ("supply", "gpu_prices", "kind"), ("supply", "gpu_prices", "h100_usd_per_hour"),
        ("supply", "autoscaling", "target_utilisation"), ("supply", "firms", FIRST, "pricing", "kind"),
    ),
}
OWN: Final[Mapping[Kind, str]] = {
    "traffic": """\
A GPU and a provider of your own; any field of a built-in GPU may be given, and what is not is as there.
[gpus.mine]
like = "h200-sxm"
rent_usd_per_hour = 1.4
[providers.acme.offers.mine]
model = "llama-3.3-70b"
serving = { kind = "roofline", gpu = "mine", tp = 4 }
price = { input_usd_per_mtok = 0.1, output_usd_per_mtok = 0.3 }
""",
    "market": """\
A GPU, a firm and a model of your own; what is not given is as in the built-in GPU or model that each is like.
[gpus.mine]
like = "h200-sxm"
rent_usd_per_hour = 1.4
[supply.firms.acme]
pools = [{ gpu = "mine", count = 16 }]
pricing = { kind = "menu_cost", markup = 2.0 }
[models.acme-70b]
like = "llama-3.3-70b"
creator = "acme"
released = 2025-03-01
""",
}


def beginning(name: str, scenario: Scenario) -> str:
    """Return a file that extends the built-in scenario ``name`` and changes nothing until a ``#`` is taken away.

    Fields stand there with their meaning, unit and source, as the scenario's own description has them.
    """
    lines = [
        *_comment(f"A scenario that extends {name}: what is not given here is as there. Take a # away to change a "
                  f"field. All fields: `tokenmarket show {name}`; their units and sources: `tokenmarket schema "
                  f"{scenario.kind}`."),
        f"{EXTENDS} = {value_text(name)}",
        *_comment('To take something out of it: remove = ["path.of.a.table"]'),
    ]
    data = plain(scenario)
    table: Path = ()
    for wanted in FIELDS[scenario.kind]:
        path = _named(wanted, data)
        if path[:-1] != table:
            table = path[:-1]
            lines += ["", f"[{_dotted(table)}]"]
        lines += _field(path, scenario)
    lines += ["", *(f"# {line}" for line in OWN[scenario.kind].splitlines())]
    return "\n".join(lines) + "\n"


def _named(path: Path, data: Any) -> Path:  # noqa: ANN401 - what JSON may hold
    """The path with the names of this scenario."""
    names: list[str] = []
    for part in path:
        name = next(iter(data)) if part == FIRST else part
        names.append(name)
        data = data[name]
    return tuple(names)


def _field(path: Path, scenario: Scenario) -> Iterator[str]:
    info, value = _found(path, scenario)
    unit, meaning, source = described(info)
    notes = [f"[{unit}]" if unit not in ("", "1") else "", f"(source: {source})" if source else ""]
    yield from _comment(" ".join([meaning, *filter(None, notes)]))
    yield f"# {key_text(path[-1])} = {value_text(value)}"


def _found(path: Path, scenario: Scenario) -> tuple[FieldInfo, Any]:
    """The description of a field, and its value as TOML can hold it."""
    node: Any = scenario
    value: Any = plain(scenario)
    info = FieldInfo()
    for name in path:
        value = value[name]
        if isinstance(node, Mapping):
            node = node[name]
        else:
            info, node = type(node).model_fields[name], getattr(node, name)
    return info, value


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)]


def _dotted(path: Sequence[str]) -> str:
    return ".".join(key_text(name) for name in path)

"""The command ``tokenmarket list``: what scenarios and commands may name."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from experiments.cli import completion
from experiments.cli.telling import add_json, json_text
from experiments.output.text import listing

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from experiments.studies.study import Study
    from sim.scenario import MarketScenario

Rows = list[tuple[str, ...]]


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the command to the command line's."""
    parser = commands.add_parser("list", help="list what scenarios and commands may name")
    parser.add_argument("what", choices=tuple(LISTS))
    parser.add_argument(
        "scenario", nargs="?", default="tournament", metavar="SCENARIO",
        help="whose factors of a sweep, gpus or models to list, its own among them (default: %(default)s)")
    completion.complete(parser)
    add_json(parser)
    parser.set_defaults(command=_list)


def _list(arguments: argparse.Namespace) -> int:
    made, columns, has_heading = LISTS[arguments.what]
    rows = made(arguments.scenario)
    if arguments.as_json:
        told = rows[1:] if has_heading else rows
        print(json_text([dict(zip(columns, (row[0], *map(_value, row[1:])), strict=True)) for row in told]))
    else:
        print(listing(rows))
    return 0


def _value(text: str) -> str | float | None:
    """A number where a cell of a table is one, None where it holds nothing."""
    try:
        return float(text)
    except ValueError:
        return None if text == "-" else text


def _studies(_: str) -> Rows:
    from experiments.studies.registry import studies

    return [(name, f"{study.summary}{_claim(study)}") for name, study in studies().items()]


def _claim(study: Study[Any, Any]) -> str:
    """The claim of a study that has one, and the verdict that lies where the study writes unless told otherwise."""
    from experiments.verdicts.verdict_study import VerdictStudy, last_verdict

    if not isinstance(study, VerdictStudy):
        return ""
    said = last_verdict(Path("results") / study.name, study.name)
    return f": “{study.rule.claim}”" + (f" ({said})" if said else "")


def _policies(_: str) -> Rows:
    from policies import POLICIES, PRESETS

    rows: Rows = []
    for name, policy in POLICIES.items():
        fields = policy.parameters.model_fields
        parameters = ", ".join(f"{field}={info.default:g}" for field, info in fields.items())
        rows.append((name, policy.summary + (f" ({parameters})" if parameters else "")))
    rows += [(name, f"preset of {preset.kind}: {preset.summary}") for name, preset in PRESETS.items()]
    return rows


def _pricing(_: str) -> Rows:
    from providers.pricing import STRATEGIES, Tariff

    rows: Rows = []
    for name, strategy in STRATEGIES.items():
        own = [_parameter(field, info) for field, info in strategy.parameters.model_fields.items()
               if field not in Tariff.model_fields]
        rows.append((name, strategy.summary + (f" ({', '.join(own)})" if own else "")))
    shared = ", ".join(_parameter(field, info) for field, info in Tariff.model_fields.items())
    return [*rows, ("all of them", f"share these parameters, some with defaults of their own: {shared}")]


def _parameter(name: str, info: FieldInfo) -> str:
    """A parameter with its default, nearly as one would write it in a scenario."""
    if info.is_required():
        return f"{name} is needed"
    if isinstance(info.default, tuple):
        return f"{name}=[{', '.join(f'{part:g}' for part in info.default)}]"
    if info.default is None or isinstance(info.default, str):
        return f"{name}={info.default or 'none'}"
    return f"{name}={info.default:g}"


def _factors(name: str) -> Rows:
    from experiments.designs import factor_rows
    from experiments.scenarios import load

    return factor_rows(load(name))


def _scenarios(_: str) -> Rows:
    from experiments.scenarios import load, names

    found = [(name, load(name)) for name in names()]
    return [(name, scenario.kind, scenario.description) for name, scenario in found]


def _models(name: str) -> Rows:
    from experiments.scenarios import load
    from providers.hardware.own_architectures import architectures_of
    from sim.scenario import MarketScenario

    scenario = load(name)
    if isinstance(scenario, MarketScenario):
        return _catalogue(scenario)
    rows: Rows = [("model", "total B", "active B", "KV kB/token", "context")]
    for model in architectures_of(scenario.models).values():
        rows.append((model.name, f"{model.total_params / 1e9:.1f}", f"{model.active_params / 1e9:.1f}",
                     f"{model.kv_bytes_per_token() / 1e3:.1f}", f"{model.context_tokens}"))
    return rows


def _catalogue(scenario: MarketScenario) -> Rows:
    """The models of a market as it would run, with the cache of the architecture that each has."""
    from providers.firms.placement import architecture_of
    from sim.market.models.catalogue import load_catalogue
    from sim.streams import Streams

    horizon = scenario.horizon
    models = load_catalogue(scenario.models, horizon.start, horizon.days, Streams(scenario.seed, 0))
    rows: Rows = [("model", "total B", "active B", "KV kB/token", "context")]
    for model in models.rows:
        growth = architecture_of(model).kv_bytes_per_token()
        rows.append((model.name, f"{model.total_b:.1f}", f"{model.active_b:.1f}", f"{growth / 1e3:.1f}",
                     f"{model.context_tokens}"))
    return rows


def _gpus(name: str) -> Rows:
    from experiments.scenarios import load
    from providers.hardware.own_gpus import gpus_of
    from sim.units import BYTES_PER_GB

    rows: Rows = [("gpu", "GB", "TB/s", "bf16 TF", "fp8 TF", "fp4 TF", "USD/h", "owned")]
    for gpu in gpus_of(load(name).gpus).values():
        speeds = (gpu.bf16_flops, gpu.fp8_flops, gpu.fp4_flops)
        flops = (f"{value / 1e12:.0f}" if value else "-" for value in speeds)
        rows.append((gpu.name, f"{gpu.memory_bytes / BYTES_PER_GB:.0f}", f"{gpu.bandwidth / 1e12:.2f}", *flops,
                     f"{gpu.rent_usd_per_hour:.2f}", f"{gpu.owner_usd_per_hour:.2f}"))
    return rows


class Listing(NamedTuple):
    """One of the lists: how its rows are made for a scenario, its columns, and whether the first row is a heading."""

    rows: Callable[[str], Rows]
    columns: tuple[str, ...]
    has_heading: bool = False


LISTS: Final[dict[str, Listing]] = {
    "studies": Listing(_studies, ("name", "summary")),
    "policies": Listing(_policies, ("name", "summary")),
    "pricing": Listing(_pricing, ("name", "summary")),
    "scenarios": Listing(_scenarios, ("name", "describes", "description")),
    "models": Listing(_models, ("name", "total_b", "active_b", "kv_kb_per_token", "context_tokens"), True),
    "gpus": Listing(_gpus, ("name", "memory_gb", "bandwidth_tb_per_s", "bf16_tflops", "fp8_tflops", "fp4_tflops",
                            "rent_usd_per_hour", "owner_usd_per_hour"), True),
    "factors": Listing(_factors, ("field", "low", "high", "scale", "meaning"), True),
}

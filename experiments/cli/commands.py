"""What the commands of the command line do."""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.cli.market import Bar
from experiments.runs.run_market import load_market, market_names
from experiments.runs.run_traffic import load_scenario, scenario_names
from experiments.studies.tournament.design import Competitor, Design
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from sim.engines.world import World

# one of each family, and the systems people use (a test keeps these names valid)
DEFAULT_POLICIES: Final = (
    "openrouter_classic", "cheapest", "fastest", "random", "smooth_wrr", "least_in_flight", "power_of_d",
    "peak_ewma", "litellm_latency_2026", "llmgateway_2026", "prequal", "drift_plus_penalty", "thompson",
    "oracle_least_work",
)


def tournament(arguments: argparse.Namespace) -> int:
    """Run the tournament that the command line asks for."""
    overrides = list(arguments.overrides)
    if arguments.seed is not None:
        overrides.append(f"seed={arguments.seed}")
    scenario = load_scenario(arguments.scenario, overrides)
    if arguments.trace:
        from experiments.runs.replayed import with_trace

        scenario = with_trace(scenario, arguments.trace)
    design = Design(scenario, parse_policies(arguments.policies), parse_loads(arguments.loads),
                    arguments.replications, arguments.baseline)
    return _play(design, arguments)


def replay(arguments: argparse.Namespace) -> int:
    """Run a manifest again."""
    from experiments.output.manifest import design_of, study_of

    study = study_of(arguments.manifest)
    if study in ("market", "climb"):
        from experiments.cli import market as market_commands

        return market_commands.replay(arguments, study)
    if study == "pricing":
        from experiments.cli import pricing as pricing_commands

        return pricing_commands.replay(arguments)
    if study == "steady":
        from experiments.cli import steady as commands_steady

        return commands_steady.replay(arguments)
    if study == "sweep":
        from experiments.cli import sweep as commands_sweep

        return commands_sweep.replay(arguments)
    return _play(design_of(arguments.manifest), arguments)


def parse_policies(text: str | None) -> dict[str, Competitor]:
    """Read ``a,b:x=1:y=2`` into competitors by label; None gives the default selection.

    Raises
    ------
    PolicyError
        If a label stands twice, a parameter is malformed, or there is none at all.
    ScenarioError
        If a policy or a parameter is unknown or out of range.
    """
    from policies.labels import parse_labels

    labels = DEFAULT_POLICIES if text is None else [part.strip() for part in text.split(",")]
    return {**parse_labels(labels, "--policies")}


def parse_loads(text: str) -> tuple[float, ...]:
    """Read ``0.6,1,1.4``.

    Raises
    ------
    ScenarioError
        If a part is no number.
    """
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ScenarioError(f"--loads is {text!r}, but must be numbers such as 0.6,1,1.4") from None


def listing_of(what: str, scenario: str) -> str:
    """Return the list that ``tokenmarket list`` prints; factors are those of a scenario."""
    from experiments.output.terminal import listing

    rows: dict[str, Callable[[], list[tuple[str, ...]]]] = {
        "policies": _policy_rows, "pricing": _pricing_rows, "scenarios": _scenario_rows,
        "markets": _market_rows, "models": _model_rows, "gpus": _gpu_rows, "factors": lambda: _factor_rows(scenario)}
    return listing(rows[what]())


def _play(design: Design, arguments: argparse.Namespace) -> int:
    from experiments.output.manifest import manifest_of
    from experiments.output.terminal import table
    from experiments.output.writer import output_folder, write
    from experiments.runs.run_traffic import assemble
    from experiments.runs.workers import default_jobs
    from experiments.studies.tournament.design import tournament as play

    started = time.monotonic()
    out: Path = arguments.out
    jobs = default_jobs() if arguments.jobs is None else arguments.jobs
    world = assemble(design.scenario)  # hardware that does not fit should show before anything is compiled
    with output_folder(out) as stage:
        compile_first(world)
        with Bar("runs", arguments.check) as bar:
            result = play(design, jobs, bar.tick)
        write(result, manifest_of(result), stage)
        arguments.check()
    print(table(result))
    requests = sum(sum(cell["requests"]) for cell in result.values.values())
    print(f"\nwrote {out}/ ({requests:,.0f} measured requests in {time.monotonic() - started:.1f} s)")
    return 0


def compile_first(world: "World") -> None:
    """Compile the engine if that was never done here: once, announced, before workers all do the same."""
    if world.scenario.traffic.engine != "compiled":
        return
    from sim.compiled import is_compiled
    from sim.engines.compiled import CompiledEngine

    if not is_compiled():
        print("compiling the traffic engine, once on this machine (about 30 s)", file=sys.stderr, flush=True)
        CompiledEngine(world, iter(()))


def _policy_rows() -> list[tuple[str, ...]]:
    from policies import POLICIES, PRESETS

    rows: list[tuple[str, ...]] = []
    for name, policy in POLICIES.items():
        fields = policy.parameters.model_fields
        parameters = ", ".join(f"{field}={info.default:g}" for field, info in fields.items())
        rows.append((name, policy.summary + (f" ({parameters})" if parameters else "")))
    rows += [(name, f"preset of {preset.kind}: {preset.summary}") for name, preset in PRESETS.items()]
    return rows


def _pricing_rows() -> list[tuple[str, ...]]:
    from providers.pricing import STRATEGIES, Tariff

    rows: list[tuple[str, ...]] = []
    for name, strategy in STRATEGIES.items():
        own = [_parameter(field, info) for field, info in strategy.parameters.model_fields.items()
               if field not in Tariff.model_fields]
        rows.append((name, strategy.summary + (f" ({', '.join(own)})" if own else "")))
    shared = ", ".join(_parameter(field, info) for field, info in Tariff.model_fields.items())
    return [*rows, ("all of them", f"share these parameters, some with defaults of their own: {shared}")]


def _parameter(name: str, info: "FieldInfo") -> str:
    """A parameter with its default, nearly as one would write it in a scenario."""
    if info.is_required():
        return f"{name} is needed"
    if isinstance(info.default, tuple):
        return f"{name}=[{', '.join(f'{part:g}' for part in info.default)}]"
    if info.default is None or isinstance(info.default, str):
        return f"{name}={info.default or 'none'}"
    return f"{name}={info.default:g}"


def _factor_rows(name: str) -> list[tuple[str, ...]]:
    from experiments.api import load
    from experiments.designs import factor_rows

    return factor_rows(load(name))


def _scenario_rows() -> list[tuple[str, ...]]:
    traffic: list[tuple[str, ...]] = [(name, load_scenario(name).description) for name in scenario_names()]
    return traffic + _market_rows()


def _market_rows() -> list[tuple[str, ...]]:
    return [(name, load_market(name).description) for name in market_names()]


def _model_rows() -> list[tuple[str, ...]]:
    from providers.hardware.architectures import MODELS

    rows: list[tuple[str, ...]] = [("model", "total B", "active B", "KV kB/token", "context")]
    for model in MODELS.values():
        rows.append((model.name, f"{model.total_params / 1e9:.1f}", f"{model.active_params / 1e9:.1f}",
                     f"{model.kv_bytes_per_token() / 1e3:.1f}", f"{model.context_tokens}"))
    return rows


def _gpu_rows() -> list[tuple[str, ...]]:
    from providers.hardware.gpus import GPUS

    rows: list[tuple[str, ...]] = [("gpu", "GB", "TB/s", "bf16 TF", "fp8 TF", "fp4 TF", "USD/h")]
    for gpu in GPUS.values():
        speeds = (gpu.bf16_flops, gpu.fp8_flops, gpu.fp4_flops)
        flops = (f"{value / 1e12:.0f}" if value else "-" for value in speeds)
        rows.append((gpu.name, f"{gpu.memory_bytes / 1e9:.0f}", f"{gpu.bandwidth / 1e12:.2f}", *flops,
                     f"{gpu.rent_usd_per_hour:.2f}"))
    return rows

"""MLPerf Inference, Offline: published throughputs beside E1's at the largest batch that fits.

Offline hands all requests over at once and sets no limit to latency, so throughput is that of full batches. Results are
of the closed division, one system each, as their pages of results say (github.com/mlcommons/inference_results_v4.1,
_v5.0 and _v5.1, `closed/SUBMITTER/results/SYSTEM`); output tokens a sample are those of the reference implementations
(github.com/mlcommons/inference, `language/`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Final, NamedTuple

from experiments.silicon.measured import MOST_STEP_TOKENS
from experiments.validation.comparison import Figure
from providers.cost.unit_cost import Capacity, EngineSize, Shape, capacity
from providers.hardware.architectures import MODELS, Model
from providers.hardware.calibration import Constants, built_in
from providers.hardware.gpus import GPUS, Gpu, Precision
from providers.hardware.memory import fits, kv_capacity_tokens, valid_degrees
from providers.hardware.roofline import Deployment, step_coefficients

FRAMEWORK: Final = "trtllm"  # all these submissions ran TensorRT-LLM
# constants of step times; mean prompts are assumptions, so one case tells what hangs on them
CASES: Final = ("constants of TensorRT-LLM", "one for all", "TensorRT-LLM, prompts twice as long")
GROUPS: Final = (1, 2, 4, 8)  # of data-parallel attention, in mixtures
NO_LIMIT: Final = 1_000_000  # requests of a batch: memory or the tokens of a step are what binds


@dataclass(frozen=True)
class Benchmark:
    """A model and its requests.

    Attributes
    ----------
    model
        The architecture that stands for it here.
    shape
        Mean prompt and output, tokens.
    prompts
        Where the mean prompt is from.
    """

    model: str
    shape: Shape
    prompts: str


class Result(NamedTuple):
    """A published result.

    Attributes
    ----------
    benchmark
        A key of ``BENCHMARKS``.
    gpu, gpus, precision
        What it ran on; the precision is an assumption: the narrowest in which the GPU computes.
    tokens_per_s
        Output tokens of the whole system a second.
    edition, submitter, system
        Round of MLPerf Inference, who submitted, and the system's name.
    """

    benchmark: str
    gpu: str
    gpus: int
    precision: Precision
    tokens_per_s: float
    edition: str
    submitter: str
    system: str


# fmt: off
BENCHMARKS: Final[Mapping[str, Benchmark]] = {
    "llama2-70b": Benchmark("llama-3.1-70b", Shape(294.0, 294.45),
                            "assumption: as long as answers (prompts of OpenOrca are cut at 1,024 tokens)"),
    "mixtral-8x7b": Benchmark("mixtral-8x7b", Shape(294.0, 144.84),
                              "assumption: as in llama2-70b (a third OpenOrca, a third GSM8K, a third MBXP)"),
    "llama3.1-405b": Benchmark("llama-3.1-405b", Shape(9400.0, 684.68), "assumption: 9,400 (long documents)"),
    "deepseek-r1": Benchmark("deepseek-r1", Shape(800.0, 3886.23), "assumption: 800 (questions of examinations)"),
}
RESULTS: Final = (
    Result("llama2-70b", "h100-sxm", 8, "fp8", 31306.8, "v5.0", "NVIDIA", "DGX-H100_H100-SXM-80GBx8_TRT"),
    Result("llama2-70b", "h200-sxm", 8, "fp8", 34988.2, "v5.0", "NVIDIA", "H200-SXM-141GBx8_TRT"),
    Result("llama2-70b", "h200-sxm", 8, "fp8", 34964.6, "v5.1", "HPE", "HPE_Cray_XD670_H200_SXM_141GBx8_TRT"),
    Result("llama2-70b", "b200-sxm", 8, "fp4", 101527.0, "v5.1", "NVIDIA", "B200-SXM-180GBx8_TRT"),
    Result("mixtral-8x7b", "h100-sxm", 8, "fp8", 52415.9, "v4.1", "NVIDIA", "DGX-H100_H100-SXM-80GBx8_TRT"),
    Result("mixtral-8x7b", "h200-sxm", 8, "fp8", 62629.6, "v5.0", "NVIDIA", "H200-SXM-141GBx8_TRT"),
    Result("mixtral-8x7b", "b200-sxm", 8, "fp4", 128148.0, "v5.0", "NVIDIA", "B200-SXM-180GBx8_TRT"),
    Result("llama3.1-405b", "h200-sxm", 8, "fp8", 560.65, "v5.0", "NVIDIA", "H200-SXM-141GBx8_TRT"),
    Result("llama3.1-405b", "h200-sxm", 16, "fp8", 1086.01, "v5.1", "Cisco", "C885A_M8_H200_SXM_141GBx16_TRT"),
    Result("llama3.1-405b", "b200-sxm", 8, "fp4", 1624.11, "v5.1", "NVIDIA", "B200-SXM-180GBx8_TRT"),
    Result("deepseek-r1", "b200-sxm", 8, "fp4", 33379.0, "v5.1", "NVIDIA", "B200-SXM-180GBx8_TRT"),
)
# fmt: on


class Full(NamedTuple):
    """A replica at its largest batch."""

    deployment: Deployment
    capacity: Capacity
    tokens_per_s: float  # output tokens, a GPU


def figures() -> list[Figure]:
    """Return output tokens a second and GPU: published, and ours with either set of constants."""
    return [Figure(_name(it), "tokens/s/GPU", it.tokens_per_s / it.gpus, tuple(_ours(it))) for it in RESULTS]


def _ours(result: Result) -> Iterator[float]:
    under, common = _constants(GPUS[result.gpu])
    for constants, longer in (under, 1.0), (common, 1.0), (under, 2.0):
        yield fullest(result, constants, longer).tokens_per_s


def layouts() -> list[tuple[str, str]]:
    """Return how each result is laid out here: the layout with the highest throughput, and its batch."""
    return [(_name(it), _laid_out(fullest(it, _constants(GPUS[it.gpu])[0]))) for it in RESULTS]


def fullest(result: Result, constants: Constants, longer: float = 1.0) -> Full:
    """Return the replica with the most output tokens a second and GPU, of all layouts on at most a node.

    Parameters
    ----------
    result
        What it is held against.
    constants
        Of step times.
    longer
        Factor on the mean prompt.
    """
    benchmark = BENCHMARKS[result.benchmark]
    shape = benchmark.shape._replace(prompt=benchmark.shape.prompt * longer)
    found = []
    for deployment in _deployments(GPUS[result.gpu], MODELS[benchmark.model], result.precision):
        if fits(deployment, round(shape.prompt + shape.output)):
            size = EngineSize(kv_capacity_tokens(deployment), deployment.sequence_overhead_tokens, NO_LIMIT,
                              MOST_STEP_TOKENS)
            full = capacity(step_coefficients(deployment, constants), size, shape, inf)
            found.append(Full(deployment, full, full.requests_per_s * shape.output / deployment.gpus))
    return max(found, key=lambda it: it.tokens_per_s)


def _deployments(gpu: Gpu, model: Model, precision: Precision) -> Iterator[Deployment]:
    for tp in valid_degrees(gpu, model):
        for groups in GROUPS if model.experts else GROUPS[:1]:
            if tp * groups <= gpu.node_gpus:
                yield Deployment(gpu, model, precision, tp, None, groups)


def _constants(gpu: Gpu) -> tuple[Constants, Constants]:
    return gpu.constants(built_in(), FRAMEWORK), gpu.constants(built_in())


def _name(result: Result) -> str:
    return f"{result.benchmark}, {result.gpus} {result.gpu} {result.precision} ({result.edition}, {result.submitter})"


def _laid_out(full: Full) -> str:
    deployment = full.deployment
    groups = f", {deployment.attention_dp} groups of attention" if deployment.attention_dp > 1 else ""
    return f"tensor-parallel {deployment.tp}{groups}, batch {full.capacity.batch:,}"

"""Measured serving: the points of a file of benchmarks, and which of them a scenario can say.

The file is that of ``data/perf/inferencex_silicon_sample.csv.gz`` (ai-dynamo/aiconfigurator, mostly InferenceX of
SemiAnalysis): one row a closed loop of some number of requests at one deployment, with mean TTFT and TPOT.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from sim.errors import MarketError
from sim.text_files import decoded

if TYPE_CHECKING:
    from providers.hardware.gpus import Precision, Weights
    from providers.hardware.roofline import Deployment

GPU: Final = {"H100": "h100-sxm", "H200": "h200-sxm", "B200": "b200-sxm"}
MODEL: Final = {
    "MiniMaxAI/MiniMax-M2.5": "minimax-m2.5", "Qwen/Qwen3.5-397B-A17B": "qwen3.5-397b-a17b",
    "Qwen/Qwen3-235B-A22B-FP8": "qwen3-235b-a22b", "Qwen/Qwen3-32B": "qwen3-32b",
    "deepseek-ai/DeepSeek-R1": "deepseek-r1", "deepseek-ai/DeepSeek-V3": "deepseek-v3",
    "meta-llama/Llama-3.1-70B": "llama-3.1-70b", "meta-llama/Llama-3.1-8B-Instruct": "llama-3.1-8b",
    "moonshotai/Kimi-K2.5": "kimi-k2.5", "openai/gpt-oss-120b": "gpt-oss-120b", "zhipuai/GLM-5": "glm-5",
}
SHORTEST: Final = 0.8  # of the nominal lengths, down to which requests are drawn
SPLIT_COLUMNS: Final = ("gpu", "model", "precision", "backend", "tp_size", "isl", "osl", "concurrency")
LATENCIES: Final = ("ttft_ms", "tpot_ms")
NUMBERS: Final = ("tp_size", "isl", "osl", "concurrency", *LATENCIES)
NEEDED: Final = ("id", "gpu", "model", "precision", "backend", "mode", *NUMBERS)
OPTIONAL: Final = ("attention_dp_size", "measured", "repeat")  # one group, on no day, not repeated
PRECISIONS: Final = ("", "bf16", "fp8", "fp4", "int4")  # as files state them; empty: as published
GZIP: Final = b"\x1f\x8b"  # how such a file begins
MOST_STEP_TOKENS: Final = 8192  # of the frameworks' default budgets of a step (vLLM V1, SGLang, TensorRT-LLM)


class DataError(MarketError):
    """A file of measurements cannot be used; the text names it."""


class Layout(NamedTuple):
    """What is asked of a deployment: everything but how it is served."""

    gpu: str
    model: str
    precision: Precision
    weights: Weights | None
    tp: int
    attention_dp: int


class Load(NamedTuple):
    """A closed loop: requests in flight, and their nominal lengths, tokens."""

    concurrency: int
    prompt: int
    output: int


class Point(NamedTuple):
    """One measured point that a scenario can say.

    Attributes
    ----------
    name
        Name of the row in its source.
    stated
        Precision as the row states it; empty: not stated.
    framework
        Serving framework.
    layout, load
        What was measured.
    ttft_s, tpot_s
        Measured means, seconds.
    even
        Half of the points: the first byte of a digest of the configuration is even.
    """

    name: str
    stated: str
    framework: str
    layout: Layout
    load: Load
    ttft_s: float
    tpot_s: float
    even: bool

    @property
    def gpus(self) -> int:
        """GPUs that served."""
        return self.layout.tp * self.layout.attention_dp

    def tokens_per_gpu(self, ttft_s: float, tpot_s: float) -> float:
        """Output tokens per second and GPU, from two latencies as the file derives it."""
        _, _, output = load = self.load
        return load.concurrency * output / ((ttft_s + tpot_s * (output - 1)) * self.gpus)


class Measurements(NamedTuple):
    """A file of measurements.

    Attributes
    ----------
    points
        What can be said, in the order of the file.
    left_out
        How many other rows there are, by reason; repeats are not counted.
    digest
        SHA-256 of the file, hexadecimal digits.
    newest
        Day of the newest measurement.
    """

    points: tuple[Point, ...]
    left_out: Mapping[str, int]
    digest: str
    newest: str


def read_measurements(path: Path) -> Measurements:
    """Read a file of measurements.

    Raises
    ------
    DataError
        If it cannot be read, lacks a column, or holds nothing that a scenario can say.
    """
    content = _content(path)
    rows = [row for row in _rows(path, content) if row["repeat"].strip().lower() != "true"]
    told = [_told(row) for row in rows]
    newest = max((row["measured"] for row in rows), default="")
    points = tuple(found for found in told if isinstance(found, Point))
    reasons = Counter(found for found in told if isinstance(found, str))
    if not points:
        told_out = ", ".join(f"{count} ({reason})" for reason, count in sorted(reasons.items())) or "no rows"
        raise DataError(f"{path} holds no point that a scenario can say; left out are {told_out}")
    return Measurements(points, dict(sorted(reasons.items())), hashlib.sha256(content).hexdigest(), newest)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read measurements {path}: {error.strerror}") from None


def _rows(path: Path, content: bytes) -> list[dict[str, str]]:
    """The rows of a file, plain or packed by gzip, whose columns are all there."""
    try:
        text = decoded(gzip.decompress(content) if content.startswith(GZIP) else content)
        rows = list(csv.DictReader(io.StringIO(text), restval=""))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as CSV: {' '.join(str(error).split())[:200]}") from None
    missing = [name for name in NEEDED if rows and name not in rows[0]]
    if missing:
        raise DataError(f"{path} is no file of measured serving: it lacks the columns {', '.join(missing)}; needed are "
                        f"{', '.join(NEEDED)}")
    return [{**dict.fromkeys(OPTIONAL, ""), **{str(name): str(value) for name, value in row.items()}} for row in rows]


def _told(row: Mapping[str, str]) -> Point | str:
    """A row as a point, or why it is none."""
    if row["mode"] != "agg":
        return "prefill and decode on GPUs of their own"
    if not row["concurrency"]:
        return "concurrency not given"
    if row["precision"] not in PRECISIONS:
        return "precision not known"
    given = [*NUMBERS, *(["attention_dp_size"] if row["attention_dp_size"] else [])]
    wrong = [name for name in given if not _is_number(row[name], whole=name not in LATENCIES)]
    if wrong:
        return f"{wrong[0]} is no number above 0"
    # NVIDIA's own runs of re-quantised weights, and TensorRT-LLM of 2025 on Hopper: software of another kind
    if row["model"].startswith("nvidia/") or (row["model"], row["gpu"], row["backend"]) == (
            "openai/gpt-oss-120b", "H100", "trtllm"):
        return "software of another kind"
    if row["model"] not in MODEL or row["gpu"] not in GPU:
        return "model or GPU not known"
    point = _point(row)
    return _refused(point) or point


def _is_number(text: str, whole: bool) -> bool:
    """Whether a text is a finite number above 0, and, of a count, a whole one."""
    try:
        number = float(text)
    except ValueError:
        return False
    return 0 < number < math.inf and (not whole or number == int(number))


def _point(row: Mapping[str, str]) -> Point:
    precision, weights = _precisions(row["gpu"], row["precision"])
    layout = Layout(GPU[row["gpu"]], MODEL[row["model"]], precision, weights, int(float(row["tp_size"])),
                    int(float(row["attention_dp_size"] or 1)))
    load = Load(*(int(float(row[name])) for name in ("concurrency", "isl", "osl")))
    return Point(row["id"], row["precision"], row["backend"], layout, load, float(row["ttft_ms"]) / 1e3,
                 float(row["tpot_ms"]) / 1e3, _is_even(row))


def _is_even(row: Mapping[str, str]) -> bool:
    text = "|".join(row[column] for column in SPLIT_COLUMNS)
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 0


def _precisions(gpu: str, stated: str) -> tuple[Precision, Weights | None]:
    """Precision of arithmetic and of weights; without fp4 arithmetic, 4-bit weights are computed with in bf16."""
    if stated == "int4":
        return "bf16", "int4"
    if stated == "fp4" and gpu != "B200":
        return "bf16", "fp4"
    if stated == "fp8":
        return "fp8", None
    return ("fp4", None) if stated == "fp4" else ("bf16", None)  # not stated: as published, which is bf16


def deployment_of(layout: Layout) -> Deployment:
    """The hardware of a layout."""
    from providers.hardware.architectures import MODELS
    from providers.hardware.gpus import GPUS
    from providers.hardware.roofline import Deployment

    gpu, model, precision, weights, tp, attention_dp = layout
    return Deployment(GPUS[gpu], MODELS[model], precision, tp, weights, attention_dp)


def _refused(point: Point) -> str:
    """Why a scenario refuses a point; empty if it does not."""
    from providers.hardware.memory import fits, kv_capacity_tokens, valid_degrees

    deployment, load = deployment_of(point.layout), point.load
    if point.layout.tp not in valid_degrees(deployment.gpu, deployment.model):
        return "model cannot be split so"
    if load.prompt + load.output > deployment.model.context_tokens:
        return "longer than the model's context"
    if kv_capacity_tokens(deployment) <= 0 or not fits(deployment, load.prompt + load.output):
        return "does not fit into memory"
    return ""


def half(points: Iterable[Point], even: bool) -> list[Point]:
    """The half of the points that fits (even) or tests (odd)."""
    return [point for point in points if point.even == even]

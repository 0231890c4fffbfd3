"""Predicted against measured, in the engine: what a calibration says of points that it was fitted to, and of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.silicon.calibrating import corrected, engine_latencies, one_for_all
from experiments.silicon.fitting import QUEUEING, sample_of
from experiments.silicon.measured import Point
from experiments.silicon.surrogate import Surrogate, fits_at_once, surrogate_of

if TYPE_CHECKING:
    from pandas import DataFrame

    from providers.hardware.calibration import Calibration, Constants

Told = Callable[[str], None]
ODD: Final = "other half"
EVEN: Final = "fitted half"
SAME: Final[Mapping[str, str]] = {"deepseek-r1": "deepseek-v3"}  # one architecture: left out together
CONCURRENCIES: Final = (4, 16, 64, 128, 256)  # ends of bands
GROUPINGS: Final[Mapping[str, Callable[[Point], str]]] = {
    "all": lambda _: "",
    "gpu": lambda point: point.layout.gpu,
    "gpu and precision": lambda point: f"{point.layout.gpu} {stated(point)}",
    "model": lambda point: point.layout.model,
    "precision": lambda point: stated(point),
    "framework": lambda point: point.framework,
    "attention": lambda point: "data parallel" if point.layout.attention_dp > 1 else "tensor parallel",
    "concurrency": lambda point: _band(point.load.concurrency),
    "lengths": lambda point: f"{point.load.prompt} in, {point.load.output} out",
}


class Predictions(NamedTuple):
    """What one set of constants says of some points.

    Attributes
    ----------
    split
        Which points, and what the constants were fitted to.
    constants
        Which constants: by GPU and framework, or one set for all.
    points, ttft_s, tpot_s
        The points, and mean latencies in the engine, seconds.
    """

    split: str
    constants: str
    points: Sequence[Point]
    ttft_s: np.ndarray
    tpot_s: np.ndarray


def stated(point: Point) -> str:
    """Precision of a point, as stated."""
    return point.stated or "not stated"


def _band(concurrency: int) -> str:
    low = 1
    for high in CONCURRENCIES:
        if concurrency <= high:
            return f"{low:03d}-{high:03d}"
        low = high + 1
    return f"{low:03d}-"


def predicted(points: Sequence[Point], calibration: Calibration, jobs: int, tell: Told) -> list[Predictions]:
    """Both halves of the points with the constants of each GPU and framework, and with one set for all."""
    surrogate, found = surrogate_of(points), []
    by_group = [calibration.of(point.layout.gpu, point.framework) for point in points]
    for name, constants in (("by GPU and framework", by_group), ("one for all", [calibration.constants] * len(points))):
        tell(f"{len(points)} points, constants {name}")
        ttft_s, tpot_s = _in_engine(surrogate, constants, jobs)
        for split, even in ((EVEN, True), (ODD, False)):
            chosen = [index for index, point in enumerate(points) if point.even == even]
            found.append(Predictions(split, name, [points[i] for i in chosen], ttft_s[chosen], tpot_s[chosen]))
    return found


def left_out(points: Sequence[Point], calibration: Calibration, jobs: int, tell: Told) -> list[Predictions]:
    """Points of each model, and of each GPU type, with constants that were fitted to all others."""
    surrogate = surrogate_of(points)
    together = [index for index, point in enumerate(points) if fits_at_once(point)]
    plain = surrogate.of(together)
    whole = corrected(plain, np.array([calibration.constants] * len(together)), jobs)
    found = []
    for split, of_point in (("model left out", _model), ("GPU left out", lambda point: point.layout.gpu)):
        tell(split)
        constants: dict[str, Constants] = {}
        for name in sorted({of_point(point) for point in points}):
            others = [index for index, point in enumerate(whole.points) if of_point(point) != name]
            constants[name] = one_for_all(sample_of(whole, others))
        ttft_s, tpot_s = _in_engine(surrogate, [constants[of_point(point)] for point in points], jobs)
        found.append(Predictions(split, "one for all others", points, ttft_s, tpot_s))
    return found


def _model(point: Point) -> str:
    return SAME.get(point.layout.model, point.layout.model)


def _in_engine(surrogate: Surrogate, constants: Sequence[Constants], jobs: int) -> tuple[np.ndarray, np.ndarray]:
    of_point = np.array(constants)
    found = np.array(engine_latencies(surrogate.points, of_point, *surrogate.latencies_s(of_point), jobs))
    return found[:, 0], found[:, 1]


def points_frame(found: Sequence[Predictions]) -> DataFrame:
    """One row a point and set of constants: predicted and measured."""
    from pandas import DataFrame

    return DataFrame([row for predictions in found for row in _rows(predictions)])


def _rows(found: Predictions) -> Iterator[dict[str, object]]:
    for point, ttft_s, tpot_s in zip(found.points, found.ttft_s.tolist(), found.tpot_s.tolist(), strict=True):
        yield {
            "split": found.split, "constants": found.constants, "name": point.name, **point.layout._asdict(),
            "stated": stated(point), "framework": point.framework, **point.load._asdict(),
            **{f"in_{name}": of(point) for name, of in GROUPINGS.items()},
            "ttft_s": ttft_s, "measured_ttft_s": point.ttft_s,
            "tok_s_user": 1.0 / tpot_s, "measured_tok_s_user": 1.0 / point.tpot_s,
            "tok_s_gpu": point.tokens_per_gpu(ttft_s, tpot_s),
            "measured_tok_s_gpu": point.tokens_per_gpu(point.ttft_s, point.tpot_s),
        }


def error_table(points: DataFrame) -> DataFrame:
    """Errors by split, constants and every grouping: medians of predicted over measured, and of its distance from 1.

    TTFT is of points of at most 256 requests in flight: beyond, it is mostly waiting at the framework's own limits.
    """
    from pandas import DataFrame

    rows = []
    for grouping in GROUPINGS:
        keys = ["split", "constants", f"in_{grouping}"]
        for (split, constants, name), part in points.groupby(keys, sort=True):
            rows.append({"split": split, "constants": constants, "by": grouping, "group": name, "points": len(part),
                         **_errors(part)})
    return DataFrame(rows)


def _errors(part: DataFrame) -> dict[str, float]:
    found = {}
    for name in ("tok_s_user", "tok_s_gpu", "ttft_s"):
        chosen = part[part["concurrency"] <= QUEUEING] if name == "ttft_s" else part
        ratio = (chosen[name] / chosen[f"measured_{name}"]).to_numpy()
        some = len(ratio) > 0
        found[f"{name}_median"] = float(np.median(ratio)) if some else float("nan")
        found[f"{name}_mdape"] = float(np.median(np.abs(ratio - 1.0))) if some else float("nan")
        found[f"{name}_p90"] = float(np.quantile(np.abs(ratio - 1.0), 0.9)) if some else float("nan")
    return found

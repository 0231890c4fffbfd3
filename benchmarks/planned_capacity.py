"""The capacity by which hosts plan (E168-E170), held to the engine: how fast six replicas are at it, and at .6 of it.

Usage: ``python benchmarks/planned_capacity.py [requests]`` (40,000 a run: seconds).

Models on H200 serve requests of 4,000 + 300 tokens that are all alike, such requests with log-normal lengths (a
standard deviation of the logarithm of .8), and those of four templates of the default market together. Told are S_pp,
the capacity over what one step of mean tokens for mean requests would promise, and the time per output token over all
tokens, of 50 ms that are promised at most, with the median and the 99th percentile of the time to first token.
"""

import math
import sys
from typing import Final, NamedTuple

import numpy as np

from experiments.runs.run_traffic import run_traffic
from providers.cost.unit_cost import Capacity, EngineSize, Shape, Spread, capacity
from providers.offers import build_offers
from sim.engines import outcome
from sim.engines.outcome import TrafficOutcome
from sim.engines.steptime import step_time
from sim.engines.world import OfferSpec
from sim.histogram import FINE_BITS, quantile
from sim.scenario import TrafficScenario

TPOT_S: Final = 0.05
REPLICAS: Final = 6
SIGMA: Final = 0.8
HARDWARE: Final = {"llama-3.1-8b": 1, "llama-3.3-70b": 1, "qwen3-32b": 1, "gpt-oss-120b": 2, "qwen3-235b-a22b": 4,
                   "deepseek-v3": 8}
TEMPLATES: Final = ((1500, 250, 0.4), (3000, 300, 0.3), (20_000, 400, 0.15), (3000, 1000, 0.15))


class Kind(NamedTuple):
    """Requests: of each part prompt, answer and share of the requests; the sigma of both lengths."""

    name: str
    parts: tuple[tuple[int, int, float], ...]
    sigma: float


KINDS: Final = (Kind("alike", ((4000, 300, 1.0),), 0.0), Kind("log-normal", ((4000, 300, 1.0),), SIGMA),
                Kind("templates", TEMPLATES, SIGMA))


def shape_of(kind: Kind) -> Shape:
    """The mean request, and how unlike it the others are."""
    prompt, answer, share = np.array(kind.parts).T
    square, p, o = math.exp(kind.sigma**2), float(prompt @ share), float(answer @ share)
    products = (float(prompt**2 @ share) * square, float(answer**2 @ share) * square, float(prompt * answer @ share))
    return Shape(p, o, spread=Spread(products[0] / p**2, products[1] / o**2, products[2] / (p * o)))


def market(model: str, kind: Kind, rate_per_s: float, seconds: float) -> TrafficScenario:
    """One host of a model, and a class for each part of the requests."""
    cv = math.sqrt(math.expm1(kind.sigma**2))

    return TrafficScenario.model_validate({
        "name": "capacity", "traffic": {"duration_s": seconds, "warmup_s": seconds / 3, "drain_s": 4 * seconds},
        "routers": {"main": {"policy": {"kind": "random"}}},
        "providers": {"host": {"offers": {"it": {
            "model": model, "replicas": REPLICAS, "price": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1},
            "serving": {"kind": "roofline", "gpu": "h200-sxm", "precision": "fp8", "tp": HARDWARE[model]}}}}},
        "demand": {f"part-{row}": {"model": model, "prompt_tokens": {"mean": prompt, "cv": cv},
                                   "output_tokens": {"mean": answer, "cv": cv}, "arrivals": {
                                       "kind": "poisson", "rate_per_s": rate_per_s * share}}
                   for row, (prompt, answer, share) in enumerate(kind.parts)}})


def planned(offer: OfferSpec, shape: Shape) -> Capacity:
    """What a host reckons with."""
    size = EngineSize(offer.kv_capacity_tokens, offer.seq_overhead_tokens, offer.max_batch, offer.max_step_tokens)
    return capacity(offer.step, size, shape, TPOT_S)


def of_mean_steps(offer: OfferSpec, shape: Shape) -> float:
    """Requests a second if every step were a mean one and every request the mean request."""
    prompt, answer = shape.prompt, shape.output
    most = min(offer.max_batch, offer.kv_capacity_tokens / (prompt + answer + offer.seq_overhead_tokens),
               offer.max_step_tokens / (1 + prompt / answer))
    context, found = prompt + answer / 2, 0.0
    for batch in range(1, int(most) + 1):
        begun = batch * prompt / answer
        step_s = step_time(offer.step, round(batch + begun), round(batch * context),
                           batch * context + begun * prompt / 2, batch)
        if step_s <= TPOT_S or batch == 1:
            found = batch / (answer * step_s)
    return found


def token_s(seen: TrafficOutcome) -> float:
    """Time per output token after the first, over all of them."""
    sums = seen.class_metric_sums.sum(axis=0)
    later = seen.class_sums[:, outcome.MEASURED, outcome.OUTPUT_TOKENS].sum() \
        - seen.outcomes[:, outcome.MEASURED, outcome.COMPLETED].sum()
    return float((sums[outcome.E2E] - sums[outcome.TTFT]) / later)


def main() -> None:
    """Print a line for each model and kind of requests."""
    requests = int((sys.argv[1:] or ["40000"])[0])
    print(f"{'model':16s} GPUs {'requests':10s}  S_pp  over mean steps   at capacity: TPOT ms, TTFT p50, p99 s   at .6")
    for model, gpus in HARDWARE.items():
        for kind in KINDS:
            shape = shape_of(kind)
            offer = build_offers(market(model, kind, 1.0, 60.0))[0]
            able = planned(offer, shape)
            line = f"{model:16s} {gpus:4d} {kind.name:10s} {shape.spread.prompt:5.2f} " \
                   f"{able.requests_per_s / of_mean_steps(offer, shape):16.2f}"
            for load in (1.0, 0.6):
                rate = load * REPLICAS * able.requests_per_s
                seen = run_traffic(market(model, kind, rate, requests / rate))
                median_s, p99_s = (quantile(seen.offer_hist[0, outcome.TTFT], q, FINE_BITS) for q in (0.5, 0.99))
                line += f"   {1000 * token_s(seen):6.1f} {median_s:6.2f} {p99_s:6.1f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()

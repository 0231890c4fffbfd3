"""What must hold of every run, whatever the policy; a run that breaks one fails, by name."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

import numpy as np

from sim.engines import outcome as o
from sim.engines.outcome import TrafficOutcome
from sim.engines.wanted import RULES
from sim.errors import InvariantError

_COHORTS: Final = ("warm-up", "measured")

Check = Callable[[TrafficOutcome], Iterator[str]]


def check(run: TrafficOutcome) -> tuple[str, ...]:
    """Check every invariant of a run and return their names.

    Raises
    ------
    InvariantError
        Naming each broken invariant with the first place and the numbers that break it.
    """
    broken = []
    for name, rule in INVARIANTS.items():
        problem = next(rule(run), None)
        if problem is not None:
            broken.append(f"invariant {name} is broken: {problem}")
    if broken:
        raise InvariantError("; ".join(broken))
    return tuple(INVARIANTS)


def _counters_not_negative(run: TrafficOutcome) -> Iterator[str]:
    for name in ("born", "outcomes", "class_sums", "offer_sums", "offer_work", "replica_s", "class_hist", "offer_hist"):
        lowest = getattr(run, name).min(initial=0)
        if not lowest >= 0:
            yield f"{name} has an entry of {lowest}"


def _requests_conserved(run: TrafficOutcome) -> Iterator[str]:
    ended = run.outcomes.sum(axis=2)
    for i, cohort in np.argwhere(run.born != ended):
        yield (f"class {run.world.classes[i]}, {_COHORTS[cohort]}: {run.born[i, cohort]} born, "
               f"{ended[i, cohort]} outcomes")


def _attempts_are_placements(run: TrafficOutcome) -> Iterator[str]:
    yield from _totals(run, "attempts", run.class_sums[:, :, o.ATTEMPTS], "placed at offers",
                       run.offer_sums[:, :, o.PLACED])
    for i, cohort in np.argwhere(run.offer_sums[:, :, o.SERVED] > run.offer_sums[:, :, o.PLACED]):
        yield f"offer {_offer(run, i)}, {_COHORTS[cohort]}: more served than placed"


def _completions_are_served(run: TrafficOutcome) -> Iterator[str]:
    yield from _totals(run, "completed", run.outcomes[:, :, o.COMPLETED], "served",
                       run.offer_sums[:, :, o.SERVED])
    for i, cohort in np.argwhere(run.class_sums[:, :, o.GOOD] > run.outcomes[:, :, o.COMPLETED]):
        yield f"class {run.world.classes[i]}, {_COHORTS[cohort]}: more good than completed"


def _sales_are_routers(run: TrafficOutcome) -> Iterator[str]:
    sold = run.offer_sums[:, :, [o.SERVED, o.REVENUE_NANO]].sum(axis=1)
    bought = run.router_sums.sum(axis=1)
    for i, column in np.argwhere(sold != bought):
        yield (f"offer {_offer(run, i)}: {o.ROUTER_SUMS[column]} of its routers {bought[i, column]}, "
               f"its own {sold[i, column]}")


def _cut_answers_are_completed(run: TrafficOutcome) -> Iterator[str]:
    yield from _totals(run, "cut", run.class_sums[:, :, o.CUT], "cut at offers", run.offer_sums[:, :, o.SERVED_CUT])
    for i, cohort in np.argwhere(run.offer_sums[:, :, o.SERVED_CUT] > run.offer_sums[:, :, o.SERVED]):
        yield f"offer {_offer(run, i)}, {_COHORTS[cohort]}: more cut than served"


def _cached_tokens_are_of_prompts(run: TrafficOutcome) -> Iterator[str]:
    yield from _totals(run, "cached tokens", run.class_sums[:, :, o.CACHED_TOKENS], "cached at offers",
                       run.offer_sums[:, :, o.SERVED_CACHED])
    for i, cohort in np.argwhere(run.offer_sums[:, :, o.SERVED_CACHED] > run.offer_sums[:, :, o.SERVED_PROMPT]):
        yield f"offer {_offer(run, i)}, {_COHORTS[cohort]}: more cached tokens than prompt tokens"


def _sales_by_rule_are_served(run: TrafficOutcome) -> Iterator[str]:
    by_rule = run.offer_sums[:, :, o.BY_RULE + 1:o.BY_RULE + len(RULES)].sum(axis=2)
    for i, cohort in np.argwhere(by_rule > run.offer_sums[:, :, o.SERVED]):
        yield (f"offer {_offer(run, i)}, {_COHORTS[cohort]}: {by_rule[i, cohort]} sales by other rules than the "
               f"default, {run.offer_sums[i, cohort, o.SERVED]} served")


def _histograms_are_complete(run: TrafficOutcome) -> Iterator[str]:
    sides = (("class", run.class_hist, run.outcomes[:, o.MEASURED, o.COMPLETED]),
             ("offer", run.offer_hist, run.offer_sums[:, o.MEASURED, o.SERVED]))
    for side, histograms, ended in sides:
        counted = histograms.sum(axis=2)
        for metric in (o.TTFT, o.E2E):
            for i in np.flatnonzero(counted[:, metric] != ended):
                yield f"{side} {i}: {counted[i, metric]} {o.METRICS[metric]} values of {ended[i]} completions"
        for i in np.flatnonzero(counted[:, o.TPOT] > ended):
            yield f"{side} {i}: {counted[i, o.TPOT]} tpot values of {ended[i]} completions"


def _tokens_billed_are_served(run: TrafficOutcome) -> Iterator[str]:
    for name, billed, served in (("prompt", o.PROMPT_TOKENS, o.SERVED_PROMPT),
                                 ("output", o.OUTPUT_TOKENS, o.SERVED_OUTPUT)):
        yield from _totals(run, f"{name} tokens billed", run.class_sums[:, :, billed],
                           f"{name} tokens served", run.offer_sums[:, :, served])


def _payments_are_revenue_and_fees(run: TrafficOutcome) -> Iterator[str]:
    sums = run.class_sums
    yield from _totals(run, "nano-dollars charged", sums[:, :, o.COST_NANO], "nano-dollars of revenue",
                       run.offer_sums[:, :, o.REVENUE_NANO])
    due = sums[:, :, o.COST_NANO] + sums[:, :, o.FEE_NANO]
    for i, cohort in np.argwhere(sums[:, :, o.PAID_NANO] != due):
        yield (f"class {run.world.classes[i]}, {_COHORTS[cohort]}: {sums[i, cohort, o.PAID_NANO]} "
               f"nano-dollars paid, {due[i, cohort]} due")


def _nobody_pays_unasked(run: TrafficOutcome) -> Iterator[str]:
    billing = [router.billing for router in run.world.router_settings]
    asked = any("provider" in (one.broken_stream, one.customer_left) for one in billing)
    for i, cohort in np.argwhere(run.offer_sums[:, :, o.WRITTEN_OFF_NANO] > 0):
        if not asked:
            yield (f"offer {_offer(run, i)}, {_COHORTS[cohort]}: {run.offer_sums[i, cohort, o.WRITTEN_OFF_NANO]} "
                   "nano-dollars written off, but no router lets providers pay")


def _own_keys_pay_providers(run: TrafficOutcome) -> Iterator[str]:
    own = run.class_sums[:, :, o.OWN_KEY_NANO]
    yield from _totals(run, "nano-dollars charged to own keys", own, "nano-dollars of revenue from own keys",
                       run.offer_sums[:, :, o.OWN_KEY_REVENUE_NANO])
    for i, cohort in np.argwhere(own > run.class_sums[:, :, o.COST_NANO]):
        yield f"class {run.world.classes[i]}, {_COHORTS[cohort]}: more is charged to own keys than in all"


def _kept_away_are_refused(run: TrafficOutcome) -> Iterator[str]:
    kept, refused = run.class_sums[:, :, o.KEPT_AWAY], run.outcomes[:, :, o.REFUSED]
    for i, cohort in np.argwhere(kept > refused):
        yield (f"class {run.world.classes[i]}, {_COHORTS[cohort]}: {kept[i, cohort]} kept away by preferences, but "
               f"{refused[i, cohort]} refused")


def _clock_goes_forward(run: TrafficOutcome) -> Iterator[str]:
    if not (np.isfinite(run.end_s) and run.end_s >= 0):
        yield f"the run ended at {run.end_s} s"
    done = run.samples[run.samples["outcome"] == o.COMPLETED]
    for earlier, later in pairwise(("born_s", "placed_s", "first_token_s", "end_s")):
        for row in done[done[later] < done[earlier]]:
            yield f"request {row['key']}: {later} {row[later]} is before {earlier} {row[earlier]}"


def _totals(run: TrafficOutcome, left: str, a: np.ndarray, right: str, b: np.ndarray) -> Iterator[str]:
    """Compare class totals with offer totals, cohort by cohort."""
    for cohort in (o.WARMUP, o.MEASURED):
        x, y = int(a[:, cohort].sum()), int(b[:, cohort].sum())
        if x != y:
            yield f"{_COHORTS[cohort]}: {x} {left}, {y} {right}"


def _offer(run: TrafficOutcome, index: int) -> str:
    offer = run.world.offers[index]
    return f"{offer.provider}.{offer.name}"


INVARIANTS: Final[dict[str, Check]] = {
    "counters_not_negative": _counters_not_negative,
    "requests_conserved": _requests_conserved,
    "attempts_are_placements": _attempts_are_placements,
    "completions_are_served": _completions_are_served,
    "sales_are_routers": _sales_are_routers,
    "cut_answers_are_completed": _cut_answers_are_completed,
    "cached_tokens_are_of_prompts": _cached_tokens_are_of_prompts,
    "sales_by_rule_are_served": _sales_by_rule_are_served,
    "histograms_are_complete": _histograms_are_complete,
    "tokens_billed_are_served": _tokens_billed_are_served,
    "payments_are_revenue_and_fees": _payments_are_revenue_and_fees,
    "nobody_pays_unasked": _nobody_pays_unasked,
    "own_keys_pay_providers": _own_keys_pay_providers,
    "kept_away_are_refused": _kept_away_are_refused,
    "clock_goes_forward": _clock_goes_forward,
}

"""A steady-state study as the terminal shows it: a block for each metric."""

from experiments.measures.catalogue import unit_of
from experiments.output.text import listing
from experiments.stats.digits import sentence
from experiments.studies.steady.measures import Difference, Found, differences


def table(result: Found) -> str:
    """Return the results as text, a block a metric."""
    design = result.design
    what = "replications" if design.replications > 1 else "batches of one run"
    parts = [f"{design.scenario.name}: warm-up of {result.warm_up_s:g} s deleted from every run (MSER-5), measured "
             f"until {result.end_s:g} s\nmean ± half-width of the 95 % interval, n {what}"]
    found = differences(result)
    for metric in design.metrics:
        rows = []
        for policy in design.policies:
            told = sentence(result.interval(policy, metric), unit if (unit := unit_of(metric)) != "1" else "")
            rows.append((f"  {policy}", told, _difference(found.get((policy, metric)))))
        parts.append(f"{metric}\n{listing(rows)}")
    if found:
        parts.append(f"differences to {design.baseline} by pairs; * there with 95 % confidence in all of them at once "
                     "(Holm)")
    return "\n\n".join(parts)


def _difference(found: Difference | None) -> str:
    if found is None:
        return ""
    told = sentence(found.interval)
    return f"{'' if told.startswith('-') else '+'}{told}{' *' if found.verdict.differs else ''}"

"""A steady-state study as the terminal shows it: a block for each metric."""

from experiments.measures.catalogue import Show, measure
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
        means = {policy: result.interval(policy, metric) for policy in design.policies}
        show = measure(metric).show_for(got.mean for got in means.values())
        rows = [(f"  {policy}", sentence(got, show.unit, show.factor),
                 _difference(found.get((policy, metric)), show)) for policy, got in means.items()]
        parts.append(f"{measure(metric).words}\n{listing(rows)}")
    if found:
        parts.append(f"differences to {design.baseline} by pairs; * there with 95 % confidence in all of them at once "
                     "(Holm)")
    return "\n\n".join(parts)


def _difference(found: Difference | None, show: Show) -> str:
    if found is None:
        return ""
    told = sentence(found.interval, factor=show.factor)
    sign = "+" if found.interval.mean >= 0 else ""
    return f"{sign}{told}{' *' if found.verdict.differs else ''}"

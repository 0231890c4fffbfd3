"""What the study of shared pools says of its numbers."""

from __future__ import annotations

from experiments.output.folder import SUMMARY, Folder
from experiments.report.numbers import measured, number
from experiments.studies.cdn.design import ALONE, MANY, SHARED
from experiments.studies.cdn.measures import RESERVED


def sentences(folder: Folder) -> list[str]:
    """Return sentences whose numbers stand in ``summary.csv``."""
    frame, mine = folder.table(SUMMARY), float(folder.parameters["assumed"]["correlation"])
    alone = frame[frame["tenancy"] == ALONE].iloc[0]
    pool = frame[(frame["tenancy"] == SHARED) & (frame["tenants"] == MANY) & (frame["correlation"] == mine)].iloc[0]
    kept = frame[frame["tenancy"] == RESERVED].iloc[0]
    worst = frame.loc[frame["deviation_se"].abs().idxmax()] if frame["deviation_se"].notna().any() else None
    said = [
        f"A tenant alone needs {measured(alone['mean'], alone['half_width'])} slots, one of {MANY} who share a pool "
        f"{measured(pool['mean'], pool['half_width'])}: {100 * pool['saving']:.0f} % less at equal p99 of the time to "
        f"the first token. In whole replicas, of which a tenant alone fills only a part, it is "
        f"{100 * pool['saving_in_replicas']:.0f} % less (from the inputs alone).",
        f"A million answer tokens cost {number(alone['usd_per_mtok'], 3)} USD in a pool of one's own, "
        f"{number(pool['usd_per_mtok'], 3)} USD in a shared one, and {number(kept['usd_inputs_alone'], 3)} USD for "
        f"who reserves capacity and takes bursts from the shared one (the last from the inputs alone)."]
    if worst is not None:
        said.append(
            f"With the β of a tenant's own pool the square-root law has {number(pool['root_law'])} slots where "
            f"{number(pool['mean'])} were measured ({pool['deviation_se']:+.1f} standard errors); it is furthest off "
            f"with {worst['tenants']:.0f} tenants at a correlation of {worst['correlation']:g} "
            f"({worst['deviation_se']:+.1f}). From the inputs alone, {number(pool['inputs_alone'])}.")
    return said

"""Do one run: in this process, in a worker, or on another machine."""

import time

from experiments.extensions import bring_in
from experiments.runs.defects import FAULTS
from experiments.runs.kinds import ALONE, Manner, kind_named
from experiments.runs.luggage import unpack
from experiments.runs.specs import RunRecord, RunSpec
from sim.errors import MarketError


def play(spec: RunSpec, manner: Manner = ALONE) -> RunRecord:
    """Do a run and reduce it to its tables; a run that fails, for whatever reason, is a record of that.

    Only an interrupt passes through.

    Parameters
    ----------
    spec
        The run.
    manner
        Who is told of its progress, and how many threads it has.
    """
    from sim.scenario.load import scenario_of

    started = time.perf_counter()
    if spec.scenario is None:
        return RunRecord(spec.key, spec.problem)
    try:
        # first, since the scenario may name a policy or strategy that only these modules know
        bring_in(spec.use)
        unpack(spec.own)
        kind = kind_named(spec.kind)
        scenario = scenario_of(spec.scenario)
        tables = kind.play(scenario, spec.replication, manner)
    # a user's mistake is told as it is; a fault of the program says of which kind it was
    except MarketError as error:
        return RunRecord(spec.key, _line(str(error)), wall_s=time.perf_counter() - started)
    except FAULTS as error:
        return RunRecord(spec.key, _line(f"{type(error).__name__}: {error}"), wall_s=time.perf_counter() - started)
    return RunRecord(spec.key, "", tables, time.perf_counter() - started)


def _line(text: str) -> str:
    return "; ".join(part.strip() for part in text.splitlines() if part.strip()) or "no reason given"

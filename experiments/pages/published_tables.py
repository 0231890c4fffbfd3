"""Published figures beside ours, as Markdown."""

from statistics import median

from experiments.studies.invasion import kept_meetings
from experiments.validation import deepseek_day as day
from experiments.validation import flip_tables, mlperf_offline
from experiments.validation.comparison import markdown, rows
from experiments.validation.facts import fact_ledger, fact_table
from experiments.validation.history import kept_calibration


def deepseek_day() -> str:
    """Return DeepSeek's published day: inputs, arithmetic, and outcomes."""
    return "\n\n".join(markdown(table) for table in (
        [("input", "value"), *day.inputs()], rows(day.arithmetic(), day.ARITHMETIC), rows(day.outcomes(), day.CASES)))


def mlperf() -> str:
    """Return results of MLPerf Offline, how each is laid out here, and the requests of each benchmark."""
    requests = [(name, f"{it.shape.prompt:g}", f"{it.shape.output:g}", it.model, it.prompts)
                for name, it in mlperf_offline.BENCHMARKS.items()]
    found, cases = mlperf_offline.figures(), mlperf_offline.CASES
    typical = ", ".join(f"{median(abs(it.errors[i]) for it in found):.0%} ({case})" for i, case in enumerate(cases))
    return "\n\n".join((
        markdown(rows(found, cases)), f"Median of |error|: {typical}.",
        markdown([("result", "laid out here"), *mlperf_offline.layouts()]),
        markdown([("benchmark", "prompt", "output", "architecture here", "prompt from"), *requests])))


def flips() -> str:
    """Return what flips in the kept run of ``tokenmarket validate flips``."""
    return flip_tables.page(flip_tables.read_values())


def market_facts() -> str:
    """Return which facts the market of the kept runs meets (``tokenmarket validate market``)."""
    return fact_table.page(fact_ledger.read_ledger(), fact_table.read_kept())


def calibration_runs() -> str:
    """Return what the kept calibration found, and what its runs say of the scenario itself."""
    return kept_calibration.calibration_page()


def invasions() -> str:
    """Return what the kept runs of ``tokenmarket run invasion`` say."""
    return kept_meetings.page(kept_meetings.read_runs())

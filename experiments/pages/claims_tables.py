"""What full runs said of each claim, as Markdown."""

from experiments.paper.claims_table import ClaimKept, tables_of
from experiments.report import markdown
from experiments.report.blocks import Table
from experiments.studies.registry import studies
from experiments.verdicts.on_record import on_record
from experiments.verdicts.verdict_study import VerdictStudy


def verdicts() -> str:
    """Return the claims with what the full run of each on record says; one never run in full says so."""
    return markdown.table(_tables()[0])


def beside() -> str:
    """Return what stands beside each verdict on record."""
    return markdown.table(_tables()[1])


def _tables() -> tuple[Table, ...]:
    return tables_of([ClaimKept(study, on_record(study.name)) for study in studies().values()
                      if isinstance(study, VerdictStudy)])

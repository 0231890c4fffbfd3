"""What `tokenmarket run market` leaves in a folder, but for the manifest, from a run that needed no simulation."""

from pathlib import Path

from experiments.measures.market_summary import explained, summary
from experiments.measures.market_tables import Run, tables
from experiments.output.writer import write_tables
from experiments.studies.market.figures import page
from experiments.studies.market.measures import told_tables


def write_market(result, title: str, folder: Path):
    """Write tables and the page of figures of a result, and return the tables by name."""
    frames = {**tables(result), "summary": explained(summary(Run(result)))}
    write_tables(told_tables(frames), folder, None)
    if result.days:
        page(frames, title, folder)
    return frames

"""Keep the runs of a finished study with the project: ``python -m experiments.studies.invasion.keep_meetings FOLDER``.

A store that was given with ``--store`` is named after the folder.
"""

import sys
from pathlib import Path

from experiments.output.folder import read_folder
from experiments.store.results import open_results
from experiments.studies.invasion import STUDY
from experiments.studies.invasion.kept_meetings import runs_of, write_runs
from experiments.studies.invasion.measures import invaded
from sim.errors import MarketError
from sim.scenario.load import scenario_of

if __name__ == "__main__":
    try:
        manifest = read_folder(Path(sys.argv[1])).manifest
        design = STUDY.read(scenario_of(manifest["scenario"]), manifest["parameters"])
        write_runs(runs_of(invaded(design, open_results(sys.argv[-1], manifest["study"]))))
    except (MarketError, IndexError, KeyError) as error:
        sys.exit(f"give the folder of a finished `tokenmarket run invasion` ({error})")

"""Keep the verdicts of full runs with the project: ``python -m experiments.verdicts.keep results/cdn``."""

import sys
from pathlib import Path

from experiments.output.folder import read_folder
from experiments.verdicts.on_record import keep
from sim.errors import MarketError

if __name__ == "__main__":
    for name in sys.argv[1:]:
        try:
            kept = keep(read_folder(Path(name)))
        except (MarketError, KeyError) as error:
            sys.exit(f"{name}: {error}")
        print(f"{kept.study}: {kept.verdict}")

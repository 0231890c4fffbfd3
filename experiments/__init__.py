"""What users run: scenarios, runs and studies.

>>> from experiments import load_scenario
>>> load_scenario("duel", ["traffic.load=1.2"]).traffic.load
1.2
"""

from experiments.run import load_scenario, run, scenario_names
from experiments.tournament import Design, Tournament, tournament

__all__ = ["Design", "Tournament", "load_scenario", "run", "scenario_names", "tournament"]

"""Eleven mistakes that once passed every test, put in one by one: ``python tests/house/faults.py``. Not part of CI.

Each is a change of one line that makes a printed number, or a rule of the market, wrong. Prints which of them fail a
test of their room, and exits 1 if one does not.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from house.trials import KILLED, Trial, copy_of, verdict
from worlds.places import ROOT

MEASURES: Final = "tests/experiments/measures"


class Fault(NamedTuple):
    """A mistake: where, what stands there, what is put in its place, and the tests that notice."""

    name: str
    file: str
    before: str
    after: str
    tests: str


FAULTS: Final = (
    Fault("goodput over the whole duration, warm-up and all", "experiments/measures/traffic_metrics.py",
          "/ (world.measured_until_s - world.scenario.traffic.warmup_s)", "/ world.scenario.traffic.duration_s",
          f"{MEASURES}/test_traffic_by_hand.py"),
    Fault("the share of open models is that of closed ones", "experiments/measures/columns.py",
          "by_model[:, panel.run.result.models.open]", "by_model[:, ~panel.run.result.models.open]",
          f"{MEASURES}/test_tables_by_hand.py"),
    Fault("providers in profit are those at a loss", "experiments/measures/market_summary.py",
          "money.received[0] > money.paid[0]", "money.received[0] < money.paid[0]",
          f"{MEASURES}/test_summary_by_hand.py"),
    Fault("a follower's lag sixty times as long", "experiments/measures/market_summary.py",
          "float(np.median(lags)) / HOUR_S", "float(np.median(lags)) / HOUR_S * 60",
          f"{MEASURES}/test_summary_by_hand.py"),
    Fault("the last size is the first", "experiments/measures/market_summary.py",
          'yield Number(f"{name}_last", _last(values, tokens))', 'yield Number(f"{name}_last", _first(values, tokens))',
          f"{MEASURES}/test_summary_by_hand.py"),
    Fault("attempts refused, over requests served", "experiments/measures/columns.py",
          'ratio(panel.sold("refused"), panel.sold("placed"))', 'ratio(panel.sold("refused"), panel.sold("served"))',
          f"{MEASURES}/test_tables_by_hand.py"),
    Fault("a model's quality is that of its best task", "experiments/measures/market/run.py",
          "self.result.models.quality.mean(axis=0)", "self.result.models.quality.max(axis=0)",
          f"{MEASURES}/test_tables_by_hand.py"),
    Fault("time busy, offers of any size weighing the same", "experiments/measures/columns.py",
          "ratio(panel.offers(panel.run.busy_replica_days), panel.offers(panel.run.result.replicas_daily))",
          'ratio(panel.offers(offer_series(panel.run.result, "busy_share")), '
          "panel.offers(panel.run.result.replicas_daily > 0))",
          f"{MEASURES}/test_tables_by_hand.py"),
    Fault("ties do not go to the model in use", "sim/market/customers/choice.py",
          "held & (stay >= utility[here, best])", "held & (stay > utility[here, best])",
          "tests/sim/market/customers/test_customers.py"),
    Fault("a prompt token costs no attention", "providers/cost/unit_cost.py",
          "prompt_s = step.token_s + step.comm_token_s + step.pair_s * request.seen",
          "prompt_s = step.token_s + step.comm_token_s", "tests/providers/cost/test_cost.py"),
    Fault("a seller about to react reacts twice", "providers/firms/price_reviews.py",
          " and not self._reacting[rival]:", ":", "tests/providers/firms/test_firms.py"),
)


def trial_of(root: Path, fault: Fault) -> Trial:
    """Return the file with the mistake in it.

    Raises
    ------
    ValueError
        If the line is not there exactly once: the list wants an update.
    """
    text = (root / fault.file).read_text(encoding="utf-8")
    if text.count(fault.before) != 1:
        raise ValueError(f"{fault.file} has {text.count(fault.before)} times, not once: {fault.before}")
    return Trial(fault.name, fault.file, text.replace(fault.before, fault.after), (fault.tests,))


def main() -> int:
    """Put in every mistake and print what became of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--timeout", type=float, default=300.0, metavar="S", help="for each mistake")
    arguments = parser.parse_args()
    alive = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = copy_of(ROOT, Path(folder) / "tree")
        for fault in FAULTS:
            found = verdict(tree, trial_of(tree, fault), arguments.timeout)
            alive += found != KILLED
            print(f"{found:9}  {fault.name} ({fault.file})", flush=True)
    print(f"{len(FAULTS) - alive} of {len(FAULTS)} killed")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())

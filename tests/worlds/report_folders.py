"""Folders to write up: a real small tournament, a market without simulation, and a sweep as the lab writes it."""

from pathlib import Path

from experiments.cli.main import main
from experiments.output.manifest import provenance, write_manifest
from experiments.scenarios import load_market, load_traffic
from sim.market.market_invariants import CHECKS
from worlds.market_pages import write_market
from worlds.synthetic_market import synthetic

SWEEP = """traffic.load,policy,metric,unit,mean,half_width,n
0.5,random,cost_usd_per_mtok,USD/Mtok,0.31,0.012,3
0.5,random,e2e_p99_s,s,12.4,1.9,3
0.5,cheapest,cost_usd_per_mtok,USD/Mtok,0.152,0.004,3
0.5,cheapest,e2e_p99_s,s,44.1,7,2
1,random,cost_usd_per_mtok,USD/Mtok,0.33,0.02,3
1,random,e2e_p99_s,s,20.5,,1
1,cheapest,cost_usd_per_mtok,USD/Mtok,0.16,0.003,3
1,cheapest,e2e_p99_s,s,,,0
"""
SENSITIVITY = """factor,metric,index,value,low,high
traffic.load,e2e_p99_s,S1,0.61,0.5,0.72
traffic.load,e2e_p99_s,ST,0.7,0.6,0.8
traffic.warmup_s,e2e_p99_s,S1,0.02,-0.01,0.05
traffic.warmup_s,e2e_p99_s,ST,0.05,0.01,0.09
noise,e2e_p99_s,noise_share,0.1,,
"""
FAILURES = "row,replication,problem\n3,1,ScenarioError: a <b> & c\n"


def tournament_folder(out: Path) -> Path:
    """Run two policies at two loads, two replications each."""
    assert main(["run", "tournament", "duel", "--set", "traffic.duration_s=60", "--set", "traffic.warmup_s=10",
                 "--policies", "cheapest,random", "--loads", "0.8,1.2", "--replications", "2", "--jobs", "1",
                 "--out", str(out)]) == 0
    return out


def market_folder(out: Path, days: int = 100) -> Path:
    """Write a synthetic run of a market as `tokenmarket run market` does."""
    out.mkdir()
    scenario = load_market("openrouter-2026", [f"horizon.days={days}"])
    write_market(synthetic(days), scenario.name, out)
    write_manifest(provenance("market", {"replications": 1}, scenario, dict.fromkeys(CHECKS, 1)), out)
    return out


def sweep_folder(out: Path) -> Path:
    """Write a sweep with an index, a failed run and a cell without a value."""
    out.mkdir()
    for name, text in (("summary.csv", SWEEP), ("sensitivity.csv", SENSITIVITY), ("failures.csv", FAILURES)):
        (out / name).write_text(text)
    factor = {"path": "traffic.load", "values": [0.5, 1.0], "scale": "linear"}
    parameters = {"design": {"kind": "grid", "samples": 0, "factors": [factor]}, "policies": ["cheapest", "random"],
                  "replications": 3}
    write_manifest(provenance("sweep", parameters, load_traffic("duel"), {}), out)
    return out

"""Folders of a market for the tests of what is made from them, written from a synthetic run."""

import argparse
import json
from pathlib import Path

from experiments.cli import watch as commands
from worlds.market_pages import write_market
from worlds.synthetic_market import synthetic

MANIFEST = {
    "study": "market", "parameters": {"replications": 2}, "seed": 7, "scenario_hash": "ab" * 16,
    "scenario": {"name": "synthetic</script><b>", "description": "drawn, not simulated"},
}


def market_folder(folder: Path, days: int = 130) -> Path:
    """Write the folder of a synthetic run and return it."""
    folder.mkdir()
    write_market(synthetic(days=days), "synthetic", folder)
    files = dict.fromkeys(sorted(path.name for path in folder.iterdir()), "")
    (folder / "manifest.json").write_text(json.dumps({**MANIFEST, "files": files}), encoding="utf-8")
    return folder


def watch(*arguments: object) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser()
    commands.add(parser.add_subparsers())
    parsed = parser.parse_args(["watch", *map(str, arguments)])
    return parsed.command(parsed)

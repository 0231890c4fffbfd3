"""The tutorial: every block runs, in order, in an empty folder; with fewer replications and days than are written."""

import os
import re
import subprocess
import sys
from pathlib import Path

from worlds.places import ROOT

BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"# (\w+\.py)\n")
FEWER = {"--replications 5": "--replications 2", "--replications 3": "--replications 2", "load=1,2,4,8": "load=1,8",
         "horizon.days=60": "horizon.days=3 --set customers.requests_per_s=20"}


def test_the_tutorial_runs(tmp_path):
    binaries = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    for written, fewer in FEWER.items():
        assert written in page
        page = page.replace(written, fewer)
    blocks = BLOCK.findall(page)
    assert len(blocks) >= 9
    for language, text in blocks:
        if language == "python":
            (tmp_path / NAME.match(text)[1]).write_text(text, encoding="utf-8")
            continue
        for command in text.strip().splitlines():
            done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True,
                                  check=False)
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    for made in ("first/report/report.html", "load/metrics.png", "ttft.svg", "market/market.png"):
        assert (tmp_path / made).stat().st_size > 1000

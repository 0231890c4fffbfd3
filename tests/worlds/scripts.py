"""Scripts of users: run in a process of their own, with all warnings as errors."""

import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location

from worlds.places import ROOT


def run_as_script(code, tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(code)
    return subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def example(name):
    """Return a module of ``examples/``."""
    spec = spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

"""The notebook: every cell runs, in order, in an empty folder, and shows what it says it shows."""

import os

import pytest

from worlds.places import ROOT

NOTEBOOK = ROOT / "examples" / "notebooks" / "first_market.ipynb"


def shown(cell):
    """What a cell printed or returned, as text, by type."""
    found = {}
    for output in cell.get("outputs", []):
        for kind, text in output.get("data", {}).items():
            found[kind] = str(text)
        if output["output_type"] == "stream":
            found[output["name"]] = found.get(output["name"], "") + output["text"]
    return found


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Jupyter's own packages
def test_the_notebook_runs_in_an_empty_folder(tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("altair")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
    for cell in notebook.cells:  # a market of three days in place of twenty
        cell.source = cell.source.replace('"days": 20', '"days": 3').replace("replications=4", "replications=2")
    client = nbclient.NotebookClient(notebook, timeout=240, kernel_name="python3",
                                     resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    said = [shown(cell) for cell in notebook.cells if cell.cell_type == "code"]
    texts = "\n".join(text for it in said for text in it.values())
    assert "did you mean load?" in texts
    assert any("<table>" in it.get("text/html", "") and "power_of_d:d=2" in it["text/html"] for it in said)
    assert sum("image/png" in it for it in said) == 1
    assert any("vega-embed" in it.get("text/html", "") for it in said)
    assert "is not whole: 4 of 8 runs failed" in texts
    assert "traffic.load -1.0 lacks 2 of 2 runs" in texts
    assert (tmp_path / "runs.duckdb").exists()

"""Figures look the same whatever the user has told matplotlib."""

import os
import subprocess
import sys

from experiments.output.figure_style import panels, save, styled
from worlds.places import ROOT

DRAW = """
import sys
from pathlib import Path
from experiments.output.figure_style import panels, save, styled
with styled():
    figure, (axes,) = panels(1)
    axes.plot([1, 2, 3], [3, 1, 2], label="a")
    axes.set_title("Title")
    axes.legend()
save(figure, Path(sys.argv[1]) / "figure.svg")
"""
HOSTILE = """
font.size: 30
lines.linewidth: 9
axes.facecolor: black
savefig.dpi: 30
savefig.bbox: tight
savefig.transparent: True
svg.fonttype: none
pdf.fonttype: 42
path.simplify: False
axes.prop_cycle: cycler('color', ['red'])
figure.figsize: 1, 1
legend.frameon: True
"""


def test_a_matplotlibrc_changes_no_byte(tmp_path):
    found = []
    for name, text in (("plain", ""), ("hostile", HOSTILE)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "matplotlibrc").write_text(text)
        env = {**os.environ, "PYTHONPATH": str(ROOT), "MATPLOTLIBRC": str(folder)}
        subprocess.run([sys.executable, "-c", DRAW, str(folder)], cwd=folder, env=env, check=True)
        found.append({path.name: path.read_bytes() for path in folder.iterdir() if path.name != "matplotlibrc"})
    assert len(found[0]) == 3
    assert found[0] == found[1]


def test_a_figure_is_drawn_once_for_its_layout_and_once_a_format(tmp_path, monkeypatch):
    with styled():
        figure, (axes,) = panels(1)
        axes.plot([1, 2])
    drawn, draw = [], type(figure).draw
    monkeypatch.setattr(type(figure), "draw", lambda self, renderer: (drawn.append(1), draw(self, renderer))[1])
    save(figure, tmp_path / "one")
    assert len(drawn) == 4

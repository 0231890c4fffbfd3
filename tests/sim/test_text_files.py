"""Texts that users bring are read whatever their editors put before and between their lines."""

import codecs
from datetime import date
from pathlib import Path

import pytest

from experiments.extensions import use
from experiments.price_lists.price_sources import read_list
from providers.cost.gpu_prices import _read
from providers.entry.outlook import read_path
from providers.hardware.calibration import BUILT_IN, read_calibration
from providers.hardware.gpus import GPUS
from sim.market.models.catalogue import BUILT_IN as CATALOGUE
from sim.market.models.catalogue import read_catalogue
from sim.scenario.load import read_file
from sim.text_files import decoded, text_of, why_unread

CODINGS = {
    "plain": str.encode, "mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "UTF-16": lambda text: text.encode("utf-16"), "UTF-16 of the other end": lambda text:
    codecs.BOM_UTF16_BE + text.encode("utf-16-be"), "UTF-32": lambda text: text.encode("utf-32"),
}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("coding", CODINGS)
def test_marks_and_ends_of_lines_are_no_part_of_a_text(coding, end):
    assert decoded(CODINGS[coding](f"day,é{end}{end}0,1")) == "day,é\n\n0,1"


@pytest.mark.parametrize("coding", [name for name in CODINGS if name != "plain"])
def test_every_file_of_a_users_own_may_have_a_mark(tmp_path, coding):
    def written(name: str, text: str) -> Path:
        (tmp_path / name).write_bytes(CODINGS[coding](text.replace("\n", "\r\n")))
        return tmp_path / name

    assert read_file(written("s.toml", 'name = "é"\n')) == {"name": "é"}
    rents = _read(written("rents.csv", "day,gpu,usd_per_hour\n0,h100-sxm,2.4\n"), GPUS)
    assert [tuple(quote) for quote in rents["h100-sxm"]] == [(0.0, 2.4)]
    assert read_path(str(written("path.csv", "day,tokens\n0,5\n1,6\n"))).tolist() == [5.0, 6.0]
    models = written("models.csv", CATALOGUE.read_text(encoding="utf-8"))
    assert len(read_catalogue(models, date(2025, 1, 1))) == len(read_catalogue(CATALOGUE, date(2025, 1, 1))) > 100
    constants = read_calibration(written("c.toml", BUILT_IN.read_text(encoding="utf-8")))
    assert constants == read_calibration(BUILT_IN)
    prices = written("list.csv", "date,provider,model,usd_per_m_input,usd_per_m_output\n2026-10-01,a,m,1,2\n")
    assert len(list(read_list("csv", prices).rows)) == 1
    assert use(str(written("mine.py", f"NAME = {coding!r}\n"))).text == f"NAME = {coding!r}\n"


def test_why_a_file_was_not_read(tmp_path):
    (tmp_path / "bytes").write_bytes(b"\x80")
    for path, reason in ((tmp_path / "bytes", "it is not UTF-8 text, nor UTF-16 with a mark"),
                         (tmp_path / "none", "No such file or directory")):
        with pytest.raises((OSError, UnicodeDecodeError)) as caught:
            text_of(path)
        assert why_unread(caught.value) == reason

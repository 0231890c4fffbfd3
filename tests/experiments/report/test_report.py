"""Write-ups: what stands in them, that they are whole and alone, and that their bytes repeat."""

import argparse
import csv
import json
import math
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from experiments.cli import report as commands
from experiments.output.folder import FolderError, read_folder
from experiments.report import bibtex, html, latex
from experiments.report.blocks import Column, Table
from experiments.report.difference import against_built_in, flat
from experiments.report.grids import Estimate, cell, extremes
from experiments.report.numbers import measured, number
from experiments.report.write_up import write
from experiments.scenarios import load_traffic
from sim.errors import MarketError, OutputError
from sim.scenario.load import plain
from worlds import report_folders as writeups

VOID = {"meta", "link", "img", "br", "source"}


class Reader(HTMLParser):
    """Collects tags, ids, links and text; fails where tags do not nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.text = [], [], [], ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "title"} & set(self.open):
            self.text += data

    def of(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    top = tmp_path_factory.mktemp("runs")
    runs = {"tournament": writeups.tournament_folder(top / "t"), "market": writeups.market_folder(top / "m"),
            "sweep": writeups.sweep_folder(top / "s")}
    return {name: (run, write(run, run / "report")) for name, run in runs.items()}


@pytest.fixture(params=["tournament", "market", "sweep"])
def report(request, reports):
    return reports[request.param]


def test_the_page_nests_is_alone_and_its_links_lead_somewhere(report):
    page = Reader(report[1].read_text(encoding="utf-8"))
    assert len(page.ids) == len(set(page.ids))
    for link in page.of("a"):
        assert link["href"].startswith("#")
        assert link["href"][1:] in page.ids
    for _, attrs in page.tags:
        for name in ("src", "href", "srcset", "data"):
            assert not re.match(r"(?i)(https?:)?//", attrs.get(name) or "")
    assert not page.of("script")
    assert "url(" not in report[1].read_text(encoding="utf-8").partition("</style>")[0]
    for image in page.of("img"):
        assert image["src"].startswith("data:image/svg+xml;base64,")
        assert len(image["alt"]) > 20
    assert page.of("html")[0]["lang"] == "en"
    for anchor in ("question", "scenario", "limitations", "versions", "reproduce", "cite"):
        assert anchor in page.ids


def test_it_comes_with_markdown_latex_a_citation_and_figures(report):
    folder = report[1].parent
    markdown = (folder / "report.md").read_text(encoding="utf-8")
    for place in re.findall(r"\]\((figures/[^)]+)\)", markdown):
        assert (folder / place).stat().st_size > 5000
    tables = sorted((folder / "tables").iterdir())
    assert len(tables) >= 4
    for path in tables:
        text = path.read_text(encoding="utf-8")
        assert text.count(r"\toprule") == text.count(r"\bottomrule") == text.count(r"\end{tabular}") == 1
        columns = re.search(r"\\begin\{tabular\}\{((?:[lr]|p\{[^{}]+\})+)\}", text)[1]
        columns = re.sub(r"p\{[^{}]+\}", "p", columns)  # of sentences
        for line in text.partition(r"\toprule")[2].splitlines():
            if line.endswith(r"\\"):
                assert len(re.findall(r"(?<!\\)&", line)) == len(columns) - 1
    assert (folder / "citation.bib").read_text().startswith("@software{tokenmarket,")
    figures = list((folder / "figures").glob("*.svg"))
    for figure in figures:
        if figure.stem.endswith("-tall"):  # for screens only, and never without the wide one
            assert figure.with_name(figure.name.replace("-tall", "")) in figures
            continue
        assert figure.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
        assert figure.with_suffix(".png").stat().st_size > 5000


def test_the_bytes_repeat(report, tmp_path):
    run, page = report
    again = write(run, tmp_path / "again").parent
    files = sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert len(files) > 6
    for name in files:
        assert (again / name).read_bytes() == (page.parent / name).read_bytes(), name


def test_every_mean_of_a_tournament_stands_with_its_half_width_and_n(reports):
    run, page = reports["tournament"]
    text = Reader(page.read_text(encoding="utf-8")).text.replace("\u00a0", " ")
    rows = list(csv.DictReader((run / "summary.csv").read_text().splitlines()))
    cost = next(row for row in rows if row["metric"] == "cost_usd_per_mtok" and row["policy"] == "random")
    assert measured(float(cost["mean"]), float(cost["half_width"])) in text
    assert "over n = 2 replications" in text
    assert "Only 2 replications" in text
    assert "tokenmarket reproduce ." in text
    two = {"load": ["per good", "good", "completed", "cost", "TTFT p50", "TPOT p50", "E2E p50"],
           "tails": ["TTFT p90", "TTFT p99", "TTFT p99 of completed", "E2E p99", "E2E p99 of completed"]}
    costs = {row["policy"]: float(row["mean"]) for row in rows
             if row["metric"] == "cost_per_good_usd" and float(row["load"]) == 0.8}
    for name, columns in two.items():
        table = page.read_text(encoding="utf-8").partition(f'id="table-{name}-0.8"')[2].partition("</table>")[0]
        heads = re.findall(r'<th scope="col"[^>]*>(.*?)(?:<span|</th>)', table)
        assert [head.replace("\u00a0", " ").strip() for head in heads] == ["policy", *columns]
        lines = [it.removesuffix(" *") for it in re.findall(r'<th scope="row"[^>]*>(.*?)</th>', table)]
        assert lines == sorted(costs, key=costs.__getitem__)
        cells = re.findall(r"<td>(.*?)</td>", table)
        assert len(cells) == len(lines) * len(columns)
        assert all("±" in cell or cell == "–" for cell in cells)


def test_the_scenario_is_told_by_what_differs(reports):
    page = reports["tournament"][1].read_text(encoding="utf-8")
    table = page.partition('id="table-scenario"')[2].partition("</table>")[0]
    fields = re.findall(r'<th scope="row"[^>]*>(.*?)</th>', table)
    assert sorted(fields) == ["traffic.duration_s", "traffic.warmup_s"]


def test_differences_name_both_values_and_what_is_absent():
    scenario = plain(load_traffic("duel", ["traffic.load=1.25"]))
    assert against_built_in(scenario) == ("duel", [("traffic.load", "1", "1.25")])
    del scenario["providers"][next(iter(scenario["providers"]))]
    _, changes = against_built_in(scenario)
    assert len(changes) > 1
    assert any(after == "not there" for _, _, after in changes)
    assert dict(flat({"a.b": [{"c": None}], "d": [1.0, True]})) == {'"a.b"[0].c': "none", "d": "[1, true]"}


def test_a_sweep_shows_points_indices_and_failures(reports):
    run, page = reports["sweep"]
    text = Reader(page.read_text(encoding="utf-8")).text.replace("\u00a0", " ")
    for words in ("0.1520 ± 0.0040", "44.1 ± 7.0 (n = 2)", "20.50 (n = 1)", "0.61 [0.5, 0.72]",
                  "ScenarioError: a <b> & c", "4 points", "0.5, 1",
                  "makes 10 % of the variance"):
        assert words in text
    rows = [f"{load:.4f},cost_usd_per_mtok,USD/Mtok,{load},0.01,3" for load in (0.5 + i / 100 for i in range(60))]
    many = run.parent / "many"
    many.mkdir()
    (many / "summary.csv").write_text("\n".join(["traffic.load,metric,unit,mean,half_width,n", *rows]) + "\n")
    manifest = json.loads((run / "manifest.json").read_text())
    (many / "manifest.json").write_text(json.dumps({**manifest, "files": {"summary.csv": ""}}))
    page = write(many, many / "report").read_text(encoding="utf-8")
    assert "among 60 points" in page
    assert "1.090\u00a0±\u00a00.010 (n = 3)" in page


def test_what_has_changed_since_is_said(tmp_path):
    run = writeups.sweep_folder(tmp_path / "s")
    (run / "summary.csv").write_text(writeups.SWEEP.replace("0.152", "0.102"))
    page = write(run, tmp_path / "r").read_text(encoding="utf-8")
    assert "have changed since the manifest was written: <code>summary.csv</code>" in page


def test_a_study_that_nobody_knows_is_told(tmp_path):
    run = tmp_path / "p"
    run.mkdir()
    (run / "manifest.json").write_text('{"study": "mine", "parameters": {}, "files": {}}')
    with pytest.raises(MarketError, match=r"there is no study 'mine'; .* those of your own that --use names"):
        write(run, run / "report")


def test_folders_that_cannot_be_written_up(tmp_path):
    with pytest.raises(FolderError, match=r"has no manifest.json; give the folder of a finished study"):
        read_folder(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(FolderError, match="is not a manifest"):
        read_folder(tmp_path)
    run = writeups.sweep_folder(tmp_path / "s")
    with pytest.raises(FolderError, match="it holds a run"):
        write(run, run)
    (run / "summary.csv").unlink()
    with pytest.raises(FolderError, match=r"has no summary\.csv"):
        write(run, tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_other_files_in_the_folder_of_the_report_stay(tmp_path):
    run = writeups.sweep_folder(tmp_path / "s")
    mine = tmp_path / "paper" / "figures" / "mine.svg"
    write(run, tmp_path / "paper")
    mine.parent.mkdir(exist_ok=True)  # this sweep has no figures
    mine.write_text("<svg/>")
    write(run, tmp_path / "paper")
    assert mine.read_text() == "<svg/>"
    mine.rename(tmp_path / "other.svg")
    with pytest.raises(OutputError, match=r"it holds other files \(other\.svg, paper, s\)"):
        write(run, tmp_path)


@pytest.mark.parametrize(("mean", "half", "text"), [
    (0.15512, 0.00832, "0.1551 ± 0.0083"), (12.3456, 0.123, "12.35 ± 0.12"), (9.96, 0.0996, "9.96 ± 0.10"),
    (4312.0, 617.0, "4310 ± 620"), (-0.004, 0.3, "0.00 ± 0.30"), (-30.4, 2.6, "−30.4 ± 2.6"),
    (2.5e9, 3e8, "(2.50 ± 0.30) billion"), (math.nan, 1.0, "–"), (0.5, math.nan, "0.5000 (no interval)"),
    (1.0, 0.0, "1.000 ± 0"), (17.0, 5e5, "0 ± 500,000")])
def test_digits_follow_the_half_width(mean, half, text):
    assert measured(mean, half) == text


@pytest.mark.parametrize(("value", "text"), [
    (923758560.0, "923.8 million"), (7.7e-15, "0"), (0.0, "0"), (-0.5, "−0.5000"), (3.007e12, "3.007 trillion"),
    (12.0, "12"), (96680.4, "96,680"), (1.24e22, "1.24e+22")])
def test_numbers_read_well(value, text):
    assert number(value) == text


def test_latex_is_escaped():
    table = Table("x", "50 % & more", (Column("a_b", words=True), Column("c", "USD/$")), (("{x}~^\\", "−1 ± 2"),))
    text = latex.booktabs(table)
    assert r"50 \% \& more" in text
    assert r"\{x\}\textasciitilde{}\textasciicircum{}\textbackslash{} & $-$1 $\pm$ 2 \\" in text


def test_the_citation_takes_people_years_and_places(tmp_path):
    path = tmp_path / "CITATION.cff"
    path.write_text('title: "A: b"\nversion: 1.2.3\ndate-released: "2026-05-01"\nurl: https://example.org\nauthors:\n'
                    "  - family-names: Lovelace\n    given-names: Ada\n  - name: The Team\n")
    entry = bibtex.entry({"scenario_hash": "abc", "commit": {"id": "f00"}}, path)
    for line in ("title = {{A: b}}", "author = {Lovelace, Ada and {The Team}}", "version = {1.2.3}", "year = {2026}",
                 "url = {https://example.org}", "note = {commit f00, scenario abc}"):
        assert line in entry
    assert "title = {{tokenmarket: " in bibtex.entry({}, tmp_path / "none.cff")


def test_the_command(tmp_path, capsys):
    parser = argparse.ArgumentParser()
    commands.add(parser.add_subparsers())
    run = writeups.sweep_folder(tmp_path / "s")
    arguments = parser.parse_args(["report", str(run), "--question", "Why?"])
    assert arguments.command(arguments) == 0
    assert "Why?" in (run / "report" / "report.html").read_text(encoding="utf-8")
    assert "report.html" in capsys.readouterr().out


def test_a_factor_is_on_the_mean_and_on_its_half_width():
    assert measured(0.1234, 0.0056, 100.0) == "12.34 ± 0.56"
    assert measured(2.5e9, 0.4e9, 1e-9) == "2.50 ± 0.40"


def test_numbers_at_the_edges_of_what_is_written_out():
    assert number(1e15) == "1e+15"
    assert number(9.99e14) == "999 trillion"
    assert number(1e12) == "1 trillion"
    assert number(999_900_000_000.0) == "999.9 billion"
    assert number(1e9) == "1 billion"
    assert number(999_900_000.0) == "999.9 million"
    assert number(1e6) == "1 million"
    assert number(999_999.0) == "999,999"
    assert number(10_000.0) == "10,000"
    assert number(9_999.0) == "9999"
    assert number(10.0) == "10"
    assert number(9.0) == "9.000"
    assert number(1e-4) == "0.0001000"
    assert number(-9e-5) == "−9e-05"
    assert number(-2.5) == "−2.500"
    assert measured(5.0, 4e6) == "0 ± 4,000,000"
    assert measured(1e9, 1e6) == "(1.0000 ± 0.0010) billion"
    assert measured(5e8, 1e9) == "5e+08 ± 1e+09"
    assert measured(1e-6, 4e-7) == "1e-06 ± 4e-07"
    assert measured(1e-7, 4e-8) == "1e-07 ± 4e-08"
    assert measured(10_000.0, 4.0) == "10000.0 ± 4.0"
    assert measured(-3.0, 0.4) == "−3.00 ± 0.40"


def test_a_cell_without_a_value_says_so():
    assert cell(None, 1.0, 3) == cell(Estimate(math.nan, math.nan, 0), 1.0, 3) == "–"
    assert cell(Estimate(1.0, 0.1, 0), 1.0, 3) == cell(Estimate(math.nan, 0.1, 3), 1.0, 3) == "–"
    assert cell(Estimate(0.5, 0.04, 3), 100.0, 3) == "50.0 ± 4.0"
    assert cell(Estimate(0.5, 0.04, 2), 100.0, 3) == "50.0 ± 4.0 (n = 2)"
    assert cell(Estimate(0.5, math.nan, 1), 100.0, 1) == "50"


def test_extremes_stand_with_where_they_are_words_to_the_left():
    rows = [("cost_usd_per_mtok", "USD/Mtok", load, mean, 0.1, 5) for load, mean in ((1, 3.0), (2, 1.0), (4, 2.0))]
    summary = pd.DataFrame(rows, columns=["metric", "unit", "traffic.load", "mean", "half_width", "n"])
    found = extremes(summary, "extremes")
    assert [(column.head, column.words) for column in found.columns] == [
        ("metric", True), ("unit", True), ("lowest", False), ("at", True), ("highest", False), ("at", True)]
    assert found.rows == (
        ("cost", "USD per million tokens", "1.00 ± 0.10 (n = 5)", "traffic.load = 2",
         "3.00 ± 0.10 (n = 5)", "traffic.load = 1"),)


@pytest.mark.parametrize(("columns", "said"), [(3, 0), (4, 1)])
def test_a_table_that_a_phone_does_not_hold_says_that_it_scrolls(columns, said):
    shown = html._table(Table("t", "All.", (Column("a"),) * columns, (("1",) * columns,)))
    assert shown.count("Scrolls sideways") == said


def test_only_words_that_fit_no_column_may_be_broken_anywhere():
    unit, digest = Column("unit", words=True), Column("digest", words=True)
    assert html._class(unit, "billion parameters") == ' class="words"'
    assert html._class(digest, "7f3a0dc684c0bbb63ef8b2d4c088853a") == ' class="words long"'
    assert html._class(Column("cost"), "1" * 30) == ""

"""A stranger's folder: its words stay words in every form of the report, and its files are refused or harmless."""

import json
import os
import re
from pathlib import Path

import pandas as pd
import pytest

from experiments.output.folder import FolderError
from experiments.report import latex, markdown
from experiments.report.write_up import write
from experiments.watch.page import write as watch
from experiments.watch.reading import TABLES
from worlds import report_folders as writeups

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
PAYLOADS = (
    "<img src=x onerror=document.title='ran'>", "<script>document.title='ran'</script>",
    "\" onmouseover=\"document.title='ran'\" x=\"", "[press](javascript:document.title='ran')",
    "![x](https://evil.example/x.png)", "a | b || c", "``` \n\n# heading\n\n<b>bold</b>", "`a` `b <i>i</i>",
    "\n\n<iframe src=https://evil.example></iframe>", "*bold* _it_ ~~no~~ \\[x](y)", "\\input{/etc/passwd} $x$ {} %",
    "<https://evil.example>", "&lt;img&gt; &#60;b&#62;", "1. one", "- [x] point", "---", "\u2028# sep",
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A folder of a sweep in which every free text is a payload."""
    folder = writeups.sweep_folder(tmp_path_factory.mktemp("hostile") / "s")
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    words = " ".join(PAYLOADS)
    manifest["scenario"] |= {"name": words, "description": words}
    manifest["scenario"]["routers"] = {words: {words: words}}
    manifest["parameters"][words] = words
    manifest["versions"][words] = words
    manifest["commit"] = {"id": words, "modified": False}
    manifest["inputs"] = {words: words}
    manifest["invariants"] = {words: words}
    summary = pd.read_csv(folder / "summary.csv")
    column = next(name for name in summary.columns if name not in ("metric", "unit", "mean", "half_width", "n"))
    summary[column] = [PAYLOADS[row % len(PAYLOADS)] for row in range(len(summary))]
    summary.to_csv(folder / "summary.csv", index=False)
    path.write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="module")
def written(hostile):
    return write(hostile, hostile / "report", question="".join(PAYLOADS)).parent


def test_markdown_holds_no_markup_but_its_own(written):
    markdown_it = pytest.importorskip("markdown_it")
    parser = markdown_it.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = parser.parse((written / "report.md").read_text(encoding="utf-8"))
    inner = [child for token in tokens for child in token.children or ()]
    assert [token for token in tokens if token.type == "html_block"] == []
    assert [token for token in inner if token.type in ("html_inline", "s_open", "link_open")] == []
    assert all(token.attrs["src"].startswith("figures/") for token in inner if token.type == "image")
    assert {token.tag for token in tokens if token.type == "heading_open"} == {"h1", "h2"}
    heads = [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "heading_open"]
    assert {"Question", "Scenario", "Versions", "How to cite"} <= set(heads)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_one_paragraph_or_one_cell(payload):
    markdown_it = pytest.importorskip("markdown_it")
    parser = markdown_it.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = parser.parse(markdown.inline(payload))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert {child.type for child in tokens[1].children} <= {"text", "code_inline"}
    shown = "".join(child.content for child in tokens[1].children)
    bare = re.sub(r"\s+", "", payload).replace("`", "")
    assert re.sub(r"\s+", "", shown).replace("`", "") == bare
    cells = parser.parse(f"| a | b |\n| --- | --- |\n| {markdown.inline(payload, in_table=True)} | x |")
    assert [token.type for token in cells].count("td_open") == 2


def test_latex_and_bibtex_hold_no_command_of_a_strangers(written):
    for path in [*(written / "tables").iterdir(), written / "citation.bib"]:
        text = path.read_text(encoding="utf-8")
        assert "\\input" not in text
        assert "[press]" not in text
    assert latex.escaped("[x]\n\\y") == r"{[}x{]} \textbackslash{}y"
    entry = (written / "citation.bib").read_text(encoding="utf-8")
    assert entry.count("\n") == len(re.findall(r"^  \w[\w-]* = ", entry, re.MULTILINE)) + 2


def test_lines_to_copy_into_a_shell_hold_no_command_of_a_strangers(written):
    import shlex

    block = re.search(r"```+\n(# Python.*?)\n```+", (written / "report.md").read_text(encoding="utf-8"), re.DOTALL)
    words = shlex.split(block[1], comments=True)
    assert words[:2] == ["git", "checkout"]
    assert words[3:8] == ["python", "-m", "pip", "install", "-e"]


def test_no_script_runs_in_a_browser_and_nothing_is_asked_for(written):
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    asked: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(offline=True).new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto((written / "report.html").as_uri())
        for element in page.locator("header *").all()[:20]:
            element.dispatch_event("mouseover")
        assert page.title() != "ran"
        assert page.evaluate("document.querySelectorAll('script, iframe, [onerror], [onmouseover]').length") == 0
        # were there a script after all, the page's policy would not let it run
        page.evaluate("document.body.append(Object.assign(document.createElement('script'),"
                      " {textContent: 'document.title = \"ran\"'}))")
        assert page.title() != "ran"
        browser.close()
    assert all(url.startswith(("file:", "data:")) for url in asked)


DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" width="10pt">{}</svg>'


@pytest.mark.parametrize("inside", [
    "<script>1</script>", '<g onload="x()"/>', '<x:script xmlns:x="http://www.w3.org/2000/svg"/>', "<foreignObject/>",
    '<a href="javascript:x()"/>', '<image href="https://evil.example/x.png"/>', "<style>@import 'x'</style>",
    '<a href="&#106;avascript:x()"/>', "<a href=javascript:x()>", '<set attributeName="href"/>',
])
def test_a_drawing_that_does_more_than_draw_is_refused(tmp_path, inside):
    folder = _with_file(tmp_path, "evil.svg")
    (folder / "evil.svg").write_text(DRAWING.format(inside))
    with pytest.raises(FolderError, match=r"evil\.svg, line 1, holds .*which no drawing of this package does"):
        write(folder, tmp_path / "out")
    assert not (tmp_path / "out" / "report.html").exists()


def test_links_and_files_elsewhere_are_refused(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("what only the reader knows")
    folder = _with_file(tmp_path, "evil.svg")
    (folder / "evil.svg").symlink_to(secret)
    with pytest.raises(FolderError, match=r"evil\.svg is a link and not a file"):
        write(folder, tmp_path / "out")
    for name in ("../secret.txt", "/etc/passwd", "a/b.svg", "..", "a\nb.svg", "a\\b.svg"):
        with pytest.raises(FolderError, match="under plain names"):
            write(_with_file(tmp_path, name), tmp_path / "out")


@pytest.mark.parametrize("name", ["summary.csv", "manifest.json"])
def test_tables_that_are_links_are_refused(tmp_path, name):
    folder = writeups.sweep_folder(tmp_path / "s")
    (folder / name).rename(tmp_path / name)
    (folder / name).symlink_to(tmp_path / name)
    with pytest.raises(FolderError, match="is a link and not a file"):
        write(folder, tmp_path / "out")


def test_watch_reads_no_links_either(tmp_path):
    manifest = {"study": "market", "files": {f"{name}.csv": "" for name in TABLES}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    for name in manifest["files"]:
        (tmp_path / name).symlink_to("/etc/passwd")
    with pytest.raises(FolderError, match="is a link and not a file"):
        watch(tmp_path, tmp_path / "watch.html")


@pytest.mark.parametrize(("field", "value"), [
    ("parameters", {}), ("parameters", []), ("files", "x"), ("scenario", [1]), ("versions", 3), ("commit", {"id": 3}),
    ("invariants", {"a": {"held_in_runs": "x"}}), ("scenario", {"traffic": {"duration_s": "x", "warmup_s": "y"}}),
])
def test_a_manifest_of_other_types_is_one_sentence_or_a_report(tmp_path, field, value):
    folder = writeups.sweep_folder(tmp_path / "s")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {field: value}))
    try:
        assert write(folder, tmp_path / "out").exists()
    except FolderError as error:
        assert str(folder) in str(error)  # noqa: PT017 - either is right


def _with_file(tmp_path, name):
    folder = tmp_path / "s"
    if not folder.exists():
        writeups.sweep_folder(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    kept = {key: value for key, value in manifest["files"].items() if not key.endswith(".svg")}
    manifest["files"] = kept | {name: "0"}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder

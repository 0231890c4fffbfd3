"""Write-ups in a real Chromium, on phone and desk, light and dark: figures show, links work, nothing overflows."""

import os
from pathlib import Path

import pytest

from experiments.report.write_up import write
from worlds import report_folders as writeups

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")
OVERFLOW = """() => [...document.querySelectorAll('body *')].filter(e => !e.closest('.box') && !e.closest('pre')
  && !e.matches('.skip') && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + '#' + e.id)"""
SHADES = """image => { const c = document.createElement('canvas'); c.width = 300; c.height = 200;
  const g = c.getContext('2d'); g.drawImage(image, 0, 0, 300, 200);
  const d = g.getImageData(0, 0, 300, 200).data, seen = new Set();
  for (let i = 0; i < d.length; i += 4) seen.add(d[i] << 24 | d[i + 1] << 16 | d[i + 2] << 8 | d[i + 3]);
  return seen.size; }"""
CONTRAST = """elements => { const lum = s => { const v = s.match(/[0-9.]+/g).slice(0, 3).map(x => x / 255)
    .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  const back = lum(getComputedStyle(document.body).backgroundColor);
  return Math.min(...elements.map(e => lum(getComputedStyle(e).color))
    .map(a => (Math.max(a, back) + 0.05) / (Math.min(a, back) + 0.05))); }"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    top = tmp_path_factory.mktemp("pages")
    runs = {"tournament": writeups.tournament_folder(top / "t"), "market": writeups.market_folder(top / "m"),
            "sweep": writeups.sweep_folder(top / "s")}
    return {name: write(run, run / "report").as_uri() for name, run in runs.items()}


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.mark.parametrize("study", ["tournament", "market", "sweep"])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_a_reader_sees_everything(browser, pages, study, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages[study])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OVERFLOW) == []
    images = page.locator("figure img")
    assert images.count() == {"tournament": 2, "market": 9, "sweep": 0}[study]
    for image in images.all():
        box = image.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 150
        assert image.evaluate("image => image.naturalWidth") > 100
        assert image.evaluate(SHADES) > 20
    assert page.locator("p, h1, h2, li, th, td, figcaption, a:not(.skip)").evaluate_all(CONTRAST) >= 4.5
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert back == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 24, 29)")
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_links_lead_to_their_sections_and_tables_scroll_in_their_boxes(browser, pages, width):
    context = browser.new_context(viewport={"width": width, "height": 500}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(pages["tournament"])
    page.add_style_tag(content="html { scroll-behavior: auto !important }")
    links = page.locator("nav a")
    assert links.count() >= 8
    for link in links.all():
        link.click()
        target = page.locator(link.get_attribute("href") + " h2")
        box = target.bounding_box()
        assert box is not None
        assert -1 <= box["y"] < 500
    box = page.locator(".table .box").first
    before = page.evaluate("scrollX")
    box.evaluate("element => { element.scrollLeft = 50; }")
    assert page.evaluate("scrollX") == before
    assert (box.evaluate("element => element.scrollLeft") > 0) == (width == 390)
    page.locator("summary").first.click()
    assert page.locator("details table").first.is_visible()
    context.close()


CORNER = """image => { const c = document.createElement('canvas'); c.width = c.height = 8;
  const g = c.getContext('2d'); g.drawImage(image, 0, 0, 8, 8); return [...g.getImageData(0, 0, 1, 1).data]; }"""


def test_figures_take_the_colours_of_the_page_and_stack_on_a_phone(browser, pages):
    for width, scheme, back in ((1280, "light", 255), (390, "dark", 20)):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page = context.new_page()
        page.goto(pages["tournament"])
        image = page.locator("figure img").last
        assert abs(image.evaluate(CORNER)[0] - back) < 12
        box = image.bounding_box()
        assert (box["height"] > 2 * box["width"]) == (width == 390)
        context.close()


def test_what_scrolls_says_so_and_nothing_else_does(browser, pages):
    for width in (1280, 390):
        context = browser.new_context(viewport={"width": width, "height": 800})
        page = context.new_page()
        page.goto(pages["tournament"])
        page.wait_for_timeout(100)
        told = page.evaluate("""[...document.querySelectorAll('.table')].filter(it => !it.querySelector('details'))
          .map(it => { const box = it.querySelector('.box'), hint = it.querySelector('.hint');
            return [box.scrollWidth > box.clientWidth,
                    hint !== null && getComputedStyle(hint).visibility === 'visible']; })""")
        assert any(scrolls for scrolls, _ in told) == (width == 390)
        assert [said for scrolls, said in told if scrolls] == [True] * sum(scrolls for scrolls, _ in told)
        assert not any(said for scrolls, said in told if not scrolls)
        context.close()

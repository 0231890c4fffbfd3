"""The page of a market's run in a real browser: time moves what it shows, nothing breaks, nothing sticks out."""

from pathlib import Path

import pytest

from watch_pages import market_folder, watch

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync")

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs /usr/bin/chromium")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = market_folder(tmp_path_factory.mktemp("watch") / "run")
    watch(folder)
    return (folder / "watch.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def opened(browser, address):
    """A function that opens the page at a width; at the end, nothing may have been complained of or fetched."""
    said, contexts = [], []

    def at(width: int, scheme: str = "light", time: int = 0):
        context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if not request.url.startswith(
            ("file:", "data:")) else None)
        page.goto(address)
        page.locator("#time").fill(str(time))
        return page

    yield at
    for context in contexts:
        context.close()
    assert said == []


def shown(page) -> list[str]:
    """What the page says now."""
    panels = ("when", "tiles", "prices-legend", "shares-legend", "graph-moves", "offers-table", "load")
    return [page.text_content(f"#{name}") for name in panels]


def test_the_slider_moves_the_numbers(opened):
    page = opened(1280)
    first = shown(page)
    page.locator("#time").fill("12")
    later = shown(page)
    assert later[0] == "Week of 26 Mar 2025week 13 of 19"
    assert all(a != b for a, b in zip(first, later, strict=True))
    page.locator("#time").fill("0")
    assert shown(page) == first


def test_the_cursor_and_the_dots_move(opened):
    page = opened(1280)
    lines = "[...document.querySelectorAll('#prices line')].map(it => it.getAttribute('x1')).join()"
    radii = "[...document.querySelectorAll('#graph circle')].map(it => it.getAttribute('r')).join()"
    places, sizes = [], []
    for time in (0, 9, 18):
        page.locator("#time").fill(str(time))
        places.append(page.evaluate(lines))
        sizes.append(page.evaluate(radii))
    assert len(set(places)) == len(set(sizes)) == 3


def test_play_goes_on_pauses_and_stops_at_the_end(opened):
    page = opened(1280)
    page.select_option("#speed", "12")
    page.click("#play")
    page.wait_for_function("() => state.t >= 3")
    page.click("#play")
    stopped = page.evaluate("state.t")
    page.wait_for_timeout(400)
    assert page.evaluate("state.t") == stopped
    page.keyboard.press("End")
    assert page.evaluate("state.t") == 18
    page.keyboard.press("Home")
    page.click("#play")
    page.wait_for_function("() => state.t === 18 && !state.timer")
    assert page.get_attribute("#play", "aria-label") == "Play"


def test_keys_step_and_play(opened):
    page = opened(1280)
    for key, expected in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 18), ("ArrowRight", 18),
                          ("Home", 0), ("ArrowLeft", 0)):
        page.keyboard.press(key)
        assert page.evaluate("state.t") == expected
    page.locator("#time").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("state.t") == 1
    page.keyboard.press(" ")
    page.wait_for_function("() => state.t >= 2")


def test_dragging_on_a_chart_moves_time(opened):
    page = opened(1280)
    box = page.locator("#prices").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.down()
    middle = page.evaluate("state.t")
    page.mouse.move(box["x"] + box["width"] - 4, box["y"] + 40)
    page.mouse.up()
    assert 7 <= middle <= 11
    assert page.evaluate("state.t") == 18


def test_a_model_and_a_way_to_share_can_be_chosen(opened):
    page = opened(1280, time=15)
    for model, hosts in (("terra-8b", 5), ("aurora-1", 1)):
        page.select_option("#model", label=f"{model} ({hosts} provider{'s' if hosts > 1 else ''})")
        assert page.locator("#offers-table tbody tr").count() == hosts
    for how, one in (("size_class", "frontier"), ("creator", "Meadow"), ("model", "terra-8b")):
        page.check(f"#by input[value={how}]")
        assert one in page.text_content("#shares-legend")
        shares = page.locator("#shares-legend b, #shares-legend strong").all_text_contents()
        assert sum(float(share.strip(" %\u202f\u2009\xa0")) for share in shares) == pytest.approx(100, abs=0.7)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_and_texts_can_be_read(opened, width, scheme):
    page = opened(width, scheme, 10)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("""[...document.querySelectorAll('main *')].filter(it => {
        const box = it.getBoundingClientRect(); return box.width && box.right > innerWidth + 1; }).length""") == 0
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    lightness = sum(int(part) for part in ground.removeprefix("rgb(").rstrip(")").split(",")) / 3
    assert lightness > 200 if scheme == "light" else lightness < 60
    assert page.evaluate("""Math.min(...[...document.querySelectorAll('.chart svg text')].map(
        it => parseFloat(getComputedStyle(it).fontSize)))""") >= 10


def test_turning_a_phone_redraws_the_charts(opened):
    page = opened(390, time=5)
    before = page.get_attribute("#prices svg", "viewBox")
    page.set_viewport_size({"width": 844, "height": 390})
    page.wait_for_function(f"() => document.querySelector('#prices svg').getAttribute('viewBox') !== '{before}'")
    assert page.evaluate("state.t") == 5

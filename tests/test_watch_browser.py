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

    def at(width: int, scheme: str = "light", mark: str = ""):
        context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if not request.url.startswith(
            ("file:", "data:")) else None)
        page.goto(address + mark)
        return page

    yield at
    for context in contexts:
        context.close()
    assert said == []


def shown(page) -> list[str]:
    """What the page says now."""
    return [page.text_content(f"#{name}") for name in ("date", "numbers", "offers-now", "shares-now", "loads", "moves")]


def test_the_slider_moves_the_numbers(opened):
    page = opened(1280)
    first = shown(page)
    page.locator("#time").fill("12")
    later = shown(page)
    assert later[0] == "7 days from 2025-03-26"
    assert all(a != b for a, b in zip(first, later, strict=True))
    page.locator("#time").fill("0")
    assert shown(page) == first


def test_the_cursor_and_the_dots_move(opened):
    page = opened(1280)
    where = "document.querySelector('#series .cursor').getAttribute('x1')"
    radii = "[...document.querySelectorAll('#graph circle')].map(it => +it.getAttribute('r'))"
    places, sizes = [], []
    for time in (0, 9, 18):
        page.locator("#time").fill(str(time))
        places.append(float(page.evaluate(where)))
        sizes.append(page.evaluate(radii))
    assert places[0] < places[1] < places[2]
    assert sizes[0] != sizes[1] != sizes[2]
    assert page.locator("#graph path.move").count() > 0


def test_play_goes_on_pauses_and_stops_at_the_end(opened):
    page = opened(1280)
    page.select_option("#speed", "120")
    page.click("#play")
    page.wait_for_function("() => now >= 3")
    page.click("#play")
    stopped = page.evaluate("now")
    page.wait_for_timeout(400)
    assert page.evaluate("now") == stopped
    page.keyboard.press("End")
    assert page.evaluate("now") == 18
    page.keyboard.press("Home")
    page.click("#play")
    page.wait_for_function("() => now === 18 && playing === null")
    assert page.text_content("#play") == "Play"


def test_keys_step_leap_and_play(opened):
    page = opened(1280)
    for key, expected in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("PageDown", 3), ("End", 18),
                          ("ArrowRight", 18), ("Home", 0), ("ArrowLeft", 0)):
        page.keyboard.press(key)
        assert page.evaluate("now") == expected
    page.locator("#time").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("now") == 1
    page.keyboard.press(" ")
    page.wait_for_function("() => now >= 2")


def test_a_model_and_a_way_to_share_can_be_chosen(opened):
    page = opened(1280, mark="#t=15")
    for model in ("terra-8b", "aurora-1"):
        page.select_option("#model", model)
        rows = page.locator("#offers-now .row.offer:not(.head)").count()
        assert rows == (5 if model == "terra-8b" else 1)
    for how, one in (("size class", "frontier"), ("creator", "Meadow"), ("open or closed", "closed"),
                     ("provider", "atlas"), ("model", "terra-8b")):
        page.select_option("#share", how)
        assert one in page.text_content("#shares-now")
        shares = page.locator("#shares-now .right").all_text_contents()
        assert sum(float(share.removesuffix(" %")) for share in shares) == pytest.approx(100, abs=0.5)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_and_texts_can_be_read(opened, width, scheme):
    page = opened(width, scheme, "#t=10")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("""[...document.querySelectorAll('main *')].filter(it => {
        const box = it.getBoundingClientRect(); return box.width && box.right > innerWidth + 1; }).length""") == 0
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
    assert page.evaluate("""Math.min(...[...document.querySelectorAll('svg text')].map(
        it => parseFloat(getComputedStyle(it).fontSize)))""") >= 12


def test_turning_a_phone_redraws_the_charts(opened):
    page = opened(390, mark="#t=5")
    before = page.get_attribute("#series svg", "viewBox")
    page.set_viewport_size({"width": 844, "height": 390})
    page.wait_for_function(f"() => document.querySelector('#series svg').getAttribute('viewBox') !== '{before}'")
    assert page.evaluate("now") == 5

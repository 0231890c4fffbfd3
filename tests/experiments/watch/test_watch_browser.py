"""The page of a market's run in a real Chromium: time moves what it shows, nothing breaks, nothing sticks out."""

import os
from pathlib import Path

import pytest

from worlds.watch_folders import market_folder, watch

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")
PANELS = ("when", "tiles", "prices-legend", "shares-legend", "graph-moves", "offers-table", "load")
LAST = 18
OUTSIDE = """[...document.querySelectorAll('body *')].filter(it => { const box = it.getBoundingClientRect();
  return box.width && (box.right > innerWidth + 1 || box.left < -1); }).map(it => it.tagName + '.' + it.id)"""
CONTRAST = """elements => { const lum = s => { const v = s.match(/[0-9.]+/g).slice(0, 3).map(x => x / 255)
    .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  const back = lum(getComputedStyle(document.body).backgroundColor);
  return Math.min(...elements.map(e => lum(getComputedStyle(e)[e.closest('svg') ? 'fill' : 'color']))
    .map(a => (Math.max(a, back) + 0.05) / (Math.min(a, back) + 0.05))); }"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = market_folder(tmp_path_factory.mktemp("watch") / "run")
    watch(folder)
    return (folder / "watch.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def opened(browser, address):
    """A function that opens the page at a width; at the end, nothing may have been complained of or fetched."""
    said: list[str] = []
    contexts = []

    def at(width: int, scheme: str = "light", mark: str = "", other: str = ""):
        context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if not request.url.startswith(
            ("file:", "data:")) else None)
        page.goto((other or address) + mark)
        return page

    yield at
    for context in contexts:
        context.close()
    assert said == []


def shown(page) -> list[str]:
    """What the page says now, panel by panel."""
    return [page.text_content(f"#{name}") for name in PANELS]


def now(page) -> int:
    """The period that is shown."""
    value = page.evaluate("state.t")
    assert page.input_value("#time") == str(value)
    return int(value)


def test_the_slider_moves_the_numbers_of_every_panel(opened):
    page = opened(1280)
    first = shown(page)
    page.locator("#time").fill("12")
    later = shown(page)
    assert later[0] == "Week of 26 Mar 2025week 13 of 19"
    assert all(a != b for a, b in zip(first, later, strict=True))
    page.locator("#time").fill("0")
    assert shown(page) == first


def test_tiles_say_what_the_tables_say(opened):
    page = opened(1280, mark="#t=7")
    market = page.evaluate("({...Object.fromEntries(Object.entries(story.market).map(([k, v]) => [k, v[7]])),"
                           "days: story.days[7]})")
    said = dict(zip(page.locator("#tiles dt").all_text_contents(), page.locator("#tiles dd").all_text_contents(),
                    strict=True))
    assert float(said["Price, USD/Mtok"]) == pytest.approx(market["price_usd_per_mtok"], rel=0.006)
    assert said["Offers listed"] == str(market["offers_listed_at_end"])
    assert said["Workloads moved in the week"] == str(market["switches"])
    assert page.locator("#graph-moves").text_content().startswith(f"{market['switches']} workload")


def test_a_week_that_is_cut_says_so(opened):
    page = opened(1280)
    assert page.text_content("#when").endswith("week 1 of 19")
    page.locator("#time").fill(str(LAST))
    assert page.text_content("#when").endswith("week 19 of 19, 4 of 7 days")  # 130 days


def test_the_cursor_the_dots_and_the_moves_move(opened):
    page = opened(1280)
    where = "document.querySelector('#prices .cursor').getAttribute('x1')"
    radii = "[...document.querySelectorAll('#graph .node')].map(it => +it.getAttribute('r'))"
    places, sizes, moves = [], [], []
    for time in (0, 9, LAST):
        page.locator("#time").fill(str(time))
        places.append(float(page.evaluate(where)))
        sizes.append(tuple(page.evaluate(radii)))
        moves.append(page.locator("#graph path.move").count())
        assert moves[-1] == page.evaluate(f"story.moves[{time}].length")
    assert places[0] < places[1] < places[2]
    assert len(set(sizes)) == 3
    assert sum(moves) > 0


def test_play_goes_on_pauses_and_stops_at_the_end(opened):
    page = opened(1280)
    page.select_option("#speed", "12")
    page.click("#play")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.wait_for_function("() => state.t >= 2")
    page.click("#play")
    stopped = now(page)
    page.wait_for_timeout(400)
    assert now(page) == stopped
    page.click("#play")
    page.wait_for_function(f"() => state.t === {LAST} && !state.timer")
    assert page.get_attribute("#play", "aria-label") == "Play"
    page.click("#play")  # from the end it starts over
    page.wait_for_function(f"() => state.timer && state.t < {LAST}")


def test_keys_step_jump_and_play(opened):
    page = opened(1280)
    for key, expected in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("PageDown", 5), ("PageUp", 1),
                          ("End", LAST), ("ArrowRight", LAST), ("Home", 0), ("ArrowLeft", 0)):
        page.keyboard.press(key)
        assert now(page) == expected
    page.locator("#time").focus()
    page.keyboard.press("ArrowRight")
    assert now(page) == 1
    page.keyboard.press(" ")
    page.wait_for_function("() => state.t >= 2")
    page.keyboard.press(" ")
    assert page.evaluate("state.timer") == 0
    page.locator("#model").focus()
    before = now(page)
    page.keyboard.press("End")  # belongs to the list of models
    assert now(page) == before


def test_labels_of_models_do_not_cover_each_other(opened):
    page = opened(390, mark="#t=15")
    assert page.locator("#graph text.name").count() >= 3
    assert page.evaluate("""(() => { const boxes = [...document.querySelectorAll('#graph text.name')]
      .map(it => it.getBoundingClientRect()); return boxes.some((a, i) => boxes.slice(i + 1).some(b =>
        a.left < b.right - 4 && b.left < a.right - 4 && Math.abs(a.top - b.top) < 8)); })()""") is False


def test_a_drag_on_a_chart_goes_to_that_week(opened):
    page = opened(1280)
    box = page.locator("#shares svg").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    assert now(page) <= 1
    page.mouse.move(box["x"] + box["width"] - 12, box["y"] + 60)
    page.mouse.up()
    assert now(page) == LAST
    page.mouse.move(box["x"] + 60, box["y"] + 60)  # no button is down
    assert now(page) == LAST


def test_a_model_can_be_chosen_from_the_list_or_the_graph(opened):
    page = opened(1280, mark="#t=15")
    for model in ("terra-8b", "aurora-1"):
        row = page.evaluate(f"String(names.indexOf('{model}'))")
        page.select_option("#model", row)
        offers = page.evaluate(f"story.offers.filter(it => it.model === '{model}').length")
        assert page.locator("#offers-table tbody tr").count() == offers > 0
        assert page.locator("#graph .node.chosen").get_attribute("data-model") == model
    page.locator("#graph .node[data-model='terra-8b']").dispatch_event("click")
    assert page.locator("#model option:checked").text_content().startswith("terra-8b (5 providers)")


@pytest.mark.parametrize(("by", "one"), [("model", "terra-8b"), ("size_class", "frontier"), ("creator", "Meadow"),
                                         ("open", "closed"), ("provider", "atlas")])
def test_shares_add_up_by_whatever_they_are(opened, by, one):
    page = opened(1280, mark="#t=15")
    page.check(f"#by input[value={by}]")
    assert one in page.text_content("#shares-legend")
    shares = page.locator("#shares-legend b").all_text_contents()
    assert sum(float(share.rstrip("\u202f%")) for share in shares) == pytest.approx(100, abs=0.6)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_and_texts_can_be_read(opened, width, scheme):
    page = opened(width, scheme, "#t=10")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OUTSIDE) == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 24, 29)")
    assert page.locator("p, h1, h2, li, th, td, dt, dd, label, output, svg text").evaluate_all(CONTRAST) >= 4.5
    page.evaluate("scrollTo(0, 1500)")
    assert page.locator("#play").bounding_box()["y"] < 100  # the bar stays in sight


def test_turning_a_phone_redraws_the_charts_at_the_same_moment(opened):
    page = opened(390, mark="#t=5")
    before = page.get_attribute("#prices svg", "viewBox")
    page.set_viewport_size({"width": 844, "height": 390})
    page.wait_for_function(f"() => document.querySelector('#prices svg').getAttribute('viewBox') !== '{before}'")
    assert now(page) == 5


def test_a_single_day_has_nothing_to_play(opened, tmp_path):
    folder = market_folder(tmp_path / "day", days=1)
    watch(folder)
    page = opened(390, other=(folder / "watch.html").as_uri())
    assert page.locator("#play").is_disabled()
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    assert now(page) == 0
    assert page.text_content("#when") == "1 Jan 2025day 1 of 1"

"""The one kind of page as its reader meets it: opened in a real browser."""

from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from bioscnn.report.render import write_page
from tests.browser.conftest import assert_everything_fits, open_alone
from tests.hostile import PRODUCT, TEXT
from tests.page import make_page

pytestmark = pytest.mark.browser

SECTIONS = ("summary", "figures", "numbers", "texts", "more", "entry", "provenance")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("text", ["A plain text.", "verylongword" * 20])
def test_everything_fits_whatever_the_text(browser: Browser, tmp_path: Path, width: int, text: str):
    page = open_alone(browser, write_page(make_page(text, simulated=True), tmp_path), width)
    assert_everything_fits(page, width, SECTIONS, n_pictures=3)
    page.close()


@pytest.mark.parametrize("text", ["A plain text.", "verylongword" * 20])
def test_on_a_phone_a_row_keeps_its_name_in_view_and_leaves_room_for_its_cells(
    browser: Browser, tmp_path: Path, text: str
):
    page = open_alone(browser, write_page(make_page(text), tmp_path), 390)
    name, cell = page.locator("#numbers tbody th[scope=row]").first, page.locator("#numbers td").nth(1)
    before = name.bounding_box()
    page.locator("#numbers .scroll").evaluate("table => { table.scrollLeft = 60 }")
    after, beside = name.bounding_box(), cell.bounding_box()
    assert before is not None
    assert after is not None
    assert beside is not None
    assert after["x"] == before["x"]
    assert 40 < after["width"] < 0.5 * 390
    assert beside["x"] < 390
    page.close()


def test_text_that_looks_like_code_is_shown_and_never_run(browser: Browser, tmp_path: Path):
    page = open_alone(browser, write_page(make_page(TEXT), tmp_path), 1280)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.title() == f"{TEXT}: {TEXT} · bioscnn"
    assert page.locator("script").count() == 0
    assert page.locator("img").count() == 3
    shown = page.locator("body").inner_text()
    assert (
        shown.count("{{ 7191 * 7 }}")
        == shown.count("document.title = 'it ran'")
        == shown.count("{% raw %}")
        > 40
    )
    assert PRODUCT not in shown
    assert {image.get_attribute("alt") for image in page.locator("img").all()} == {TEXT}
    assert page.locator("pre").inner_text() == f"{TEXT}\n  {TEXT}"
    page.close()


def test_a_page_would_run_nothing_even_if_a_text_were_not_escaped(browser: Browser, tmp_path: Path):
    path = write_page(make_page(), tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("<main>", f"<main>{TEXT}"), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.locator("script, img[src=x]").count() == 2
    assert page.title() == "A plain text: A plain text · bioscnn"
    page.close()


def test_a_reader_who_does_not_see_finds_one_heading_named_figures_and_what_cells_belong_to(
    browser: Browser, tmp_path: Path
):
    page = open_alone(browser, write_page(make_page(), tmp_path), 1280)
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(h => Number(h.tagName[1]))")
    assert levels[:2] == [1, 2]
    assert levels.count(1) == 1
    assert max(below - above for above, below in pairwise(levels)) <= 1
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("tbody tr > :first-child:not(th)").count() == 0
    assert page.locator("img:not([alt])").count() == 0
    assert page.locator("html").get_attribute("lang") == "en"
    page.close()


def test_the_keyboard_reaches_every_link_every_folded_part_and_every_table(browser: Browser, tmp_path: Path):
    page = open_alone(browser, write_page(make_page(), tmp_path), 390)
    reached: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.className || document.activeElement.tagName")
        if name == "SUMMARY":
            page.keyboard.press("Enter")
        reached.append(name)
        if page.evaluate("document.activeElement === document.body"):
            break
    for selector, name in {"a": "A", "summary": "SUMMARY", ".scroll": "scroll", "pre": "PRE"}.items():
        assert reached.count(name) == page.locator(selector).count() > 0
    assert page.locator("details:not([open])").count() == 0
    # Chromium lets the keyboard scroll what overflows by itself; other browsers have to be told.
    assert page.locator(".scroll:not([tabindex]), pre:not([tabindex])").count() == 0
    page.close()


@pytest.mark.parametrize("simulated", [True, False])
def test_simulated_recordings_are_told_on_the_first_screen(browser: Browser, tmp_path: Path, simulated: bool):
    page = open_alone(browser, write_page(make_page(simulated=simulated), tmp_path), 1280)
    warning = page.get_by_text("Simulated recordings:")
    assert warning.count() == simulated
    if simulated:
        box = warning.bounding_box()
        assert box is not None
        assert box["y"] < 900
    page.close()

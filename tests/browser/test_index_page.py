"""The page of all results as its reader meets it: opened in a real browser."""

from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from playwright.sync_api import Browser

from bioscnn.report import write_index
from tests.browser.conftest import open_alone
from tests.results import write_results

pytestmark = pytest.mark.browser

SECTIONS = (
    "summary", "story", "run", "noise", "sweeps", "filters", "timing", "benchmark", "devices", "time-step",
    "other", "steps",
)  # fmt: skip


@pytest.fixture(scope="module")
def page_of_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_index(write_results(tmp_path_factory.mktemp("all") / "results # 1"))


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_opens_without_an_error_every_link_leads_somewhere_and_everything_fits(
    browser: Browser, page_of_results: Path, width: int
):
    page = open_alone(browser, page_of_results, width)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert [name for name in SECTIONS if page.locator(f"#{name}").bounding_box() is None] == []
    inside = page.evaluate("[...document.querySelectorAll('a[href^=\"#\"]')].map(link => link.hash.slice(1))")
    assert len(inside) > 10
    places = page.evaluate("[...document.querySelectorAll('[id]')].map(part => part.id)")
    assert [name for name in inside if name not in places and unquote(name) not in places] == []
    files = page.evaluate(
        "[...document.querySelectorAll('a:not([href^=\"#\"])')].map(link => new URL(link.href).href)"
    )
    assert len(files) > 40
    assert [href for href in files if not Path(unquote(urlparse(href).path)).is_file()] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_older_results_are_folded(browser: Browser, page_of_results: Path):
    page = browser.new_page()
    page.goto(page_of_results.as_uri())
    older = page.get_by_text("98.12 %", exact=True)
    assert not older.is_visible()
    page.get_by_text("2 other results of mnist").click()
    assert older.is_visible()
    page.close()

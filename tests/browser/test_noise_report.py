"""The page of a noise study as its reader meets it: opened in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from bioscnn.report import write_noise_report
from tests.browser.conftest import open_alone
from tests.noise_study import VERDICT, write_study

pytestmark = pytest.mark.browser

SECTIONS = ("summary", "fall", "curves", "helps", "activity", "noises", "tables", "methods", "provenance")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_noise_report(write_study(tmp_path_factory.mktemp("noise")))


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_opens_without_an_error_or_a_request_and_everything_on_it_fits(
    browser: Browser, report: Path, width: int
):
    page = open_alone(browser, report, width)
    for k, sentence in enumerate(VERDICT):
        box = page.locator(".verdict").nth(k).bounding_box()
        assert page.locator(".verdict").nth(k).inner_text().replace("\N{NO-BREAK SPACE}", " ") == sentence
        assert box is not None and box["y"] + box["height"] < 900
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert [name for name in SECTIONS if page.locator(f"#{name}").bounding_box() is None] == []
    shrunk = page.evaluate(
        """Promise.all([...document.images].map(async image => {
            await image.decode();
            return image.getBoundingClientRect().width / image.naturalWidth;
        }))"""
    )
    assert len(shrunk) == 5
    assert min(shrunk) > 0.95
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()

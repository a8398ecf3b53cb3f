"""The page of a ladder as its reader meets it: opened in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from bioscnn.report import write_ladder_report
from tests.browser.conftest import (
    assert_everything_fits,
    assert_verdict_is_read_without_scrolling,
    open_alone,
)
from tests.ladder_study import VERDICT, write_ladder

pytestmark = pytest.mark.browser

SECTIONS = ("summary", "ladder", "rungs", "numbers", "changes", "fine-tuned", "methods", "provenance")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ladder_report(write_ladder(tmp_path_factory.mktemp("ladder"), tuned=True))


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_opens_without_an_error_or_a_request_and_everything_on_it_fits(
    browser: Browser, report: Path, width: int
):
    page = open_alone(browser, report, width)
    assert_verdict_is_read_without_scrolling(page, VERDICT)
    assert_everything_fits(page, width, SECTIONS, n_pictures=1)
    page.close()

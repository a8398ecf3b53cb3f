"""The page of a sweep as its reader meets it: opened in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from bioscnn.report import write_sweep_report
from tests.browser.conftest import (
    assert_everything_fits,
    assert_verdict_is_read_without_scrolling,
    open_alone,
)
from tests.sweep_study import VERDICT, write_study

pytestmark = pytest.mark.browser

SECTIONS = (
    "summary", "effects", "bars", "alone", "surface", "main", "parallel", "tables", "methods", "provenance",
)  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sweep_report(write_study(tmp_path_factory.mktemp("sweep")))


def test_the_page_of_a_screening_of_twelve_parameters_stays_small(report: Path):
    assert report.stat().st_size < 3e6


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_opens_without_an_error_or_a_request_and_everything_on_it_fits(
    browser: Browser, report: Path, width: int
):
    page = open_alone(browser, report, width)
    assert_verdict_is_read_without_scrolling(page, VERDICT)
    assert_everything_fits(page, width, SECTIONS, n_pictures=6)
    page.close()

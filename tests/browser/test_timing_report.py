"""The page of a timing study as its reader meets it: opened in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from bioscnn.report import write_timing_report
from tests.browser.conftest import assert_everything_fits, open_alone
from tests.timing_study import VERDICT, write_study

pytestmark = pytest.mark.browser

SECTIONS = (
    "summary", "how", "controls", "jitter", "perturbations", "information", "literature", "tables",
    "provenance",
)  # fmt: skip


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_timing_report(write_study(tmp_path_factory.mktemp("real")))


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("failed")
    return write_timing_report(write_study(folder, simulated=True, controls_pass=False))


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_opens_without_an_error_or_a_request_and_everything_on_it_fits(
    browser: Browser, real: Path, width: int
):
    page = open_alone(browser, real, width)
    assert_everything_fits(page, width, SECTIONS, n_pictures=10)
    page.close()


def test_the_verdict_is_read_without_scrolling_and_only_where_the_controls_passed(
    browser: Browser, real: Path, failed: Path
):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(real.as_uri())
    verdict = page.locator(".verdict")
    assert VERDICT["text"] in verdict.inner_text()
    box = verdict.bounding_box()
    assert box is not None and box["y"] + box["height"] < 900
    page.goto(failed.as_uri())
    text = verdict.inner_text()
    assert text.startswith("No verdict: the controls failed.")
    assert "timing only, clean: counts came to 70.00" in text
    page.close()


def test_a_reader_sees_that_recordings_are_simulated_wherever_the_reading_starts(
    browser: Browser, real: Path, failed: Path
):
    page = browser.new_page()
    for file, simulated in ((real, False), (failed, True)):
        page.goto(file.as_uri())
        assert page.title().startswith("nmnist-simulated:") is simulated
        assert page.locator("h1").inner_text().startswith("nmnist-simulated:") is simulated
        assert page.get_by_text("Simulated recordings:").count() == simulated
        assert page.get_by_text("theirs are real").count() == simulated
        captions = page.locator("figcaption").all_text_contents()
        ends = [text.endswith("Recordings: simulated.") for text in captions]
        # The controls are made-up spikes in any study.
        assert ends.count(True) == (len(captions) - 1 if simulated else 0)
    page.close()

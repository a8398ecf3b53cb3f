"""The report as its reader meets it: opened in a real browser."""

import pytest
from playwright.sync_api import Browser

from bioscnn.report import write_report
from tests.browser.conftest import open_alone

pytestmark = pytest.mark.browser

SECTIONS = ("summary", "accuracy", "confusion", "trial", "potentials", "activity", "network", "provenance")
WIDTHS = (1280, 390)
RETINA = {"kind": "rank-order", "retina": ["off-midget", "on-parasol"], "keep": 0.3}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "n_trials, activity, explained, recorded",
    [
        (200, 1.0, True, None),
        (200, 1.0, False, None),
        (1, 0.0, False, None),
        (200, 1.0, False, "real"),
        (1, 0.0, False, "simulated"),
    ],
)
def test_the_page_opens_without_an_error_or_a_request_and_shows_every_figure(
    browser: Browser,
    make_run,
    width: int,
    n_trials: int,
    activity: float,
    explained: bool,
    recorded: str | None,
):
    report = write_report(make_run(n_trials, activity, explained=explained, recorded=recorded))
    page = open_alone(browser, report, width)
    more = (["ledger"] if explained else []) + (["events", "evidence"] if recorded else [])
    assert missing(page, (*SECTIONS, *more)) == []
    figures = page.evaluate(
        """Promise.all([...document.images].map(async image => {
            await image.decode();
            const box = image.getBoundingClientRect();
            return [image.naturalWidth, box.width, box.height, image.alt.length];
        }))"""
    )
    assert len(figures) == (9 if explained or recorded else 7)
    assert all(size > 0 for figure in figures for size in figure)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def missing(page, sections) -> list[str]:
    return [name for name in sections if page.locator(f"#{name}").bounding_box() is None]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_retina_and_its_spikes_have_sections_of_their_own(browser: Browser, make_run, width: int):
    report = write_report(make_run(30, encoding=RETINA))
    page = browser.new_page(viewport={"width": width, "height": 900})
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.goto(report.as_uri())
    assert errors == []
    assert missing(page, (*SECTIONS, "retina", "input")) == []
    assert page.locator("#retina img").count() == 5
    assert "#retina" in page.locator("nav a").nth(0).get_attribute("href")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.parametrize("kind", [{"explained": True}, {"recorded": "real"}, {"encoding": RETINA}])
def test_on_a_phone_figures_keep_their_size_so_that_their_text_stays_legible(
    browser: Browser, make_run, kind: dict[str, object]
):
    report = write_report(make_run(**kind))
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto(report.as_uri())
    shrunk = page.evaluate("[...document.images].map(i => i.getBoundingClientRect().width / i.naturalWidth)")
    assert min(shrunk) > 0.95
    page.close()


@pytest.mark.parametrize("recorded", [None, "real", "simulated"])
def test_a_reader_sees_that_recordings_are_simulated_wherever_the_reading_starts(
    browser: Browser, make_run, recorded: str | None
):
    report = write_report(make_run(recorded=recorded))
    page = browser.new_page()
    page.goto(report.as_uri())
    simulated = recorded == "simulated"
    assert page.title().startswith("nmnist-simulated:") is simulated
    assert page.locator("h1").inner_text().startswith("nmnist-simulated:") is simulated
    assert page.locator("#summary .warning").count() == simulated
    captions = page.locator("figcaption").all_inner_texts()
    assert len(captions) > 6
    assert [text.endswith("Recordings: simulated.") for text in captions] == [simulated] * len(captions)
    page.close()


def test_text_of_the_run_is_shown_as_text(browser: Browser, make_run):
    report = write_report(make_run())
    page = browser.new_page()
    page.goto(report.as_uri())
    assert "a <fast> one & two cores" in page.locator("#provenance").inner_text()
    assert page.locator("b").count() == 0
    page.close()

"""The report of a run as its reader meets it: opened in a real browser."""

import pytest
from playwright.sync_api import Browser

from bioscnn.report import write_report
from tests.browser.conftest import assert_everything_fits, open_alone

pytestmark = pytest.mark.browser

SECTIONS = ("summary", "accuracy", "confusion", "trial", "potentials", "activity", "network", "provenance")
WIDTHS = (1280, 390)
RETINA = {"kind": "rank-order", "retina": ["off-midget", "on-parasol"], "keep": 0.3}


@pytest.mark.parametrize(
    "n_trials, activity, kind, more, n_pictures",
    [
        (200, 1.0, {"explained": True}, ["ledger"], 9),
        (200, 1.0, {}, [], 7),
        (1, 0.0, {}, [], 7),
        (200, 1.0, {"recorded": "real"}, ["events", "evidence"], 9),
        (1, 0.0, {"recorded": "simulated"}, ["events", "evidence"], 9),
        (30, 1.0, {"encoding": RETINA}, ["retina", "input"], 13),
    ],
    ids=["explained", "plain", "silent", "recorded", "simulated", "retina"],
)
def test_the_page_opens_without_an_error_or_a_request_and_everything_on_it_fits(
    browser: Browser,
    make_run,
    n_trials: int,
    activity: float,
    kind: dict[str, object],
    more: list[str],
    n_pictures: int,
):
    report = write_report(make_run(n_trials, activity, **kind))
    simulated = kind.get("recorded") == "simulated"
    for width in WIDTHS:
        page = open_alone(browser, report, width)
        assert_everything_fits(page, width, (*SECTIONS, *more), n_pictures)
        assert all(image.get_attribute("alt") for image in page.locator("img").all())
        assert page.title().startswith("nmnist-simulated:") is simulated
        assert page.locator("h1").inner_text().startswith("nmnist-simulated:") is simulated
        assert page.locator("#summary .warning").count() == simulated
        captions = page.locator("figcaption").all_inner_texts()
        assert [text.endswith("Recordings: simulated.") for text in captions] == [simulated] * n_pictures
        page.close()


def test_axe_finds_nothing_serious(browser: Browser, make_run, axe: str):
    report = write_report(make_run(200, explained=True))
    for width, scheme in ((390, "light"), (1280, "dark")):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.goto(report.as_uri())
        page.evaluate(axe)
        serious = page.evaluate("""axe.run({ resultTypes: ["violations"] }).then((found) => found.violations
          .filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id }) => id))""")
        assert serious == [], scheme
        page.close()


@pytest.mark.usefixtures("undrawn")
def test_rules_of_neurons_are_read_without_scrolling(browser: Browser, make_run):
    page = open_alone(browser, write_report(make_run()), 1280)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    wider = "[...document.querySelectorAll('#network pre')].filter(p => p.scrollWidth > p.clientWidth).length"
    assert page.locator("#network pre").count() > 1 and page.evaluate(wider) == 0
    page.close()


@pytest.mark.usefixtures("undrawn")
def test_text_of_the_run_is_shown_as_text(browser: Browser, make_run):
    page = open_alone(browser, write_report(make_run()), 1280)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert "a <fast> one & two cores" in page.locator("#provenance").inner_text()
    assert "# <b>not bold</b>" in page.locator("#network").inner_text()
    assert page.locator("b").count() == 0
    page.close()

"""Names and notes that others wrote, in a report and in the index: shown in a real browser, and never run."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from bioscnn.report import write_index, write_report
from tests.browser.conftest import MakeRun, open_alone
from tests.browser.test_page import HOSTILE
from tests.results import write_experiment
from tests.runs import change_json

pytestmark = pytest.mark.browser

OF_SUMMARY = {
    "source": HOSTILE, "dataset": HOSTILE, "notes": [HOSTILE], "hints": [HOSTILE], "noise": [HOSTILE],
    "device": HOSTILE, "warnings": [{"kind": HOSTILE, "text": HOSTILE, "certain": True}],
}  # fmt: skip


def provenance(folder: Path) -> dict:
    """The provenance of a run with another text wherever a file of others has one."""
    known = json.loads((folder / "provenance.json").read_text())
    classes = [f"{k} {HOSTILE}" for k in range(10)]
    return {
        "command": HOSTILE, "commit": HOSTILE, "versions": {HOSTILE: HOSTILE}, "machine": {HOSTILE: HOSTILE},
        "data": known["data"] | {"source": HOSTILE, "dataset": HOSTILE, "split": HOSTILE, "classes": classes},
        "network": known["network"] | {"model": HOSTILE, "card": {"note": HOSTILE, "command": HOSTILE}},
        "changed": {HOSTILE: HOSTILE},
    }  # fmt: skip


def assert_nothing_ran(browser: Browser, path: Path, at_least: int) -> None:
    """The page shows the text so often at least, its braces unchanged; title and tree are its own."""
    page = open_alone(browser, path, 1280)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    shown = page.locator("body").inner_text()
    assert page.title() != "it ran"
    assert page.locator("script, img[src=x], [onerror], [onload]").count() == 0
    assert shown.count("document.title = 'it ran'") >= at_least
    assert shown.count("{{ 7 * 7 }}") >= at_least and "{% raw %}" in shown
    page.close()


@pytest.mark.usefixtures("undrawn")  # names in figures have a test
def test_a_report_runs_no_name_and_no_note(browser: Browser, make_run: MakeRun):
    folder = make_run(10, explained=True)
    change_json(folder / "summary.json", **OF_SUMMARY)
    change_json(folder / "provenance.json", **provenance(folder))
    assert_nothing_ran(browser, write_report(folder), 8)


def test_an_index_runs_no_name_of_a_folder_a_file_a_study_or_a_verdict(
    browser: Browser, tmp_path: Path, make_run
):
    results, name = tmp_path / "results", HOSTILE.replace("/", "-")[:120]
    run = make_run(10)
    change_json(run / "summary.json", **OF_SUMMARY)
    change_json(run / "provenance.json", **provenance(run))
    (results / name).mkdir(parents=True)
    run.rename(results / name / f"x {name}")
    (results / name / f"x {name}" / f"{name}.csv").touch()
    for number, study in enumerate(("mnist", name)):
        folder = results / "noise" / study / f"{number} {name}"
        entry = dict.fromkeys(("source", "n", "value", "note"), HOSTILE) | {"more": [HOSTILE]}
        write_experiment(folder, HOSTILE, HOSTILE, changed={HOSTILE: HOSTILE}, entry=entry)
    (results / "bench").mkdir()
    (results / "bench" / f"{name}.md").touch()
    (results / "study").mkdir()
    step = {"answers": HOSTILE, "command": [HOSTILE], "began": "2026-11-24T09:00:00+00:00", "seconds": 1.0,
            "outcome": "failed", "error": HOSTILE, "commit": HOSTILE, "dirty": False}  # fmt: skip
    (results / "study" / "steps.json").write_text(json.dumps({HOSTILE: step}))
    assert_nothing_ran(browser, write_index(results), 10)

"""Names and notes that others wrote, in pages and notebooks: shown in a real browser, and never run."""

import json
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter
from playwright.sync_api import Browser

from bioscnn.datasets import ImageSet
from bioscnn.experiments.unit import Unit
from bioscnn.library.result import Result
from bioscnn.play import write_play_page
from bioscnn.play.page import SCRIPTS
from bioscnn.plots import confusion, to_svg
from bioscnn.report import write_index, write_report
from bioscnn.report.render import write_page
from bioscnn.stdp.competitive.page import sections
from bioscnn.stdp.network import LearnedNetwork
from bioscnn.stdp.page import learned_page
from bioscnn.stdp.rule import Classified
from bioscnn.studies import read_study
from bioscnn.studies.shipped import find_study
from tests.browser.conftest import MakeRun, made_up_ledger
from tests.facts import summary_facts
from tests.hostile import NAME, TEXT, assert_nothing_ran
from tests.results import write_experiment
from tests.runs import change_json, recorded, write_run

pytestmark = pytest.mark.browser

OF_SUMMARY = {
    "source": TEXT, "dataset": TEXT, "notes": [TEXT], "hints": [TEXT], "noise": [TEXT],
    "device": TEXT, "warnings": [{"kind": TEXT, "text": TEXT, "certain": True}],
}  # fmt: skip


def provenance(folder: Path) -> dict:
    """The provenance of a run with another text wherever a file of others has one."""
    known = json.loads((folder / "provenance.json").read_text())
    classes = [f"{k} {TEXT}" for k in range(10)]
    return {
        "command": TEXT, "commit": TEXT, "versions": {TEXT: TEXT}, "machine": {TEXT: TEXT},
        "data": known["data"] | {"source": TEXT, "dataset": TEXT, "split": TEXT, "classes": classes},
        "network": known["network"] | {"model": TEXT, "card": {"note": TEXT, "command": TEXT}},
        "changed": {TEXT: TEXT},
    }  # fmt: skip


@pytest.mark.usefixtures("undrawn")  # names in figures have a test
def test_a_report_runs_no_name_and_no_note(browser: Browser, make_run: MakeRun):
    folder = make_run(10, explained=True)
    change_json(folder / "summary.json", **OF_SUMMARY)
    change_json(folder / "provenance.json", **provenance(folder))
    assert_nothing_ran(browser, write_report(folder), 8)


def test_an_index_runs_no_name_of_a_folder_a_file_a_study_or_a_verdict(
    browser: Browser, tmp_path: Path, make_run
):
    results, name = tmp_path / "results", TEXT.replace("/", "-")[:120]
    run = make_run(10)
    change_json(run / "summary.json", **OF_SUMMARY)
    change_json(run / "provenance.json", **provenance(run))
    (results / name).mkdir(parents=True)
    run.rename(results / name / f"x {name}")
    (results / name / f"x {name}" / f"{name}.csv").touch()
    for number, study in enumerate(("mnist", name)):
        folder = results / "noise" / study / f"{number} {name}"
        entry = dict.fromkeys(("source", "n", "value", "note"), TEXT) | {"more": [TEXT]}
        write_experiment(folder, TEXT, TEXT, changed={TEXT: TEXT}, entry=entry)
    (results / "bench").mkdir()
    (results / "bench" / f"{name}.md").touch()
    (results / "study").mkdir()
    step = {"answers": TEXT, "command": [TEXT], "began": "2026-11-24T09:00:00+00:00", "seconds": 1.0,
            "outcome": "failed", "error": TEXT, "commit": TEXT, "dirty": False}  # fmt: skip
    (results / "study" / "steps.json").write_text(json.dumps({TEXT: step}))
    assert_nothing_ran(browser, write_index(results), 10)


@pytest.mark.usefixtures("undrawn")
def test_the_page_of_a_learned_network_runs_nothing_of_its_card_its_classes_or_its_name(
    browser: Browser, tmp_path: Path
):
    card = {
        "classes": [TEXT, f"2 {TEXT}"], "rule": TEXT, "command": TEXT, "labels_for": TEXT,
        "data": {"dataset": TEXT, "split": TEXT, "n": 2}, "equations": {TEXT: TEXT}, "curve": [[1, 0.5]],
        "curve_of": TEXT,
        "circuit": {"n_inputs": 4, "n_neurons": 3, "dt": 1e-3, "shown": 0.1, "fewest_spikes": 1},
    }  # fmt: skip
    arrays = {"weight": np.ones((4, 3)), "answers": np.eye(2, 3)}
    network = LearnedNetwork(Path(f"{NAME}.npz"), arrays, card)
    counts = dict.fromkeys(("input", "excitatory", "inhibitory"), np.ones(2))
    more = {"picture": np.ones((2, 2, 2)), "presentations": np.ones(2), "raster": np.zeros((4, 1), int)}
    summary = summary_facts() | {
        "title": TEXT, "verdict": [TEXT], "notes": [TEXT], "network": NAME, "split": TEXT, "images_seen": 1,
        "labels_used": 1, "n_trials": 2, "input_spikes_per_trial": 1.0, "accuracy": [0.5, 0.1, 0.9],
        "started": "2026-11-24T09:00", "command": TEXT, "commit": TEXT, "dirty": True,
        "machine": {TEXT: TEXT}, "versions": {TEXT: TEXT}, "noise": [TEXT], "seconds": 1.0,
    }  # fmt: skip
    shown = sections(network, Classified(np.zeros(2, int), counts, more=more))
    page = learned_page(summary, network, np.eye(2, dtype=np.int64), shown)
    assert_nothing_ran(browser, write_page(page, tmp_path), 20)


def test_a_live_network_shows_the_name_of_its_study_as_it_is_and_is_the_shipped_one(
    browser: Browser, tmp_path: Path, monkeypatch
):
    (tmp_path / "mnist.toml").write_text("not the shipped study")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bioscnn.play.page.read_study", lambda path: replace(read_study(path), name=TEXT))
    path = write_play_page(tmp_path / "play.html", n_digits=10)
    assert_nothing_ran(browser, path, 1, n_scripts=1 + len(SCRIPTS))


def test_what_a_notebook_shows_of_a_run_is_text(browser: Browser, tmp_path: Path):
    """As Jupyter does it: the richest of what an object offers, HTML and SVG as they are, text escaped."""
    folder = write_run(tmp_path / NAME, recorded())
    change_json(folder / "provenance.json", **provenance(folder))
    (folder / "ledger.json").write_text(made_up_ledger())
    classes = [f"{k} {TEXT}" for k in range(10)]
    result, table = Result(folder, {}), pd.DataFrame({TEXT: [TEXT]}, index=[TEXT])
    images = ImageSet(np.zeros((10, 1, 2, 2), np.uint8), np.arange(10), tuple(classes), TEXT, TEXT, TEXT)
    objects = (
        result, result.ledger, result.decisions, result.populations, table, images, classes,
        Unit(TEXT, TEXT, read_study(find_study(Path("mnist"))), TEXT),
    )  # fmt: skip
    body = []
    with pd.option_context("display.max_colwidth", None):
        for thing in objects:
            offered = DisplayFormatter().format(thing)[0]
            assert set(offered) <= {"text/html", "text/plain"}, "look at what else a notebook would show"
            body.append(offered.get("text/html") or f"<pre>{escape(offered['text/plain'])}</pre>")
    body.append(to_svg(confusion(np.eye(10, dtype=int), classes)))
    (tmp_path / "notebook.html").write_text(
        "<title>notebook</title><link rel=icon href=data:,>" + "".join(body), encoding="utf-8"
    )
    assert_nothing_ran(browser, tmp_path / "notebook.html", 6 * 2 + 3)  # the quotes of others are escaped

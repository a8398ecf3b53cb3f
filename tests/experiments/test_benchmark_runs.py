"""`bioscnn benchmark` as its users meet it: whole results, nothing simulated twice, a document filled in."""

import csv
import json

import pytest

from bioscnn.claims import check_page
from tests.browser.conftest import assert_everything_fits, open_alone
from tests.cli.test_commands import STUDY
from tests.program import assert_refused, bioscnn

FILES = {
    "networks.csv", "over-time.csv", "time-steps.csv", "table.md", "summary.json", "accuracy-over-time.svg",
    "accuracy-over-time.png", "time-steps.svg", "time-steps.png", "report.html", "units.csv",
}  # fmt: skip
SECTIONS = ("summary", "networks", "over-time", "time-steps", "methods", "provenance")
PAGE = "# Ours\n\n<!-- benchmark mine: begin -->\nold\n<!-- benchmark mine: end -->\n\n# Theirs\n"
TRIALS = 2
# The NumPy device needs no compiler, and so no program for each time step and reset rule.
WORDS = (
    "benchmark", "mine", "--study", STUDY, "--split", "validation", "--network", "mnist-small",
    "--trials", TRIALS, "--set", "simulation.device=numpy", "--jobs", 1,
)  # fmt: skip
LATEST = "results/benchmark/mine/latest"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A benchmark that has ended, in a folder of its own."""
    folder = tmp_path_factory.mktemp("benchmark")
    (folder / "page.md").write_text(PAGE)
    done = bioscnn(folder, *WORDS, "--docs", "page.md", drawn=True)
    assert done.returncode == 0, done.stderr
    return folder, done


def rows(folder, name):
    with (folder / LATEST / name).open() as file:
        return list(csv.DictReader(file))


def test_a_benchmark_leaves_its_tables_and_figures_and_prints_its_verdict(finished):
    folder, done = finished
    assert {path.name for path in (folder / LATEST).iterdir() if path.is_file()} - {".lock"} >= FILES
    assert "mnist-small classifies most images" in " ".join(done.stdout.split())


def test_the_numbers_are_those_of_a_run_of_the_same_study(finished):
    folder, _ = finished
    row = rows(folder, "networks.csv")[0]
    run = ["run", STUDY, "--trials", TRIALS, "--device", "numpy", "--jobs", 1,
           "--set", f"readout.rule={row['readout']}", "--out", "run", "--json"]  # fmt: skip
    summary = json.loads(bioscnn(folder, *run).stdout)
    readout = summary["accuracy"][row["readout"]]
    for name, triple in (("ann_accuracy", summary["ann_accuracy"]), ("snn_accuracy", readout)):
        measured = [float(row[name + end]) for end in ("", "_low", "_high")]
        assert measured == pytest.approx(triple, abs=1e-12)
    assert float(row["spikes"]) == summary["spikes_per_trial"] > 0
    assert float(row["synops"]) == summary["synops_per_trial"]
    assert float(row["ann_to_spiking"]) == summary["energy"]["ann_to_spiking"]
    assert readout[0] == max(share[0] for share in summary["accuracy"].values())


def test_accuracy_over_time_covers_100_ms_of_every_network(finished):
    folder, _ = finished
    curve = rows(folder, "over-time.csv")
    assert [float(row["time_ms"]) for row in curve] == pytest.approx([float(t) for t in range(1, 101)])


def test_the_exact_reset_keeps_spikes_that_reset_to_zero_loses(finished):
    folder, _ = finished
    spikes = {(r["reset"], float(r["dt_ms"])): float(r["spikes"]) for r in rows(folder, "time-steps.csv")}
    assert len(spikes) == 9
    # In one step of 30 nothing spikes, so a trial in steps of 1 ms has some 3 % spikes less anyway.
    assert spikes["exact", 1.0] > 0.95 * spikes["exact", 0.1]
    assert 0.95 * spikes["exact", 1.0] > spikes["zero", 1.0]
    assert spikes["zero", 1.0] < spikes["subtract", 1.0] < spikes["exact", 1.0]
    assert spikes["zero", 0.1] > 0.97 * spikes["exact", 0.1]


def test_the_document_gets_the_tables_between_its_markers_and_stays_what_it_is_elsewhere(finished):
    folder, _ = finished
    text, table = (folder / "page.md").read_text(), (folder / LATEST / "table.md").read_text()
    assert text.startswith("# Ours\n\n<!-- benchmark mine: begin -->\n")
    assert text.endswith("<!-- benchmark mine: end -->\n\n# Theirs\n")
    assert set(table.splitlines()) <= set(text.splitlines()) and "old" not in text
    claims = check_page(folder / "page.md")
    assert len(claims) == 2 and not any(claim.problem for claim in claims)
    assert f"`bioscnn benchmark mine --network mnist-small --study {STUDY} --split validation" in text


def test_a_second_benchmark_repeats_only_what_is_missing_or_damaged_and_finds_the_same(finished):
    folder, _ = finished
    names = ("networks.csv", "over-time.csv", "time-steps.csv")
    before = [rows(folder, name) for name in names]
    missing, damaged = sorted((folder / "results/benchmark/mine/units").iterdir())[:2]
    missing.unlink()
    damaged.write_bytes(damaged.read_bytes()[:200])
    done = bioscnn(folder, *WORDS, "--json", drawn=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["computed"] == 2
    assert [rows(folder, name) for name in names] == before


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_opens_without_an_error_or_a_request_and_everything_on_it_fits(browser, finished, width):
    folder, _ = finished
    page = open_alone(browser, (folder / LATEST / "report.html").resolve(), width)
    assert_everything_fits(page, width, SECTIONS, n_pictures=2)
    page.close()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["caltech"], ["no shipped network", "caltech", "mnist-small", "--network"]),
        (["mnist", "--study", "mnits.toml"], ["no such study file", "mnits.toml"]),
        (["mnist", "--study", STUDY, "--split", "tset"], ["dataset.split", "tset"]),
        (["mnist", "--study", STUDY, "--network", "mnist-smal"], ["no such network", "mnist-small"]),
        (["mnist", "--study", STUDY, "--docs", "none.md"], ["none.md", "--docs"]),
        (["mnist", "--study", STUDY, "--docs", "page.md"], ["page.md", "<!-- benchmark mnist: begin -->"]),
        (
            ["nmnist", "--study", STUDY.with_name("nmnist.toml")],
            ["a benchmark compares networks of images", "bioscnn cross-validate"],
        ),
        (["mnist", "--study", STUDY, "--network", "mnist-small", "--network", "mnist-small"], ["one name"]),
    ],
)
def test_a_benchmark_that_cannot_end_well_does_not_begin(tmp_path, words, expected):
    (tmp_path / "page.md").write_text(PAGE)
    assert_refused(bioscnn(tmp_path, "benchmark", *words), *expected)
    assert [path.name for path in tmp_path.iterdir()] == ["page.md"]
    assert (tmp_path / "page.md").read_text() == PAGE

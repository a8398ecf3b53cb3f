"""`bioscnn benchmark` as its users meet it: whole results, nothing simulated twice, a document filled in."""

import csv
import json
import signal
import subprocess

import pytest

from bioscnn.studies.benchmark.measurement import kept
from tests.cli.test_commands import BIOSCNN, STUDY, assert_refused, bioscnn

FILES = {
    "networks.csv", "over-time.csv", "time-steps.csv", "table.md", "summary.json", "accuracy-over-time.svg",
    "accuracy-over-time.png", "time-steps.svg", "time-steps.png",
}  # fmt: skip
PAGE = "# Ours\n\n<!-- benchmark mine: begin -->\nold\n<!-- benchmark mine: end -->\n\n# Theirs\n"
TRIALS, RECORDINGS = 2, STUDY.with_name("nmnist.toml")
# The NumPy device needs no compiler, and so no program for each time step and reset rule.
WORDS = (
    "benchmark", "mine", "--study", STUDY, "--split", "validation", "--network", "mnist-small",
    "--trials", TRIALS, "--set", "simulation.device=numpy",
)  # fmt: skip

REPEATED = [
    f"mnist-small: {TRIALS} validation images, 30 ms, dt 1 ms, reset subtract",
    f"mnist-small: {TRIALS} validation images, 30 ms, dt 500 us, reset zero",
]


def without_seconds(rows):
    """What does not change from one measurement to the next."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A benchmark that has ended, in a folder of its own."""
    folder = tmp_path_factory.mktemp("benchmark")
    (folder / "page.md").write_text(PAGE)
    done = bioscnn(folder, *WORDS, "--docs", "page.md")
    assert done.returncode == 0, done.stderr
    return folder, done


def rows(folder, name):
    with (folder / "results" / "benchmark" / "mine" / name).open() as file:
        return list(csv.DictReader(file))


def test_a_benchmark_leaves_a_whole_folder_and_says_how_the_networks_compare(finished):
    folder, done = finished
    assert {path.name for path in (folder / "results/benchmark/mine").iterdir()} == FILES
    assert not [path for path in folder.rglob("*") if path.name.startswith(".")]
    assert "mnist-small" in done.stdout and "98 %" in done.stdout
    summary = json.loads((folder / "results/benchmark/mine/summary.json").read_text())
    assert {"commit", "code_sha256", "versions", "data", "study", "command", "networks"} <= set(summary)


def test_the_numbers_are_those_of_a_run_of_the_same_study(finished):
    folder, _ = finished
    row = rows(folder, "networks.csv")[0]
    run = ["run", STUDY, "--trials", TRIALS, "--device", "numpy",
           "--set", f"readout.rule={row['readout']}", "--out", "run", "--json"]  # fmt: skip
    summary = json.loads(bioscnn(folder, *run).stdout)
    readout = summary["accuracy"][row["readout"]]
    for name, triple in (("ann_accuracy", summary["ann_accuracy"]), ("snn_accuracy", readout)):
        assert [float(row[name + end]) for end in ("", "_low", "_high")] == triple
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
    text, table = (folder / "page.md").read_text(), (folder / "results/benchmark/mine/table.md").read_text()
    assert text.startswith("# Ours\n\n<!-- benchmark mine: begin -->\n")
    assert text.endswith("<!-- benchmark mine: end -->\n\n# Theirs\n")
    assert table.strip() in text and "old" not in text
    assert f"`bioscnn benchmark mine --network mnist-small --study {STUDY} --split validation" in text


def test_a_second_benchmark_repeats_only_what_is_missing_or_damaged_and_finds_the_same(finished):
    folder, _ = finished
    names = ("networks.csv", "over-time.csv", "time-steps.csv")
    before = [without_seconds(rows(folder, name)) for name in names]
    measured = json.loads((folder / "results/benchmark/mine/summary.json").read_text())["measurements"]
    keys = {what: key for key, what in measured.items()}
    missing, damaged = (folder / f"results/benchmark/measurements/{keys[what]}.npz" for what in REPEATED)
    missing.unlink()
    damaged.write_bytes(damaged.read_bytes()[:200])
    done = bioscnn(folder, *WORDS)
    assert done.returncode == 0, done.stderr
    assert [line.partition(": ")[2] for line in done.stderr.splitlines() if "images" in line] == REPEATED
    assert [without_seconds(rows(folder, name)) for name in names] == before


def test_an_interrupted_benchmark_leaves_whole_measurements_and_nothing_else(tmp_path):
    process = subprocess.Popen([BIOSCNN, *map(str, WORDS)], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    with process:
        begun = (line for line in process.stderr if "images" in line)
        for _ in range(3):  # two are measured when the third begins
            next(begun)
        process.send_signal(signal.SIGINT)
        message = process.stderr.read()
    assert process.returncode == 2 and "interrupted" in message and "Traceback" not in message
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(left) >= 2 and all(kept(path) is not None for path in left)


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

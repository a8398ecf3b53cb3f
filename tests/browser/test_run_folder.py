"""The report as a file: what it is made from, and what happens when that is damaged."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

import bioscnn
from bioscnn.encoding import rank_order, responses
from bioscnn.errors import UserError
from bioscnn.report import retina, write_report
from bioscnn.report.captions import confusions, latency_caption, more_trials
from bioscnn.report.folder import read_run
from bioscnn.report.network import count_synapses, network_section, neuron_models, training_facts
from bioscnn.report.page import Figure, Section, Table, code
from bioscnn.report.results import results_of
from bioscnn.report.run_page import run_page
from bioscnn.report.schema import Card
from bioscnn.statistics import proportion_of_counts
from tests.page import words_of

MODELS = Path(bioscnn.__file__).parent / "models"


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def sections(folder: Path) -> list[Section]:
    """The sections of the report of a run, whose figures are not drawn."""
    return list(run_page(read_run(folder)).sections)


def refused(folder: Path) -> UserError:
    """The error of a report that cannot be made; the folder must stay as it was."""
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(UserError) as caught:
        write_report(folder)
    assert sorted(path.name for path in folder.iterdir()) == before
    return caught.value


@pytest.mark.parametrize("name", ["run.h5", "summary.json", "provenance.json", "config.toml"])
def test_a_missing_file_is_named_with_the_command_that_makes_it(make_run, name: str):
    folder = make_run(20)
    (folder / name).unlink()
    error = refused(folder)
    assert error.file == folder / name
    assert "bioscnn run" in (error.fix or "")


@pytest.mark.parametrize("name", ["run.h5", "summary.json", "provenance.json"])
def test_a_truncated_file_is_refused(make_run, name: str):
    folder = make_run(20)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    assert refused(folder).file == folder / name


def test_a_missing_key_is_named(make_run):
    folder = make_run(20)
    (folder / "summary.json").write_text('{"dataset": "mnist"}')
    assert refused(folder).key == "source"


def test_a_missing_value_deep_in_a_file_is_refused(make_run):
    folder = make_run(20)
    edit(folder / "provenance.json", network={"model": "mnist-small"})
    assert refused(folder).key == "network.weights_sha256"


def test_every_trial_right_is_no_damage(make_run):
    """The interval of Wilson ends a rounding error above 1 then."""
    folder = make_run(20)
    high = proportion_of_counts(40, 40).high
    edit(folder / "summary.json", ann_accuracy=[1.0, 0.9, high])
    assert high > 1 and read_run(folder).summary["ann_accuracy"][2] == high


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.json")), ids=lambda path: path.stem)
def test_the_card_of_every_shipped_network_is_as_pages_expect_it(path: Path):
    Card.model_validate_json(path.read_text())


def test_a_damaged_ledger_is_named_with_the_command_that_makes_it_again(make_run):
    folder = make_run(20, explained=True)
    (folder / "ledger.json").write_text('{"entries": []}')
    error = refused(folder)
    assert error.file == folder / "ledger.json"
    assert "bioscnn explain" in (error.fix or "")
    assert read_run(folder, with_ledger=False).explained is None  # as explain reads it, to make a new one


def test_the_ledger_names_its_first_cause_and_those_that_may_be_it(make_run):
    (ledger,) = (part for part in sections(make_run(20, explained=True)) if part.id == "ledger")
    words = words_of([ledger])
    assert "First cause: a <first> cause of lost accuracy (not significantly more than a small one)" in words
    causes = ledger.parts[1]
    assert isinstance(causes, Table)
    names = [line.cells[0] for line in causes.groups[0].lines]
    assert names[0] == "a <first> cause of lost accuracy"
    assert names[-3:] == ["interaction", "unexplained", "gap to the ANN"]
    assert [line.bold for line in causes.groups[0].lines] == [True, False, False, False, False, False]
    assert causes.groups[0].lines[0].cells[1:] == [
        "+4.00", "[+3.00, +5.00]", "0.01", "95.00 %", "97.00 %", "dt 1 ms → 100 us",
    ]  # fmt: skip
    assert "float32: Does not apply: computed in float64 already." in words


def test_a_ledger_with_wide_intervals_asks_for_as_many_trials_as_would_narrow_them(make_run):
    ledger, _ = read_run(make_run(20, explained=True)).explained

    def wide(half: float):
        parts = {
            name: replace(getattr(ledger, name), low_holm=-half, high_holm=half)
            for name in ("gap", "interaction", "unexplained")
        }
        return more_trials(replace(ledger, n_trials=1000, entries=(), **parts))

    assert "TRIALS=16000" in wide(0.04)
    assert wide(0.01) == ""


def test_files_of_two_runs_are_not_mixed(make_run):
    folder = make_run(20)
    edit(folder / "summary.json", n_trials=21)
    assert "do not belong together" in str(refused(folder))


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("duration", '"20 ms"', "do not belong together"),
        ("dt", '"2 ms"', "do not belong together"),
        ("dt", '"1 volt"', "not a unit of time"),
        ("dt", "1", "valid string"),
    ],
)
def test_a_study_of_other_steps_than_the_recording_is_refused(make_run, key, text, said):
    folder = make_run(20)
    config = folder / "config.toml"
    config.write_text(f"{config.read_text()}\n[simulation]\n{key} = {text}\n")
    error = refused(folder)
    assert said in str(error)
    assert (error.file, error.key) == (config, f"simulation.{key}")


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match="no such run"):
        write_report(tmp_path / "nothing")


@pytest.mark.usefixtures("undrawn")
def test_a_report_replaces_the_one_before(make_run):
    folder = make_run(20)
    (folder / "report.html").write_text("old")
    before = {path.name for path in folder.iterdir()}
    assert "<!doctype html>" in write_report(folder).read_text()
    assert {path.name for path in folder.iterdir()} == before


def test_two_classes_and_silent_neurons_can_be_reported(make_run):
    assert write_report(make_run(30, activity=0.0, n_classes=2)).exists()


def test_the_most_frequent_confusion_comes_first(make_run):
    run = read_run(make_run(200))
    results = results_of(run)
    results.confusion[:] = np.diag(np.full(10, 18))
    results.confusion[4, 9], results.confusion[7, 1] = 2, 1
    assert confusions(run, results) == [
        "4 taken for 9 (2 times, 10.0 % of class 4)",
        "7 taken for 1 (1 time, 5.3 % of class 7)",
    ]


def test_the_caption_owns_up_to_decisions_that_no_spike_has_made(make_run):
    run = read_run(make_run(200))
    results = results_of(run)
    results.informed[:] = 7
    assert "reached the readout, after 8 ms (median)." in latency_caption(run, results)
    results.informed[:20] = 30
    assert "none ever does in 20 trials, counted as the whole trial" in latency_caption(run, results)


def test_a_current_that_flows_in_directly_counts_as_no_synapse(make_run):
    run = read_run(make_run(20))
    assert count_synapses(run) == 4 * 640
    projections = network_section(run).parts[1]
    assert sum(row["n_synapses"] for row in projections.rows) == 5 * 640
    assert "2,560 synapses in all" in projections.caption
    assert "640 connections" in projections.caption


def test_settings_of_the_training_have_units_and_rounded_numbers(make_run):
    run = read_run(make_run(20))
    run.provenance["network"]["card"] = {
        "settings": {"shortest_window": 0.03, "shift": 1.2, "rate_noise": 10.0, "scaling": 0.07999999},
        "spiking": {"spikes_per_image": 2071.31001, "duration_ms": 30.0},
        "n_train": 55000,
    }
    assert training_facts(run) == {
        "settings": "shortest window 30 ms, shift 1.2 pixels, rate noise 10 Hz, scaling 8 %",
        "spikes, validation": "spikes per image 2,071, duration 30 ms",
        "training examples": "55,000",
    }


def test_equations_and_parameters_of_like_populations_are_told_once(make_run):
    spiking, leaky = neuron_models(read_run(make_run(20)))
    assert spiking.populations == ["conv1", "conv2", "dense1", "output"]
    assert leaky.populations == ["readout"]
    assert "threshold:  V > V_th" in spiking.text
    assert "threshold" not in leaky.text


def test_each_readout_stands_in_the_table_with_its_accuracy_and_its_distance_to_the_ann(make_run):
    folder = make_run(200)
    (accuracy,) = (section for section in sections(folder) if section.id == "accuracy")
    table, summary = accuracy.parts[1], read_run(folder).summary
    assert isinstance(table, Table)
    *lines, ann = table.groups[0].lines
    for line, (rule, (share, low, high)) in zip(lines, summary["accuracy"].items(), strict=True):
        interval = f"[{100 * low:.2f}, {100 * high:.2f}]"
        assert line.cells[:3] == [rule, f"{100 * share:.2f} %", interval]
        points = f"{100 * (share - summary['ann_accuracy'][0]):+.2f}".replace("-", "\N{MINUS SIGN}")
        assert line.cells[3] == points
        assert line.bold == (rule == "mean-potential")
    assert ann.cells[:5] == ["ANN", f"{100 * summary['ann_accuracy'][0]:.2f} %", ann.cells[2], "", ""]


def test_what_is_known_of_the_training_has_a_section_and_a_network_without_a_card_has_none(make_run):
    folder = make_run(20)
    training = next(section for section in sections(folder) if section.id == "training")
    assert "note: made for a test" in words_of([training])
    network = json.loads((folder / "provenance.json").read_text())["network"]
    edit(folder / "provenance.json", network=network | {"card": None})
    assert "training" not in [section.id for section in sections(folder)]


def test_provenance_tells_what_made_the_run(make_run):
    rows = dict(run_page(read_run(make_run(20))).provenance)
    assert rows["Command"] == code("bioscnn run sims/mnist.toml --trials 200")
    assert re.findall(r"[\d.]+ s", rows["Time"]) == ["17.0 s", "12.3 s", "4.5 s"]
    assert rows["Data, SHA-256"] == code("0f" * 32)
    assert rows["Weights, SHA-256"] == code("81" * 32)
    assert rows["Network"] == "mnist-small"


def test_curves_end_where_the_summary_says(make_run):
    run = read_run(make_run(200))
    for rule, curve in results_of(run).curves.items():
        assert [curve[-1].value, curve[-1].low, curve[-1].high] == run.summary["accuracy"][rule]


CELLS = ["on-midget", "off-midget"]


@pytest.mark.parametrize("kind", ["lif-layer", "latency"])
def test_spikes_of_images_are_not_told_as_events_of_a_camera(make_run, kind: str):
    keep = {"keep": 0.3} if kind == "latency" else {}
    words = words_of(sections(make_run(20, encoding={"kind": kind, "retina": CELLS, **keep}))).lower()
    assert not any(word in words for word in ("polarit", "camera", "recording", "saccade"))
    assert "input spikes by cell (off-midget, on-midget)" in words
    assert "70 input spikes on average" in words
    assert "counting also what turns the image into input currents" not in words
    assert ("the order in which the cells fire" in words) is (kind == "latency")
    assert ("whose spikes the network sees" in words) is (kind == "lif-layer")


def test_pixels_have_no_retina_and_currents_no_input_spikes(make_run):
    shown = sections(make_run(20))
    assert not {"retina", "input"} & {section.id for section in shown}
    assert "Counting also what turns the image into input currents" in words_of(shown)


def test_the_sentences_of_the_retina_tell_what_the_encoding_computes(make_run):
    run = read_run(make_run(20, encoding={"kind": "rank-order", "retina": CELLS, "keep": 0.3}))
    assert [cell.name for cell in run.cells] == CELLS[::-1]
    figures = retina.retina_figures(run)
    images = run.data.example_image / np.float32(255)
    code = rank_order(responses(images, run.cells), run.cells, 0.3)
    first = code.first(0.1)
    share = 100 * np.mean(first.neuron < 28 * 28)
    caption = figures["order"].caption
    assert f"{code.n_spikes / 10:,.0f} of {code.n_positive.mean():,.0f} an image" in caption
    assert f"come {share:.0f} % from off-midget" in caption
    assert "10 example images" in figures["quality"].caption


def test_the_retina_comes_first_with_its_kernels_maps_order_and_reconstructions(make_run):
    encoding = {"kind": "rank-order", "retina": CELLS, "keep": 0.3}
    first, second, *_ = sections(make_run(20, encoding=encoding))
    assert (first.id, second.id) == ("retina", "input")
    assert sum(isinstance(part, Figure) for part in first.parts) == 5


def test_a_black_image_can_be_reported(make_run):
    folder = make_run(20, encoding={"kind": "currents", "retina": CELLS})
    with h5py.File(folder / "run.h5", "r+") as file:
        file["examples/image"][0] = 0
    assert write_report(folder).exists()


def test_a_damaged_study_file_is_named(make_run):
    folder = make_run(20)
    (folder / "config.toml").write_text("[dataset\n")
    assert refused(folder).file == folder / "config.toml"


def test_importing_the_report_costs_nothing():
    heavy = ("matplotlib", "seaborn", "pandas", "h5py", "scipy", "jinja2")
    program = f"import sys, bioscnn.report; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_report_stays_small(make_run):
    report: Path = write_report(make_run(500, 4.0))
    assert report.stat().st_size < 3e6

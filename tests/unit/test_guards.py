"""What would be silently wrong with a run is said in its summary, its report and the terminal."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bioscnn.ann import Conv2d, Dense, Flatten, LayerGraph, ReLU, write_onnx
from bioscnn.datasets import ImageSet
from bioscnn.datasets.own.duplicates import in_training
from bioscnn.datasets.own.own_data import OwnData
from bioscnn.errors import UserError
from bioscnn.experiments.executors import Where
from bioscnn.experiments.run import run_experiment
from bioscnn.experiments.time_step import TimeStepExperiment
from bioscnn.network import Population, SpikingNetwork
from bioscnn.neurons import LIF, EquationNeuron
from bioscnn.neurons.neuron_file import read_definition
from bioscnn.printing.runs import print_run
from bioscnn.printing.shared import Again
from bioscnn.readout import READOUTS, decisions
from bioscnn.report.folder import read_run
from bioscnn.report.run_page import run_page
from bioscnn.seeds import stream
from bioscnn.simulation import Recording, numpy_device
from bioscnn.simulation.recording import PopulationRecording
from bioscnn.simulation.simulate import Silent
from bioscnn.spikes import SpikeTrains
from bioscnn.studies import Study, read_study, run
from bioscnn.studies.guards import (
    Finding,
    at_ceiling,
    at_chance,
    few_trials,
    findings_of_data,
    labels_shifted,
    simulate_again,
)
from bioscnn.studies.guards.simulation import coarse
from bioscnn.studies.plan import plan_study
from bioscnn.studies.prepare import load, prepare
from bioscnn.studies.watcher import Unwatched
from tests.own_data import photographs, recordings
from tests.runs import recorded

SIZE, N = 6, 24


class Small:
    """A study of images that are bright in one quarter, its network and its card, interpreted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        rng = stream(1, "guards")
        self.labels = np.arange(2 * N) % 4
        self.images = rng.integers(0, 60, (2 * N, SIZE, SIZE)).astype(np.uint8)
        for image, label in zip(self.images, self.labels, strict=True):
            row, column = 3 * (label // 2), 3 * (label % 2)
            image[row : row + 3, column : column + 3] += 190
        conv = Conv2d(np.array([1, -1], np.float32).reshape(2, 1, 1, 1), None)
        quarters = np.zeros((4, 2, SIZE, SIZE), np.float32)
        for label in range(4):
            row, column = 3 * (label // 2), 3 * (label % 2)
            quarters[label, 0, row : row + 3, column : column + 3] = 1 / 9
        layers = (conv, ReLU(), Flatten(), Dense(quarters.reshape(4, -1), None))
        write_onnx(LayerGraph("net", (1, SIZE, SIZE), layers), folder / "net.onnx")
        self.write()

    def write(self, test: tuple[np.ndarray, np.ndarray] | None = None, shift: int = 0) -> None:
        """Write the data: one half for training, the other one for testing."""
        x, y = (self.images[N:], self.labels[N:]) if test is None else test
        np.savez(
            self.folder / "own.npz",
            x_train=self.images[:N], y_train=self.labels[:N], x_test=x, y_test=(y + shift) % 4,
        )  # fmt: skip

    def card(self, **facts: object) -> None:
        (self.folder / "net.json").write_text(json.dumps(facts))

    def study(self, *changes: str) -> Study:
        path = self.folder / "study.toml"
        path.write_text(
            '[dataset]\nname = "npz:own.npz"\nsplit = "test"\ntrials = 16\n'
            f'[network]\nmodel = "{self.folder}/net.onnx"\n'
            '[simulation]\ndevice = "numpy"\nduration = "40 ms"\n'
        )
        return read_study(path, changes)

    def run(self, *changes: str) -> run.Run:
        results = self.folder / "results"
        return run.run_study(self.study(*changes), data=None, out=None, results=results, progress=Silent())

    def found(self, *changes: str) -> dict[str, bool]:
        """Run, and return the kinds of what may be wrong, and whether it is certain."""
        return {w["kind"]: w["certain"] for w in self.run(*changes).summary["warnings"]}

    def found_in_data(self, *changes: str) -> dict[str, bool]:
        """The same, of what can be known before anything is simulated."""
        return {w.kind: w.certain for w in findings_of_data(load(self.study(*changes), None), None)}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Small:
    for name in ("write_report", "renew_report"):  # reports are checked, but not drawn
        monkeypatch.setattr(run, name, read_run)
    return Small(tmp_path)


def test_a_handful_of_trials_is_said_to_say_little():
    """The lower end of Wilson's interval of n right trials is n / (n + 3.84)."""
    assert few_trials(1).startswith("1 trial says little") and "at 21 %" in few_trials(1)
    assert "at 70 %" in few_trials(9) and few_trials(10) is None


def test_nothing_is_wrong_as_a_rule(small):
    done = small.run()
    assert done.summary["warnings"] == []
    assert done.summary["accuracy"]["mean-potential"][0] == 1.0


def test_trials_that_are_training_images_are_told_and_known_for_sure_where_a_card_says_so(small):
    train = "dataset.split=train"
    assert small.found_in_data(train) == {"training-images": False}
    small.card(data={"train": {"name": "own"}})
    assert small.found_in_data(train) == {"training-images": True}
    assert small.found_in_data() == {}
    small.card(data={"train": {"name": "others"}})
    assert small.found_in_data(train) == {"other-data": False}


def test_test_images_that_are_in_the_training_part_too_are_told_and_counted(small):
    x = small.images[N:].copy()
    x[:12] = small.images[:12]
    small.write((x, small.labels[N:]))
    assert small.found() == {"training-images": True}
    own = small.study().config.dataset.own
    training = set(own.splits["train"].rows.tolist())  # validation takes some of the part train for itself
    assert in_training(own, "test") == sum(row in training for row in range(12)) > 5


def test_photographs_are_compared_by_their_bytes(tmp_path):
    for part in ("train", "test"):
        photographs(tmp_path / "p" / part, ("a", "b"))
    (tmp_path / "p" / "test" / "a" / "000.png").write_bytes(b"another one")
    own = OwnData("folder", tmp_path / "p", validation_share=0)
    assert in_training(own, "test") == 19
    assert in_training(own, "train") == 20


@pytest.mark.parametrize("dtype", ["u1", "f2", "f4", "f8"])
def test_images_of_a_known_data_set_that_the_network_learnt_are_found_in_the_users_files(
    small, monkeypatch, dtype
):
    learnt = ImageSet(
        small.images[N + 3 :, None], small.labels[N + 3 :], tuple("0123"), "known", "train", "-"
    )
    asked = []

    def load_known(name, split, **options):
        asked.append((name, split, options["download"]))
        return learnt

    monkeypatch.setattr("bioscnn.studies.guards.data.load_dataset", load_known)
    small.card(data={"train": {"name": "known"}})
    images = small.images if dtype == "u1" else (small.images / 255).astype(dtype)
    monkeypatch.setattr(small, "images", images)
    small.write()
    loaded = load(small.study(), None)
    found = findings_of_data(loaded, None)
    assert [(finding.kind, finding.certain) for finding in found] == [
        ("training-images", True), ("other-data", False),
    ]  # fmt: skip
    assert found[0].text.startswith(f"{np.count_nonzero(loaded.examples.index >= 3)} of 16 trials show")
    assert asked == [("known", "train", False)]


def test_a_network_for_other_data_other_classes_or_another_split_is_told_by_its_card(small):
    small.card(classes=["b", "a", "c", "d"], data={"train": {"name": "own", "source": "npz x: as it was"}})
    assert small.found_in_data() == {"other-classes": True, "other-split": False}
    source = small.study().config.dataset.own.source("train").replace(str(small.folder), "elsewhere")
    small.card(classes=list("0123"), data={"train": {"name": "own", "source": source}})
    assert small.found_in_data() == {}
    assert small.found_in_data("dataset.split_seed=2") == {"other-split": False}


@pytest.mark.parametrize("trials", [16, 20])
def test_a_renamed_copy_of_the_training_images_is_known_by_its_hash(small, trials):
    learnt = small.study().config.dataset.own.load("train")
    small.card(data={"train": {"name": "before", "n": len(learnt), "sha256": learnt.sha256}})
    train = "dataset.split=train", f"dataset.trials={trials}"
    assert len(learnt) == 20 and small.found_in_data(*train) == {"training-images": True}
    small.card(data={"train": {"name": "before", "n": len(learnt), "sha256": "0" * 64}})
    assert small.found_in_data(*train) == {"other-data": False}


def test_a_file_without_a_part_for_training_may_have_training_images_among_its_trials(small):
    source = small.study().config.dataset.own.source("train")
    small.card(data={"train": {"name": "own", "source": source}})
    assert small.found_in_data() == {}
    np.savez(small.folder / "own.npz", x_test=small.images[:N], y_test=small.labels[:N])
    (found,) = findings_of_data(load(small.study(), None), None)
    assert (found.kind, found.certain) == ("other-split", False)
    assert "this study has for training no images to compare with" in found.text


@pytest.mark.parametrize("card", [{}, {"data": {}}, {"data": {"train": [1]}}])
def test_a_card_that_says_nothing_of_its_data_is_no_finding(small, card):
    small.card(**card)
    assert small.found_in_data() == {}


def test_shifted_labels_are_hinted_at_in_summary_report_and_terminal(small, capsys):
    small.write(shift=1)
    done = small.run()
    (warning,) = done.summary["warnings"]
    assert (warning["kind"], warning["certain"]) == ("labels-shifted", False)
    assert "answers + 1" in warning["text"]
    (shown, *_) = run_page(read_run(done.folder)).warnings
    assert warning["text"] in "".join(map(str, shown))
    print_run(done, small.study().config, Again(small.folder / "study.toml"), 1.0)
    assert "labels may be shifted" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("n", "n_classes"), [(10, 2), (50, 2), (20, 10), (50, 10), (400, 100)])
def test_guessing_and_one_answer_for_all_are_no_shifted_labels(n, n_classes):
    rng, labels = stream(1, "guessed", n), np.arange(n) % n_classes
    guessed = [
        bool(list(labels_shifted(rng.integers(0, n_classes, n), labels, n_classes))) for _ in range(300)
    ]
    assert np.mean(guessed) <= 0.01
    assert not list(labels_shifted(np.zeros(n, np.int64), labels, n_classes))
    assert not list(labels_shifted(labels, labels, n_classes))
    assert list(labels_shifted((labels + 1) % n_classes, labels, n_classes))


@pytest.mark.parametrize(
    ("right", "ann_right", "found", "words"),
    [
        (14, 60, [], "`bioscnn explain` says"),
        (14, 15, [], "the trained network, which does no better"),
        (14, None, [], "another input than in its training"),
        (14, 60, [Finding("silent", "")], "has not fired"),
        (14, 60, [Finding("labels-shifted", "")], None),
        (21, 21, [], None),  # 35 % [24, 48] of 60, and guessing 20 %
        (60, 60, [], None),
    ],
)
def test_answers_like_guesses_are_told_with_the_likely_reason(right, ann_right, found, words):
    trials = np.arange(60)
    told = list(at_chance(trials < right, ann_right and trials < ann_right, 0.2, found))
    kind = "ann-at-chance" if ann_right == 15 else "at-chance"
    assert [(f.kind, f.certain) for f in told] == ([] if words is None else [(kind, False)])
    assert all("20 % of these trials" in f.text and words in f.text for f in told)
    assert not any("explain" in f.text for f in at_chance(trials < 14, trials < 60, 0.2, explainable=False))


def test_few_trials_are_no_sign_of_guessing():
    assert not list(at_chance(np.zeros(9, bool), np.ones(9, bool), 0.5))
    assert list(at_chance(np.zeros(10, bool), np.ones(10, bool), 0.5))
    assert not list(at_chance(np.ones(10, bool), np.ones(10, bool), 1.0))


def test_a_run_like_guessing_says_so_on_its_page_and_in_the_terminal(small, capsys):
    done = small.run("network.weight_scale=0.01", "encoding.gain=0.001")
    assert [w["kind"] for w in done.summary["warnings"]][-1] == "at-chance"
    shown = ["".join(map(str, part)) for part in run_page(read_run(done.folder)).warnings]
    assert sum("25 % of these trials" in text for text in shown) == 1
    print_run(done, small.study().config, Again(small.folder / "study.toml"), 1.0)
    assert "25 % of these trials" in " ".join(capsys.readouterr().out.split())


def test_silent_populations_and_those_at_the_refractory_ceiling_are_named(small):
    done = small.run("network.weight_scale=0.01", "simulation.duration=4 ms", "readout.rule=spike-count")
    assert [(w["kind"], w["text"].split()[0]) for w in done.summary["warnings"]] == [("silent", "output")]
    assert done.summary["decided_in_last_third"] == 1.0  # which the report says, too
    assert any("last third" in "".join(map(str, shown)) for shown in run_page(read_run(done.folder)).warnings)
    assert "silent" not in small.found("network.weight_scale=0.01")  # the class is read from potentials
    assert small.found("network.weight_scale=100", "encoding.gain=50") == {"at-ceiling": True}


def test_potentials_that_single_precision_knows_too_coarsely_are_told(small):
    huge = "encoding.gain=1e5", "network.weight_scale=1e4"
    assert "coarse-precision" in small.found(*huge)
    assert "coarse-precision" not in small.found(*huge, "simulation.precision=float64")
    assert "coarse-precision" not in small.found("encoding.gain=50", "network.weight_scale=50")


@pytest.mark.parametrize(
    ("threshold", "V_th"),
    [
        ("V > V_t", 0.015),
        ("V >= 2*V_t + u", 0.03),
        ("u < V_t and 20*mV < V", 0.02),
        ("V/V_t > 1", None),
        ("V > clip(V_t, 0*volt, 1*volt)", None),
    ],
)
def test_a_neuron_of_ones_own_is_compared_with_what_its_threshold_names(tmp_path, threshold, V_th):
    (tmp_path / "own.toml").write_text(
        'equations = """dV/dt = (R*(I_syn + I_stim) - V)/tau : volt\ndu/dt = -u/tau : volt"""\n'
        f'threshold = "{threshold}"\nreset = "V = 0*volt; u += 1*mV"\nmethod = "euler"\n'
        '[parameters]\ntau = "20 ms"\nR = "10 Mohm"\nV_t = "15 mV"\n'
    )
    own = EquationNeuron(read_definition(tmp_path / "own.toml"), 1e-3)
    assert own.threshold_potential == pytest.approx(own.working_potential if V_th is None else V_th)
    assert 0.005 < own.threshold_potential < 0.04
    population = SimpleNamespace(neuron=own, spikes=True, name="conv1")
    prepared = SimpleNamespace(
        study=SimpleNamespace(config=SimpleNamespace(simulation=SimpleNamespace(precision="float32"))),
        network=SimpleNamespace(neurons=[population]),
    )
    assert [finding.kind for finding in coarse(prepared, {"conv1": 1e3})] == ["coarse-precision"]
    assert not list(coarse(prepared, {"conv1": 1.0}))


def test_trials_into_which_nothing_comes_are_counted(small):
    images = small.images[N:].copy()
    images[[1, 5]] = 0
    small.write(test=(images, small.labels[N:]))
    for changes in ((), ("encoding.kind=latency",)):
        found = small.run("dataset.trials=24", *changes).summary["warnings"]
        assert [w["text"].split(",")[0] for w in found if w["kind"] == "no-input"] == [
            "nothing comes in in 2 of 24 trials"
        ]


def test_recordings_whose_clock_began_long_before_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "write_report", read_run)
    folder = recordings(tmp_path / "events", ("a", "b"))
    for path in folder.rglob("*.npz"):
        with np.load(path) as file:
            late = {name: file[name] + 10**9 * (name == "t") for name in file}
        np.savez(path, **late)
    net = LayerGraph("net", (2, 9, 12), (Flatten(), Dense(np.ones((2, 216), np.float32), None)))
    write_onnx(net, tmp_path / "net.onnx")
    (tmp_path / "study.toml").write_text(
        '[dataset]\nname = "events:events"\nsize = [9, 12]\nsplit = "train"\ntrials = 10\n'
        '[encoding]\nkind = "events"\nframe = "40 ms"\n[network]\nmodel = "net.onnx"\n'
        '[simulation]\ndevice = "numpy"\nduration = "40 ms"\n'
    )
    study = read_study(tmp_path / "study.toml")
    done = run.run_study(study, data=None, out=None, results=tmp_path, progress=Silent())
    late = sum(r.path.suffix == ".npz" for r in load(study, None).examples.recordings)
    (found,) = (w["text"] for w in done.summary["warnings"] if w["kind"] == "no-input")
    assert 0 < late < 10 and f"in {late} of 10 trials" in found and "begin with the recording" in found


def test_a_run_in_which_no_spike_reaches_the_readout_says_that_there_is_no_decision(small, capsys):
    done = small.run("network.weight_scale=0.01", "encoding.gain=0.001")
    summary = json.loads((done.folder / "summary.json").read_text())
    assert summary["latency_ms"] is summary["decided_in_last_third"] is None
    page = run_page(read_run(done.folder))
    assert any("none comes to a decision" in "".join(map(str, shown)) for shown in page.warnings)
    assert ("Latency", "none") in [(headline.name, headline.value) for headline in page.headlines]
    print_run(done, small.study().config, Again(small.folder / "study.toml"), 1.0)
    assert "none: no trial comes to a decision" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("saturated", "warned"), [(1, 0), (30, 0), (31, 1), (60, 1)])
def test_the_refractory_ceiling_is_told_where_most_active_trains_are_there(saturated, warned):
    dense, sparse, n_steps = np.arange(0, 30, 3), 20, 30  # t_ref of 2 ms: every third step of 1 ms
    steps = [dense if neuron < saturated else [sparse] for neuron in range(60)]  # 40 more are silent
    neuron = np.repeat(np.arange(60), [*map(len, steps)])
    spikes = SpikeTrains.from_events(
        np.zeros_like(neuron), np.concatenate(steps), neuron, n_trials=1, size=100, n_steps=n_steps, dt=1e-3
    )
    population = Population("hidden", (100,), LIF(t_ref=2e-3))
    network = SpikingNetwork((Population("input", (1,)), population), ())
    recorded = PopulationRecording.from_spikes(spikes, keep=True, potentials=None)
    found = list(at_ceiling(network, Recording({"hidden": recorded}, n_steps, 1e-3)))
    assert [finding.kind for finding in found] == ["at-ceiling"] * warned
    assert all(f"{saturated} of 60 active spike trains of hidden" in finding.text for finding in found)


def test_a_refractory_period_that_rounding_takes_away_is_told(small):
    assert small.found("neuron.t_ref=0.4 ms", "simulation.round_t_ref=true") == {"rounded-t-ref": True}


def test_a_trial_that_depends_on_the_one_before_is_told(small, monkeypatch):
    whole = numpy_device.border_statements

    def leaky(*given):
        return "\n".join(line for line in whole(*given).splitlines() if not line.startswith("V "))

    monkeypatch.setattr(numpy_device, "border_statements", leaky)
    assert small.found() == {"border-leak": True}


@pytest.mark.parametrize("room", [250e6, 20e3])
def test_hidden_potentials_that_are_no_numbers_are_refused_with_their_population(small, monkeypatch, room):
    (small.folder / "root.toml").write_text(
        """
        equations = "dV/dt = (R_m*(I_syn + I_stim) - V + V_k*(sqrt(V/V_k + 1) - 1))/tau_m : volt"
        threshold = "V > V_th"
        reset = "V = 0*volt"
        method = "euler"
        [parameters]
        tau_m = "20 ms"
        R_m = "100 Mohm"
        V_th = "20 mV"
        V_k = "20 mV"
        """
    )
    for module in ("simulation.simulate", "studies.guards.repetition"):  # a trial fits, all examples do not
        monkeypatch.setattr(import_module(f"bioscnn.{module}"), "RECORDED_BYTES", room)
    with np.errstate(invalid="ignore"), pytest.raises(UserError, match="potentials of conv1") as refusal:
        small.run(f"neuron.model={small.folder}/root.toml")
    assert refusal.value.value == "36 of 72 neurons"
    assert not list((small.folder / "results").rglob("summary.json"))


def test_examples_that_are_recorded_in_batches_are_the_same(small, monkeypatch):
    prepared, chosen = prepare(small.study(), None), np.array([0, 1, 2, 5])
    whole, largest = simulate_again(prepared, chosen, {"readout"})
    assert set(largest) == {"conv1", "output", "readout"} and min(largest.values()) > 0
    for module in ("simulation.simulate", "studies.guards.repetition"):
        monkeypatch.setattr(import_module(f"bioscnn.{module}"), "RECORDED_BYTES", 20e3)
    batched, found = simulate_again(prepared, chosen, {"readout"})
    assert found == largest
    for name, population in whole.populations.items():
        other = batched[name]
        assert np.array_equal(population.counts_by_trial, other.counts_by_trial)
        assert np.array_equal(population.spikes.step, other.spikes.step)
        assert (population.potentials is None) == (other.potentials is None) == (name != "readout")
    assert np.array_equal(whole["readout"].potentials, batched["readout"].potentials)
    monkeypatch.setattr(import_module("bioscnn.studies.guards.repetition"), "MOST_BYTES", 20e3)
    assert set(simulate_again(prepared, chosen, {"readout"})[1]) == {"readout"}


def test_no_class_is_read_from_potentials_that_are_no_numbers():
    recording = recorded()
    recording["readout"].potentials[2, 5, 1] = np.nan
    for rule in READOUTS:
        with pytest.raises(UserError, match="potentials of readout") as refusal:
            decisions(recording, rule)
        assert refusal.value.value == "1 of 6 trials"


@pytest.mark.parametrize("names", [{}, {"classes": list("abcd")}])
def test_labels_that_begin_at_one_are_refused_with_what_to_do(tmp_path, names):
    np.savez(tmp_path / "a.npz", x=np.zeros((40, 6, 6), np.uint8), y=np.arange(40) % 4 + 1, **names)
    with pytest.raises(UserError) as refusal:
        OwnData("npz", tmp_path / "a.npz").splits  # noqa: B018 - it is computed
    assert refusal.value.key == "labels" and "begin at 1" in refusal.value.fix


def test_an_experiment_warns_once_in_its_summary_and_on_its_page(small, tmp_path):
    experiment = TimeStepExperiment(small.study("dataset.split=train"), ("1 ms", "2 ms"))
    planned = plan_study(experiment.study, None)
    done = run_experiment(
        experiment, where=Where(), data=None, results=tmp_path / "of-experiments", progress=Unwatched()
    )
    (warning,) = done.summary["warnings"]
    assert warning["kind"] == "training-images"
    assert [asdict(found) for found in planned.warnings] == [warning]
    assert (done.folder / "report.html").read_text().count("the trials are training images") == 1

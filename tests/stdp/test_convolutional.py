"""Convolutional layers learn oriented features from latencies; they are stopped, resumed, run and misused."""

import numpy as np
import pytest

from bioscnn.datasets import load_dataset
from bioscnn.errors import UserError
from bioscnn.files import read_npz
from bioscnn.simulation.simulate import Silent
from bioscnn.stdp.convolutional import training
from bioscnn.stdp.convolutional.classify import architecture
from bioscnn.stdp.convolutional.features import first_fields, tuning
from bioscnn.stdp.convolutional.layer import SILENT, Layer, Leak, pool
from bioscnn.stdp.convolutional.network import n_deliveries
from bioscnn.stdp.convolutional.plain import convolution
from bioscnn.stdp.convolutional.readout import fit_readout
from bioscnn.stdp.convolutional.retina import spike_times
from bioscnn.stdp.convolutional.settings import Convolutional, Neuron, Retina
from bioscnn.stdp.convolutional.training import fresh_state, train_layers
from bioscnn.stdp.run import network_of, run_learned, train_learned
from bioscnn.stdp.study import read_learned_study

SMALL = (
    "learning.examples=300",
    "learning.first.images=600",
    "learning.second.images=500",
    "learning.second.maps=30",
)
STUDY = "mnist-stdp-convolutional"


@pytest.fixture(scope="module")
def digits():
    return load_dataset("mnist").take(300)


def keys(**tables):
    layer = {"kernel": 5, "radius": 2, "winners": 5}
    usual = {"first": {"maps": 12, "threshold": 15, "images": 4000, **layer},
             "second": {"maps": 20, "threshold": 12, "images": 500, **layer}}  # fmt: skip
    return Convolutional.model_validate({"network": "x.npz", **usual, **tables})


def trained(settings, digits, checkpoint=None, seed=1):
    network = architecture(settings)
    return train_layers(network, settings.stdp, digits.intensities(), seed, checkpoint, Silent())


def test_filters_become_oriented_edges(digits):
    settings = keys()
    network, state = architecture(settings), trained(settings, digits)
    before, after = (
        np.median(tuning(first_fields(network, s.weights[0])).selectivity)
        for s in (fresh_state(network, 1), state)
    )
    assert after > before + 0.2
    assert state.unsettled[0][-1][1] < 0.01, "published: below this, a layer has settled"
    assert state.weights[0].min() >= 0 and state.weights[0].max() <= 1
    assert np.count_nonzero(state.wins[0]) == 12, "every map learns"


def test_latency_does_not_depend_on_contrast_of_the_whole_image(digits):
    images = digits.intensities()[:20]
    usual = spike_times(images, Retina(), Neuron())
    dimmed = spike_times(0.5 + 0.25 * images, Retina(least=0.025), Neuron())
    np.testing.assert_array_equal(usual, dimmed)
    assert usual[usual != SILENT].max() == 29, "spikes fill the window of 30 ms"


def test_a_membrane_that_never_leaks_is_the_limit_of_one_that_does():
    rng = np.random.default_rng(3)
    times = np.where(rng.random((5, 2, 12, 12)) < 0.5, rng.integers(0, 30, (5, 2, 12, 12)), SILENT).astype(
        np.uint8
    )
    weights = rng.uniform(0, 1, (2, 5, 5, 8)).astype(np.float32)
    without = Layer(8.05, 45).first_spikes(times, weights)
    slow = Layer(8.05, 45, Leak(1e6, 0.01)).first_spikes(times, weights)
    np.testing.assert_array_equal(without, slow)
    quick = Layer(8.05, 45, Leak(5.0, 0.01)).first_spikes(times, weights)
    assert np.count_nonzero(quick != SILENT) < 0.8 * np.count_nonzero(without != SILENT)
    assert np.all(np.count_nonzero(without != SILENT, axis=1) <= 1), "one map fires at a place, at most"
    assert np.all(pool(without, 2)[pool(without, 2) != SILENT] <= 1 + without[without != SILENT].max())


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"times": (5, 2, 12)}, "spike times of shape"),
        ({"weights": (3, 5, 5, 8)}, "weights of shape"),
        ({"weights": (2, 5, 3, 8)}, "not square and odd"),
        ({"weights": (2, 4, 4, 8)}, "not square and odd"),
        ({"n_steps": 255}, "255 steps"),
        ({"rates": (4, 2)}, "rates of shape"),
        ({"leak": (5.0, 5.0)}, "tau_s < tau_m"),
    ],
)
def test_arrays_of_other_shapes_never_reach_the_program(change, problem):
    given = {"times": (5, 2, 12, 12), "weights": (2, 5, 5, 8), "n_steps": 45, "rates": (5, 2)} | change
    with pytest.raises(ValueError, match=problem):
        layer = Layer(8.05, given["n_steps"], Leak(*given["leak"]) if "leak" in given else None)
        times, weights = np.zeros(given["times"], np.uint8), np.zeros(given["weights"], np.float32)
        layer.learn(times, weights, np.zeros(given["rates"]), radius=2, winners=5)


def test_deliveries_are_the_synapses_that_spikes_reach():
    times = np.full((1, 2, 6, 4), SILENT, np.uint8)
    times[0, 1, 0, 2], times[0, 0, 5, 1] = 3, 9
    weights = np.zeros((2, 5, 5, 7), np.float32)
    pre = convolution((6, 4), weights).pre
    fired = np.flatnonzero(times.ravel() != SILENT)
    assert n_deliveries(times, 5, 7)[0] == np.count_nonzero(np.isin(pre, fired))


def test_a_training_that_is_stopped_goes_on_bit_for_bit(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "PART", 200)
    settings = keys(
        first={"maps": 8, "threshold": 15, "images": 500, "radius": 2, "winners": 5},
        second={"maps": 10, "threshold": 10, "images": 500, "radius": 1, "winners": 5},
    )
    whole, checkpoint = trained(settings, digits), tmp_path / "x.part.npz"

    class Killed(Silent):
        left = 750  # in the middle of the second layer

        def trial(self):
            self.left -= 1
            if self.left == 0:
                raise InterruptedError

    network = architecture(settings)
    with pytest.raises(InterruptedError):
        train_layers(network, settings.stdp, digits.intensities(), 1, checkpoint, Killed())
    assert checkpoint.exists()
    resumed = trained(settings, digits, checkpoint)
    for one, other in zip((*whole.weights, *whole.wins), (*resumed.weights, *resumed.wins), strict=True):
        np.testing.assert_array_equal(one, other)
    assert resumed.unsettled == whole.unsettled
    with pytest.raises(UserError, match="no checkpoint of this training"):
        trained(settings, digits, checkpoint, seed=2)
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(UserError, match="no checkpoint of this training"):
        trained(settings, digits, checkpoint)


def test_the_classifier_separates_what_is_separable():
    rng = np.random.default_rng(1)
    labels = np.tile([0, 1], 200)
    seen = rng.normal(labels[:, None] * [4.0, 0.0], 0.3).astype(np.float32)
    for n_classes in (2, 3):
        wanted = labels if n_classes == 2 else np.where(np.arange(400) < 30, 2, labels)
        given = seen + (wanted == 2)[:, None] * np.float32(-5)
        readout = fit_readout(given.copy(), wanted, n_classes, penalty=1.0, iterations=100)
        assert readout.weights.shape == (2, n_classes)
        np.testing.assert_array_equal(readout.chosen(given), wanted)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tmp_path_factory.mktemp("learned")
    study = read_learned_study(STUDY, [*SMALL, f"learning.network={folder}/small.npz"])
    assert study is not None
    with pytest.MonkeyPatch.context() as patch:
        # The training split is no part of the package; these 300 digits stand for it.
        patch.setattr("bioscnn.stdp.run.load_images", lambda *_: load_dataset("mnist").take(300))
        file, card = train_learned(study, None, None, Silent())
    return file, card


def run(network, tmp_path, *changes):
    study = read_learned_study(
        STUDY, [*SMALL, f"learning.network={network[0]}", "dataset.trials=300", *changes]
    )
    return run_learned(study, data=None, out=None, results=tmp_path, progress=Silent())


def test_a_study_classifies_and_shows_what_was_learned(network, tmp_path):
    found = run(network, tmp_path)
    assert found.summary["accuracy"][0] > 0.5
    assert found.summary["code_of_spikes"] == "time"
    spikes = found.summary["spikes_by_population"]
    assert spikes["input"] > spikes["first"] > spikes["pooled"] > 50
    assert {"retina", "neuron", "plastic synapse"} <= set(network[1]["equations"])
    page = (found.folder / "report.html").read_text(encoding="utf-8")
    assert all(f'id="{section}"' in page for section in ("first", "second", "time", "activity", "confusion"))
    again = run(network, tmp_path)
    assert again.summary["started"] == found.summary["started"], "answers that are there are kept"


def test_the_shipped_network_reads_digits_from_single_spikes():
    study = read_learned_study(STUDY)
    shown = load_dataset("mnist").take(300)
    learned = network_of(study, shown)
    answers = study.rule.classify(study.config, learned, shown, Silent())
    assert np.mean(answers.chosen == shown.labels) > 0.95
    assert answers.spikes["first"].max() < 784, "one spike at a place, at most"
    assert learned.card["labels_used"] == 55_000
    assert learned.file.stat().st_size < 1_000_000


def test_noise_moves_and_loses_spikes_of_the_retina(network, tmp_path):
    def shown(*changes):
        found = run(network, tmp_path, "dataset.trials=200", *changes)
        return read_npz(found.folder / "run.npz")

    clean, moved = shown(), shown("noise.spike-jitter.sd=30 ms")
    np.testing.assert_array_equal(clean["spikes/input"], moved["spikes/input"])
    assert np.mean(clean["chosen"] != moved["chosen"]) > 0.05
    lost = shown("noise.spike-loss.share=0.8")
    assert lost["spikes/input"].sum() == pytest.approx(0.2 * clean["spikes/input"].sum(), rel=0.02)


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        ("learning.first.kernel=4", "learning.first.kernel", "odd"),
        ("learning.retina.size=6", "learning.retina.size", "odd"),
        ("learning.retina.ratio=1", "learning.retina.ratio", "more than 1"),
        ("learning.neuron.window=44 ms", "learning.neuron.window", "four"),
        ("learning.neuron.window=2.5 ms", "learning.neuron.window", "whole number"),
        ("learning.neuron.duration=300 ms", "learning.neuron.duration", "too many"),
        ("learning.neuron.dt=0 ms", "learning.neuron.dt", "no time step"),
        ("learning.neuron.tau_s=30 ms", "learning.neuron.tau_s", "faster"),
        ("learning.first.treshold=3", "learning.first.treshold", "unknown key"),
        ("learning.passes=2", "learning.passes", "1"),
        ("learning.readout.grid=50", "learning.readout.grid", "too large"),
        ("learning.retina.sigma=1e300", "learning.retina.sigma", "100"),
        ("learning.second.pool=3", "learning.second.pool", "not pooled"),
        ("dataset.name=nmnist", "dataset.name", "event camera"),
    ],
)
def test_a_study_that_cannot_be_is_refused(change, key, says):
    with pytest.raises(UserError) as error:
        read_learned_study(STUDY, [change])
    assert error.value.key == key
    assert says in str(error.value)


def test_a_retina_that_sees_grey_images_is_shown_no_colours():
    with pytest.raises(UserError) as error:
        read_learned_study(STUDY, ["dataset.name=folder:photographs", "dataset.colour=rgb"])
    assert (error.value.key, error.value.expected) == ("dataset.colour", "grey")


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("learning.second.threshold=9", "learning.second.threshold"),
        ("learning.neuron.model=lif", "learning.neuron.model"),
        ("dataset.name=caltech", None),
    ],
)
def test_a_network_of_another_study_is_refused(network, tmp_path, change, key):
    with pytest.raises(UserError) as error:
        run(network, tmp_path, change)
    assert key is None or error.value.key == key
    assert not list(tmp_path.rglob("summary.json"))


def test_images_of_as_many_pixels_but_another_shape_are_refused(network, digits, tmp_path):
    np.savez(tmp_path / "wide.npz", x=digits.images.reshape(-1, 14, 56), y=digits.labels)
    with pytest.raises(UserError) as error:
        run(network, tmp_path, f"dataset.name=npz:{tmp_path}/wide.npz", "dataset.trials=10")
    assert (error.value.key, error.value.value) == ("dataset.size", [14, 56])


def test_a_class_without_a_training_image_is_refused_before_anything_is_learned(digits, tmp_path):
    study = read_learned_study(STUDY, SMALL)
    lacking = digits.take(np.flatnonzero(digits.labels != 7))
    with pytest.raises(UserError, match="class 7"):
        study.rule.train(study.config, lacking, tmp_path / "x.part.npz", Silent())
    assert not list(tmp_path.iterdir())

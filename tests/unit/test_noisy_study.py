"""Noise in a study: what it changes, what it leaves alone, and who refuses it."""

import json
import shutil

import numpy as np
import pytest

from bioscnn.datasets import EventSet
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.crossval import CrossValidation
from bioscnn.experiments.retina import RetinaExperiment
from bioscnn.experiments.timing import TimingExperiment
from bioscnn.network import OUTPUT
from bioscnn.simulation.simulate import Silent
from bioscnn.studies import read_study
from bioscnn.studies.event_input import EventInput
from bioscnn.studies.explain import explain_run
from bioscnn.studies.plan import plan_study
from bioscnn.studies.prepare import prepare
from bioscnn.studies.recipes import find_recipe
from bioscnn.studies.run import run_study
from tests.unit.test_event_input import recording
from tests.unit.test_study import SIMS

FEW = ["dataset.trials=20"]


def prepared(*changes, study="mnist"):
    return prepare(read_study(SIMS / f"{study}.toml", [*FEW, *changes]), None)


def test_noise_of_images_is_seen_by_both_networks_and_not_by_the_calibration():
    relu = "network.model=mnist-small-relu"
    clean, noisy = prepared(relu), prepared(relu, "noise.gaussian-noise.severity=5")
    assert noisy.examples.sha256 != clean.examples.sha256
    shown = noisy.input.intensities()
    assert np.array_equal(shown, noisy.examples.intensities()) and not np.array_equal(
        shown, clean.input.intensities()
    )
    assert noisy.stimulus is not None and noisy.key != clean.key
    assert noisy.calibration.examples.sha256 == clean.calibration.examples.sha256
    weights = [p.network.projections[-1].connectivity.synapses()[2] for p in (clean, noisy)]
    assert np.array_equal(*weights)


def test_noise_of_the_network_leaves_images_and_the_trained_network_alone():
    clean = prepared()
    noisy = prepared("noise.threshold-mismatch.cv=0.3", "noise.quantisation.bits=3")
    assert noisy.examples.sha256 == clean.examples.sha256
    assert np.array_equal(noisy.ann_class, clean.ann_class)
    threshold = noisy.network[OUTPUT].values["V_th"]
    assert len(np.unique(threshold)) == len(threshold)
    weights = noisy.network.projections[-1].connectivity.synapses()[2]
    assert len(np.unique(weights)) <= 7


def test_the_seed_of_the_simulation_draws_the_noise():
    first, again, other = (
        prepared("noise.threshold-mismatch.cv=0.3", f"simulation.seed={seed}").network[OUTPUT].values["V_th"]
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_noises_do_not_change_each_other():
    alone, both = (
        prepared(*changes).network[OUTPUT].values["V_th"]
        for changes in (
            ["noise.threshold-mismatch.cv=0.3"],
            ["noise.weight-noise.cv=0.3", "noise.threshold-mismatch.cv=0.3"],
        )
    )
    assert np.array_equal(alone, both)


@pytest.mark.parametrize("kind", ["lif-layer", "rank-order", "poisson", "latency"])
def test_jitter_of_input_spikes_moves_them_and_the_trained_network_does_not_see_it(kind):
    changes = [f"encoding.kind={kind}"]
    clean, noisy = prepared(*changes), prepared(*changes, "noise.spike-jitter.severity=3")
    one, other = clean.input.spikes, noisy.input.spikes
    assert other.n_spikes == one.n_spikes and np.array_equal(one.counts(), other.counts())
    assert not np.array_equal(one.step, other.step)
    assert np.array_equal(clean.input.intensities(), noisy.input.intensities())


def test_noise_of_recordings_is_seen_by_both_networks_and_jitter_of_their_spikes_by_one():
    streams = tuple(recording(number) for number in range(20))
    examples = EventSet(
        streams, np.arange(20) % 10, tuple("0123456789"), (34, 34), "any", "test", "a test", False
    )
    clean, jittered, lossy = (
        EventInput.of(examples, read_study(SIMS / "nmnist.toml", changes).config)
        for changes in ([], ["noise.spike-jitter.sd=20 ms"], ["noise.event-loss.share=0.5"])
    )
    assert np.array_equal(jittered.spikes.counts(), clean.spikes.counts())
    assert jittered.spikes != clean.spikes == jittered.encoded
    assert np.array_equal(jittered.intensities(), clean.intensities())
    assert lossy.spikes.n_spikes == pytest.approx(clean.spikes.n_spikes / 2, rel=0.1)
    assert lossy.intensities().sum() < 0.6 * clean.intensities().sum()
    assert clean.examples.sha256 == jittered.examples.sha256 != lossy.examples.sha256


def test_a_synaptic_delay_is_that_of_every_axon_and_a_delay_of_noise_comes_on_top():
    network = prepared("synapse.delay=2 ms", "encoding.kind=lif-layer").network
    delays = {p.name: set(p.axons.delay) for p in network.populations if p.axons is not None}
    senders = {p.pre for p in network.projections if p.synapse is not None}
    assert set(delays) == senders and network.source.name in senders
    assert all(found == {2e-3} for found in delays.values())
    both = prepared("synapse.delay=2 ms", "noise.axonal-delay.mean=3 ms").network
    assert min(p.axons.delay.min() for p in both.populations if p.axons is not None) >= 2e-3
    assert all(p.axons is None for p in prepared().network.populations)


def test_a_plan_refuses_to_record_a_population_that_there_is_not():
    with pytest.raises(UserError, match="no such population") as caught:
        plan_study(read_study(SIMS / "mnist.toml", [*FEW, 'readout.record=["nope"]']), None)
    assert caught.value.key == "readout.record"


def test_a_plan_of_a_noisy_study_counts_synapses_with_weights_of_their_own_as_listed():
    clean, noisy = (
        plan_study(read_study(SIMS / "mnist.toml", [*FEW, *changes]), None)
        for changes in ([], ["noise.weight-noise.cv=0.1"])
    )
    assert noisy.synapses == clean.synapses and noisy.memory_mb > clean.memory_mb
    assert {p.simulated for p in noisy.projections} == {"listed", "current"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    changes = [
        "dataset.trials=3",
        "simulation.device=numpy",
        "noise.quantisation.bits=4",
        "noise.blur.sigma=1",
    ]
    study = read_study(SIMS / "mnist.toml", changes)
    folder = tmp_path_factory.mktemp("noisy") / "run"
    return run_study(study, data=None, out=folder, results=folder, progress=Silent())


def test_a_run_says_which_noise_there_was(run):
    assert run.summary["noise"] == ["blur 1 px", "quantisation 4 bits"]
    assert json.loads((run.folder / "summary.json").read_text())["noise"] == run.summary["noise"]
    page = (run.folder / "report.html").read_text()
    assert "<dt>Noise</dt><dd>blur 1 px, quantisation 4 bits</dd>" in page
    assert read_study(run.folder / "config.toml").config.noise.keys() == {"blur", "quantisation"}


def test_a_run_with_noise_is_not_explained(run):
    with pytest.raises(UserError, match=r"the ledger explains a run without noise(.|\n)*quantisation 4 bits"):
        explain_run(run.folder, data=None, trials=3, jobs=1, progress=Silent())


def test_a_run_with_synaptic_delays_is_not_explained(run, tmp_path):
    folder = shutil.copytree(run.folder, tmp_path / "run")
    delayed = read_study(SIMS / "mnist.toml", ["dataset.trials=3", "synapse.delay=2 ms"])
    (folder / "config.toml").write_text(delayed.toml())
    with pytest.raises(UserError, match=r"without synaptic delays(.|\n)*synapse\.delay(.|\n)*2 ms"):
        explain_run(folder, data=None, trials=2, jobs=1, progress=Silent())


@pytest.mark.parametrize(
    ("study", "noise", "words", "start"),
    [
        ("mnist", "blur", "perturbs the spikes", TimingExperiment),
        ("mnist-foveal", "blur", "noise of its own", RetinaExperiment),
        (
            "nmnist",
            "event-loss",
            "cross-validated without noise",
            lambda study: CrossValidation(study, find_recipe("nmnist-small"), 2),
        ),
    ],
)
def test_studies_that_are_not_about_noise_refuse_it(study, noise, words, start):
    noisy = read_study(SIMS / f"{study}.toml", [f"noise.{noise}.severity=2"])
    with pytest.raises(UserError, match=rf"{words}(.|\n)*noise(.|\n)*{noise}"):
        start(noisy).plan(Bench(None))

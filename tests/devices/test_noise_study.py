"""A noise study from end to end: what is kept, what it equals, what it shows."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT
from bioscnn.noise import NOISES
from bioscnn.readout import decisions
from bioscnn.simulation import simulate
from bioscnn.studies import read_study
from bioscnn.studies.kept import kept
from bioscnn.studies.noise import run_noise
from bioscnn.studies.noise.contestants import CONTESTANTS
from bioscnn.studies.noise.unit import noisy
from bioscnn.studies.prepare import prepare
from bioscnn.studies.watcher import Unwatched

STUDY = Path(__file__).parents[2] / "sims" / "mnist.toml"
KINDS = ("gaussian-noise", "stuck-neurons")
TRIALS = 20


class Watcher(Unwatched):
    """Counts the units that are finished, and may stop after some."""

    def __init__(self, most=None):
        self.tasks, self.most, self.stages = [], most, []

    def stage(self, what):
        self.stages.append(what)

    def task(self, what, trials, work):
        self.tasks.append(what)
        if len(self.tasks) == self.most:
            raise KeyboardInterrupt


@pytest.fixture(scope="module", autouse=True)
def two_contestants():
    """Networks of one shape, of which one program is compiled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BIOSCNN_DATA", raising=False)
        patch.setattr("bioscnn.studies.noise.run.contestants_of", lambda study: CONTESTANTS["mnist"][:2])
        yield


def ask(results, watcher=None, changes=(), **options):
    study = read_study(STUDY, ["simulation.jobs=1", *changes])
    given = {"quick": True, "kinds": KINDS, "trials": TRIALS} | options
    return run_noise(study, data=None, results=results, progress=watcher or Watcher(), **given)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return ask(tmp_path_factory.mktemp("noise"))


def run_of(model, *changes):
    """What a run of a study with these changes decides, and how many spikes it has."""
    prepared = prepare(
        read_study(STUDY, [f"dataset.trials={TRIALS}", f"network.model={model}", *changes]), None
    )
    recording = simulate(
        prepared.network, prepared.stimulus, prepared.device, record={OUTPUT, READOUT}, potentials={READOUT}
    )
    spikes = sum(int(part.counts_by_trial.sum()) for part in recording.populations.values())
    return decisions(recording, prepared.study.config.readout.rule)[:, -1].tolist(), spikes


def cell(found, severity, seed):
    """The same of a unit of the study."""
    return found["chosen"][severity, seed].tolist(), round(TRIALS * found["spikes"][severity, seed])


def test_an_interrupted_study_goes_on_and_comes_to_the_same_tables(done, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        ask(tmp_path, Watcher(most=2))
    first = Watcher()
    resumed = ask(tmp_path, first)
    assert len(first.tasks) == 2, "a finished unit was computed again"
    for name in ("accuracy.csv", "comparisons.csv"):
        assert (resumed.folder / name).read_bytes() == (done.folder / name).read_bytes()
    (resumed.folder / "units" / "soft-LIF-stuck-neurons.npz").write_bytes(b"half")
    second = Watcher()
    again = ask(tmp_path, second)
    assert second.tasks == ["soft LIF: stuck-neurons"] and again.verdict == done.verdict
    assert any("about" in stage for stage in second.stages), "no estimate was given"


@pytest.mark.parametrize("contestant", CONTESTANTS["mnist"][:2], ids=lambda one: one.model)
def test_without_noise_a_contestant_is_the_run_of_its_study(done, contestant):
    found = kept(done.folder / "units" / f"{contestant.name.replace(' ', '-')}-clean.npz")
    assert cell(found, 0, 0) == run_of(contestant.model)


@pytest.mark.parametrize("name", KINDS)
def test_every_condition_is_the_run_of_a_study_with_that_noise_and_seed(done, name):
    found = kept(done.folder / "units" / f"fine-tuned-{name}.npz")
    for k, severity in enumerate((2, 4)):
        for i, seed in enumerate((1, 2)):
            noise = f"noise.{name}.severity={severity}"
            assert cell(found, k, i) == run_of("mnist-small-fine-tuned", noise, f"simulation.seed={seed}")


def test_noise_of_severity_zero_is_no_noise():
    without, with_zero = (
        prepare(read_study(STUDY, [f"dataset.trials={TRIALS}", *changes]), None)
        for changes in ((), [f"noise.{name}.severity=0" for name in KINDS])
    )
    assert with_zero.key == without.key
    assert run_of("mnist-small") == run_of("mnist-small", "noise.blur.severity=0")


def test_the_folder_has_all_that_the_page_is_made_from(done):
    accuracy, comparisons = (pd.read_csv(done.folder / f"{name}.csv") for name in ("accuracy", "comparisons"))
    cells = accuracy[accuracy.method == "spiking"].groupby(["contestant", "noise"]).size()
    assert cells.to_dict() == {
        (one, noise): 1 if noise == "clean" else 2
        for one in ("soft LIF", "fine-tuned") for noise in ("clean", *KINDS)
    }  # fmt: skip
    assert set(accuracy[accuracy.method == "ann"].noise) == {"clean", "gaussian-noise"}
    assert accuracy[accuracy.method == "spiking"].spikes.gt(0).all()
    assert set(comparisons.question) == {"fine-tuning", "spiking"} and (comparisons.n == TRIALS).all()
    summary = json.loads((done.folder / "summary.json").read_text())
    assert summary["verdict"] == done.verdict and len(done.verdict) == 3
    assert [noise["amounts"][4] for noise in summary["noises"]] == ["0.38", "0.05"]
    with np.load(done.folder / "examples.npz") as examples:
        pictures, names = examples["pictures"], examples["names"]
    assert names.tolist() == ["gaussian-noise"] and pictures.shape == (1, 6, 28, 28)
    distance = np.abs(pictures[0].astype(float) - pictures[0, 0]).mean(axis=(1, 2))
    assert (np.diff(distance) > 0).all(), "the pictures do not get noisier"
    assert done.verdict[0] in (done.folder / "report.html").read_text(encoding="utf-8")
    assert (done.folder.parent / "latest").resolve() == done.folder.resolve()


def test_contestants_see_the_same_noisy_images():
    one, other = (
        prepare(read_study(STUDY, ["dataset.trials=3", f"network.model={model}"]), None)
        for model in ("mnist-small", "mnist-small-fine-tuned")
    )
    noise = NOISES["gaussian-noise"].at(3)
    images = [noisy(prepared, noise, seed)[0].examples.images for prepared in (one, other) for seed in (1, 2)]
    assert np.array_equal(images[0], images[2]) and not np.array_equal(images[0], images[1])


def test_a_study_with_noise_of_its_own_is_refused(tmp_path):
    with pytest.raises(UserError, match="adds noise itself") as error:
        ask(tmp_path, changes=["noise.blur.severity=2"])
    assert "blur" in str(error.value) and not any(tmp_path.iterdir())

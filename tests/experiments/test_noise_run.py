"""The noise experiment from end to end: what it equals, what it keeps, what its page shows."""

import json
from pathlib import Path

import pandas as pd
import pytest

from bioscnn.experiments.classify import RULES
from bioscnn.experiments.executors import Where
from bioscnn.experiments.noise import NoiseExperiment
from bioscnn.experiments.noise.networks import NETWORKS
from bioscnn.experiments.run import run_experiment
from bioscnn.files import read_npz
from bioscnn.network import OUTPUT, READOUT
from bioscnn.readout import decisions
from bioscnn.simulation import simulate
from bioscnn.studies import read_study
from bioscnn.studies.prepare import prepare
from tests.browser.conftest import (
    assert_everything_fits,
    assert_verdict_is_read_without_scrolling,
    open_alone,
)
from tests.experiments.toy import Watcher

STUDY = Path(__file__).parents[2] / "sims" / "mnist.toml"
KINDS = ("gaussian-noise", "stuck-neurons")
TRIALS = 20
SECTIONS = ("summary", "fall", "curves", "helps", "activity", "noises", "tables", "methods", "provenance")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BIOSCNN_DATA", raising=False)
        # Networks of one shape, of which one program is compiled.
        patch.setattr("bioscnn.experiments.noise.experiment.networks_of", lambda *_: NETWORKS["mnist"][:2])
        experiment = NoiseExperiment(read_study(STUDY), quick=True, kinds=KINDS, trials=TRIALS)
        yield run_experiment(
            experiment, where=Where(1), data=None, results=tmp_path_factory.mktemp("noise"),
            progress=Watcher(),
        )  # fmt: skip


def run_of(model, *changes):
    """Return the classes and spikes of a run of a study with these changes, the usual way."""
    prepared = prepare(
        read_study(STUDY, [f"dataset.trials={TRIALS}", f"network.model={model}", *changes]), None
    )
    recording = simulate(
        prepared.network, prepared.stimulus, prepared.device, record={OUTPUT, READOUT}, potentials={READOUT}
    )
    spikes = sum(int(part.counts_by_trial.sum()) for part in recording.populations.values())
    return decisions(recording, prepared.study.config.readout.rule)[:, -1].tolist(), spikes


@pytest.mark.parametrize("condition", ["clean", *KINDS])
def test_every_unit_is_the_run_of_a_study_with_that_noise_and_seed(done, condition):
    units = pd.read_csv(done.folder / "units.csv").fillna({"severity": 0})
    units = units[(units["variant"] == "fine-tuned") & (units["condition"] == condition)]
    assert len(units) == (1 if condition == "clean" else 4)
    for unit in units.itertuples():
        noise = [] if condition == "clean" else [f"noise.{condition}.severity={unit.severity:.0f}"]
        outcome = read_npz(done.folder / unit.file)
        chosen = outcome["chosen"][RULES.index("peak-potential")].tolist()
        expected = run_of("mnist-small-fine-tuned", *noise, f"simulation.seed={unit.seed}")
        assert (chosen, int(outcome["spikes"].sum())) == expected


def test_tables_and_summary_hold_every_network_and_noise(done):
    accuracy, losses = (pd.read_csv(done.folder / f"{name}.csv") for name in ("accuracy", "losses"))
    cells = accuracy[accuracy.method == "spiking"].groupby(["network", "noise"]).size()
    assert cells.to_dict() == {
        (network, noise): 1 if noise == "clean" else 2
        for network in ("soft LIF", "fine-tuned") for noise in ("clean", *KINDS)
    }  # fmt: skip
    assert set(accuracy[accuracy.method == "ann"].noise) == {"clean", "gaussian-noise"}
    assert set(losses.noise) == set(KINDS) and (losses.trials == TRIALS).all()
    summary = json.loads((done.folder / "summary.json").read_text())
    assert summary["verdict"] == list(done.analysis.verdict) and len(summary["verdict"]) == 5
    assert summary["units"] == done.computed == 18
    assert [noise["amounts"][4] for noise in summary["noises"]] == ["0.38", "0.05"]
    assert (done.folder.parent / "latest").resolve() == done.folder.resolve()


def test_the_figure_the_table_and_the_verdict_speak_of_the_same_losses(done):
    losses = pd.read_csv(done.folder / "losses.csv")
    for row in losses.itertuples():
        assert row.significant == (row.p_holm < 0.05)
        assert row.significant == (row.low_holm > 0 or row.high_holm < 0)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_its_page_opens_alone_and_fits(browser, done, width):
    page = open_alone(browser, done.folder / "report.html", width)
    assert_verdict_is_read_without_scrolling(page, done.analysis.verdict)
    assert_everything_fits(page, width, SECTIONS, n_pictures=5)
    page.close()

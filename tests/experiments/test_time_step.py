"""The time-step experiment, which CONTRIBUTING shows as an example of a new one."""

from pathlib import Path

import pandas as pd
import pytest

from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.executors import Where
from bioscnn.experiments.run import run_experiment
from bioscnn.experiments.time_step import TimeStepExperiment
from bioscnn.studies import read_study
from tests.browser.conftest import assert_everything_fits, open_alone
from tests.experiments.toy import Watcher

STUDY = Path(__file__).parents[2] / "sims" / "mnist.toml"


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BIOSCNN_DATA", raising=False)
        experiment = TimeStepExperiment(
            read_study(STUDY, ["dataset.trials=40"]), ("1 ms", "0.5 ms", "0.1 ms")
        )
        yield run_experiment(
            experiment, where=Where(1), data=None, results=tmp_path_factory.mktemp("steps"),
            progress=Watcher(),
        )  # fmt: skip


def test_a_coarser_time_step_delays_decisions(done):
    """A spike acts from the next step on, layer by layer: the finer the steps, the earlier the decision."""
    steps = pd.read_csv(done.folder / "time-steps.csv")
    assert steps["dt_ms"].tolist() == pytest.approx([1, 0.5, 0.1])
    assert steps["latency_ms"].is_monotonic_decreasing
    assert steps["updates"].tolist() == pytest.approx([steps["updates"][0] * k for k in (1, 2, 10)])
    rows = pd.read_csv(done.folder / "comparisons.csv").set_index(["outcome", "dt_ms"])
    late = rows.loc[("latency_ms", 1.0)]
    assert late["significant"] and 0.5 < late["low"] < late["difference"] < 4


def test_rows_of_the_same_family_are_corrected_together(done):
    rows, by_readout = (pd.read_csv(done.folder / f"{name}comparisons.csv") for name in ("", "readout-"))
    assert len(rows) == 2 * 5 and (rows["p_holm"] >= rows["p"]).all()
    own = by_readout[by_readout["readout"] == done.summary["readout"]].set_index(["dt_ms", "outcome"])
    assert len(by_readout) == 2 * 5 * 2 and len(own) == 4
    of_study = rows.set_index(["dt_ms", "outcome"]).loc[own.index]
    assert (own["p_holm"] == of_study["p_holm"]).all(), "the study's own readout is the same family"


def test_constant_currents_drive_as_many_spikes_at_any_step_and_later_layers_lose_some(done):
    """What the first layer has fewer at 1 ms is the last step of the trial, which is silent."""
    layers = pd.read_csv(done.folder / "layers.csv").set_index(["population", "dt_ms"])
    first, last = layers.loc[("conv1", 1.0)], layers.loc[("conv3", 1.0)]
    assert first["difference_percent_high"] < -2 and abs(first["difference_until_percent"]) < 0.2
    assert last["difference_until_percent_high"] < 0


def test_ratios_of_energy_depend_on_the_named_clock_and_not_on_the_step(done):
    energy = pd.read_csv(done.folder / "energy.csv").set_index("dt_ms")
    assert energy["updates_flop"].to_numpy() == pytest.approx(energy["updates_flop"][1.0])
    assert energy["ann_to_spiking"].max() / energy["ann_to_spiking"].min() < 1.02
    assert energy["ann_to_events"].max() / energy["ann_to_events"].min() < 1.1
    assert energy["ann_to_spiking_own_step"][1.0] == pytest.approx(energy["ann_to_spiking"][1.0])
    assert energy["ann_to_spiking_own_step"][0.1] < energy["ann_to_spiking"][0.1] / 8


def test_trials_of_the_time_code_are_as_long_as_their_windows():
    """At 2 ms they have four steps, at 0.5 ms eighteen: 34 and 36.5 ms, and no step divides all durations."""
    study = read_study(STUDY.with_name("mnist-time.toml"), ["dataset.trials=4"])
    units = TimeStepExperiment(study, ("2 ms", "0.5 ms")).plan(Bench(None))
    durations = [unit.study.config.simulation.duration for unit in units]
    assert durations == pytest.approx([34e-3, 36.5e-3])
    assert {unit.options["until"] for unit in units} == {32e-3}


@pytest.mark.parametrize("steps", [("1 ms",), ("1 ms", "1 ms"), ("1 ms", "3 ms"), ("1 ms", "1 mV")])
def test_steps_that_cannot_be_compared_are_refused(steps):
    with pytest.raises(UserError):
        TimeStepExperiment(read_study(STUDY, ["dataset.trials=40"]), steps).plan(Bench(None))


@pytest.mark.browser
def test_its_page_opens_alone_and_fits(browser, done):
    page = open_alone(browser, done.folder / "report.html", 390)
    assert_everything_fits(
        page,
        390,
        ("summary", "curves", "readouts", "layers", "energy", "tables", "methods", "provenance"),
        n_pictures=1,
    )
    page.close()

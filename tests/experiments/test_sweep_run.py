"""Sweeps of a spiking network: what a point is, what its page shows, and that a kill changes no table."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioscnn.experiments.sweep import SweepExperiment, read_sweep
from bioscnn.experiments.sweep.points import signature_of
from bioscnn.network import OUTPUT, READOUT
from bioscnn.readout import decisions
from bioscnn.simulation import simulate
from bioscnn.studies import read_study
from bioscnn.studies.fixed_weights import kept_gain, with_encoder_of, with_fixed_weights
from bioscnn.studies.prepare import build_neuron, prepare
from tests.browser.conftest import (
    assert_everything_fits,
    assert_verdict_is_read_without_scrolling,
    open_alone,
)
from tests.experiments.conftest import no_pages
from tests.sweeps import ROOT, STUDY, conduct, write_sweep

SECTIONS = (
    "summary", "effects", "bars", "alone", "surface", "main", "parallel", "tables", "methods", "provenance",
)  # fmt: skip
LATIN = 'kind = "latin-hypercube"\npoints = 24'
RANGES = (
    '"neuron.tau_m" = { low = "10 ms", high = "30 ms" }\n"synapse.tau_s" = { low = "2 ms", high = "8 ms" }'
)
BIOSCNN = [sys.executable, "-m", "bioscnn"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module", autouse=True)
def embedded_digits():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BIOSCNN_DATA", raising=False)
        ENVIRONMENT.pop("BIOSCNN_DATA", None)
        yield


def go(place, design=LATIN, parameters=RANGES, **rest):
    file = write_sweep(place, design, parameters, **{"changes": "", **rest})
    return conduct(place / "results", SweepExperiment(read_sweep(file)))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    with no_pages():
        return go(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="module")
def screened(tmp_path_factory):
    more = """
"network.weight_scale" = { low = 0.667, high = 1.5, scale = "log" }
"neuron.V_th" = { low = "15 mV", high = "25 mV" }"""
    return go(tmp_path_factory.mktemp("screened"), 'kind = "morris"\ntrajectories = 6', RANGES + more)


def test_a_screening_names_its_strongest_parameters_and_compiles_one_program(screened):
    effects, summary = pd.read_csv(screened.folder / "effects.csv"), screened.summary
    strongest = effects.query("outcome == 'accuracy'").sort_values("mu_star", ascending=False)
    assert summary["influential"][0]["parameter"] == strongest.parameter.iloc[0]
    assert (summary["n_points"], summary["programs"], summary["n_failed"]) == (30, 1, 0)
    assert len(effects) == 16 and screened.computed >= 30


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_opens_without_an_error_or_a_request_and_everything_on_it_fits(browser, screened, width):
    report = screened.folder / "report.html"
    assert report.stat().st_size < 3e6
    page = open_alone(browser, report, width)
    assert_verdict_is_read_without_scrolling(page, screened.summary["verdict"][:1])
    assert_everything_fits(page, width, SECTIONS, n_pictures=6)
    page.close()


def run_of(*changes):
    """Accuracy and spikes of a run of the study with these changes."""
    prepared = prepare(read_study(STUDY, ["dataset.trials=5", *changes]), None)
    recording = simulate(
        prepared.network, prepared.stimulus, prepared.device, record={OUTPUT, READOUT}, potentials={READOUT}
    )
    chosen = decisions(recording, prepared.study.config.readout.rule)[:, -1]
    spikes = sum(int(part.counts_by_trial.sum()) for part in recording.populations.values())
    return np.mean(chosen == prepared.examples.labels), spikes / 5


@pytest.mark.slow
@pytest.mark.usefixtures("without_pages")
def test_a_point_of_converted_weights_is_the_run_of_its_study(tmp_path):
    parameters = (
        '"neuron.V_th" = { values = ["20 mV", "24 mV"] }\n"synapse.delay" = { values = ["0 ms", "1 ms"] }'
    )
    done = go(tmp_path, 'kind = "grid"\nweights = "converted"', parameters)
    table = pd.read_csv(done.folder / "points.csv")
    for row in table.itertuples(index=False):
        expected = run_of(f"neuron.V_th={row[2]} mV", f"synapse.delay={row[3]} ms")
        assert (row.accuracy, row.spikes) == pytest.approx(expected, abs=1e-12)
    assert done.summary["programs"] == 2, "delay is another program, the threshold is none"


@pytest.mark.usefixtures("without_pages")
def test_where_weights_are_fixed_only_the_study_itself_is_its_run(tmp_path):
    done = go(tmp_path, 'kind = "grid"', '"neuron.V_th" = { values = ["20 mV", "24 mV"] }')
    own, other = pd.read_csv(done.folder / "points.csv")[["accuracy", "spikes"]].to_numpy()
    assert tuple(own) == pytest.approx(run_of(), abs=1e-12)
    assert other[1] < own[1] and other[1] != run_of("neuron.V_th=24 mV")[1]


def test_fixed_weights_and_biases_stay_under_another_neuron_and_synapse():
    prepared = prepare(read_study(STUDY, ["dataset.trials=5"]), None)
    changes = ["neuron.tau_m=30 ms", "neuron.t_ref=3 ms", "synapse.tau_s=3 ms", "network.weight_scale=2"]
    network = with_fixed_weights(prepared.network, read_study(STUDY, changes).config)
    for before, after in zip(prepared.network.neurons, network.neurons, strict=True):
        assert np.array_equal(before.bias, after.bias) and after.neuron.parameters["tau_m"] == 30e-3
        assert network.synapse_onto(after.name).tau_s == 3e-3
    assert network[OUTPUT].neuron.parameters["t_ref"] == 3e-3
    for before, after in zip(prepared.network.projections, network.projections, strict=True):
        scale = 1 if before.synapse is None else 2
        weights = [p.connectivity.matrix().data for p in (before, after)]
        assert np.allclose(scale * weights[0], weights[1], rtol=1e-12)


@pytest.mark.parametrize("change", ["neuron.tau_m=10 ms", "neuron.tau_m=40 ms", "neuron.t_ref=4 ms"])
def test_with_its_gain_kept_a_neuron_fires_at_the_rates_at_which_it_fired(change):
    """Hz, on average over rates up to that of the largest activation; without, rates are up to halved."""
    before, after = (read_study(STUDY, words).config for words in ([], [change]))
    gain, neurons = kept_gain(before, after), [build_neuron(config.neuron) for config in (before, after)]
    rates = np.linspace(1, 200, 50)
    currents = np.array([neurons[0].current(rate) for rate in rates])
    kept, wired = neurons[1].rate(gain.offset + gain.slope * currents), neurons[1].rate(currents)
    assert np.abs(kept - rates).mean() < 0.5 * np.abs(wired - rates).mean()
    assert np.abs(kept - rates).mean() < 12


def test_with_its_gain_kept_a_network_does_not_notice_another_threshold_or_resistance():
    """Currents in rheobases are all that a LIF neuron knows of them."""
    own = prepare(read_study(STUDY, ["dataset.trials=5"]), None)
    changes = ["neuron.V_th=25 mV", "neuron.R_m=80 Mohm", "dataset.trials=5"]
    config = read_study(STUDY, changes).config
    gain = kept_gain(own.study.config, config)
    assert (gain.charge, gain.slope, gain.offset) == (1, pytest.approx(25 / 20 * 100 / 80), 0)
    counts = [
        simulate(network, own.stimulus, own.device, record={OUTPUT}).populations
        for network in (own.network, with_fixed_weights(own.network, config, gain))
    ]
    total = [sum(int(part.counts_by_trial.sum()) for part in one.values()) for one in counts]
    assert total[0] == pytest.approx(total[1], rel=1e-3)


def test_with_its_gain_kept_a_spike_carries_its_charge_and_biases_go_with_the_threshold():
    own = prepare(read_study(STUDY, ["dataset.trials=5"]), None)
    config = read_study(STUDY, ["synapse.tau_s=2 ms", "neuron.V_th=25 mV", "dataset.trials=5"]).config
    network = with_fixed_weights(own.network, config, kept_gain(own.study.config, config))
    for before, after in zip(own.network.projections, network.projections, strict=True):
        factor = 1.25 * (1 if before.synapse is None else 5 / 2)
        weights = [p.connectivity.matrix().data for p in (before, after)]
        assert np.allclose(factor * weights[0], weights[1], rtol=1e-12)
    for before, after in zip(own.network.neurons, network.neurons, strict=True):
        assert np.allclose(1.25 * before.bias, after.bias, rtol=1e-12)


def test_with_the_gain_kept_a_layer_in_front_stays_that_of_the_study():
    study = read_study(STUDY.parent / "caltech.toml")
    other = study.changed(neuron={"tau_m": "10 ms"}).config
    assert with_encoder_of(study.config, other).neuron == study.config.neuron
    currents = read_study(STUDY, ["neuron.tau_m=10 ms"]).config
    assert with_encoder_of(read_study(STUDY).config, currents) == currents


def test_a_gain_scales_the_currents_of_the_stimulus_and_not_what_the_trained_network_sees():
    one, two = (prepare(read_study(STUDY, ["dataset.trials=5", f"encoding.gain={g}"]), None) for g in (1, 2))
    assert np.array_equal(2 * one.stimulus.values, two.stimulus.values)
    assert np.array_equal(one.input.intensities(), two.input.intensities())


def test_points_of_one_signature_share_a_program():
    changes = ["neuron.tau_m=11 ms", "noise.threshold-mismatch.cv=0.1"], ["noise.threshold-mismatch.cv=0.3"]
    configs = [read_study(STUDY, [*more, "dataset.trials=2"]) for more in (*changes, [])]
    signatures = [signature_of(study.config) for study in configs]
    keys = [prepare(study, None).program.key() for study in configs]
    assert signatures[0] == signatures[1] != signatures[2] and keys[0] == keys[1] != keys[2]


@pytest.mark.slow
@pytest.mark.usefixtures("without_pages")
def test_a_ledger_shares_out_what_the_trained_network_loses(tmp_path):
    done = go(
        tmp_path,
        'kind = "grid"\nweights = "converted"',
        '"neuron.V_th" = { values = ["20 mV", "24 mV"] }',
        top='outcomes = ["accuracy", "ledger"]',
        changes='"network.model" = "mnist-small-relu"',
    )
    table = pd.read_csv(done.folder / "points.csv")
    prepared = prepare(read_study(STUDY, ["dataset.trials=5", "network.model=mnist-small-relu"]), None)
    trained = np.mean(prepared.ann_class == prepared.examples.labels)
    lost = table.filter(like="ledger.").sum(axis=1)
    assert lost.to_numpy() == pytest.approx((trained - table.accuracy).to_numpy(), abs=1e-9)


def start(place: Path, *words: str, design: str = LATIN) -> subprocess.Popen[str]:
    write_sweep(place, design, RANGES, changes="")
    command = [*BIOSCNN, "sweep", "sweep.toml", *(words or ("--jobs", "2"))]
    return subprocess.Popen(
        command, cwd=place, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def units_soon(place: Path, n: int, process: subprocess.Popen[str]) -> None:
    """Wait until some points are kept."""
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        if len(list((place / "results").rglob("units/*.npz"))) >= n:
            return
        time.sleep(0.02)
    raise AssertionError(process.communicate()[0])


@pytest.mark.slow
def test_a_sweep_that_is_killed_goes_on_and_comes_to_the_table_of_one_that_is_not(undisturbed, tmp_path):
    process = start(tmp_path)
    units_soon(tmp_path, 3, process)
    process.kill()
    process.communicate()
    kept = len(list((tmp_path / "results").rglob("units/*.npz")))
    assert 3 <= kept < 24 and not list((tmp_path / "results").rglob("points.csv"))
    again = start(tmp_path)
    output = again.communicate(timeout=120)[0]
    assert again.returncode == 0, output
    assert f"{24 - kept} measured now, {kept} kept" in output
    (table,) = (tmp_path / "results").rglob("points.csv")
    assert table.read_bytes() == (undisturbed.folder / "points.csv").read_bytes()

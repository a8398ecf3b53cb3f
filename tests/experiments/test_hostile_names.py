"""Names that others chose, on pages of experiments: shown in a real browser, and never run.

Units are not simulated: their outcomes are drawn at random in the form that their measures have.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from bioscnn.experiments.benchmark import BenchmarkExperiment
from bioscnn.experiments.form import KINDS, Form
from bioscnn.experiments.ladder import LadderExperiment
from bioscnn.experiments.ladder.rungs import Rung, rungs_of
from bioscnn.experiments.noise import NoiseExperiment
from bioscnn.experiments.sweep import SweepExperiment, read_sweep
from bioscnn.experiments.time_step import TimeStepExperiment
from bioscnn.experiments.timing import TimingExperiment
from bioscnn.experiments.unit import Measure, measure_of
from bioscnn.metrics import CONTROL_SETS
from bioscnn.studies import Study, read_study
from tests.experiments.toy import conduct
from tests.hostile import NAME, assert_nothing_ran
from tests.own_data import network, photographs

pytestmark = pytest.mark.browser

NEURON = Path(__file__).parents[2] / "sims" / "neurons" / "exponential.toml"


def drawn(form: Form, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Arrays of a form: two classes, small numbers, no spikes."""
    lengths = {"populations": 3, "sets": len(CONTROL_SETS), "spikes": 0}
    outcome = {}
    for name, described in form.items():
        kind, *axes = described.split()
        shape = [int(axis) if axis.isdecimal() else lengths.get(axis, 20) for axis in axes]
        values = rng.integers(0, 2, shape) if KINDS[kind] == "iu" else (1 + rng.random(shape)) / 2
        outcome[name] = np.asarray(values)
    if "trial_start" in outcome:
        outcome["trial_start"] = np.zeros(21, np.int64)
    return outcome


def lowest_and_own(study: Study, own: Path | None) -> tuple[Rung, ...]:
    """Return the first rung and that of a user's own neuron, which is compared with it."""
    first, *_, last = rungs_of(study, own)
    return first, replace(last, below=first.name)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study in which everything that has a name is called so: file, folders, classes, network."""
    with pytest.MonkeyPatch.context() as patch:
        rng = np.random.default_rng(1)

        def drawn_measure(name):
            form = measure_of(name).form
            return Measure(lambda unit, bench: drawn(form(unit), rng), form=form)

        patch.setattr("bioscnn.experiments.engine.measure_of", drawn_measure)
        patch.setattr("bioscnn.experiments.engine.code_of", str)  # hashes take seconds, and keep nothing here
        patch.setattr("bioscnn.experiments.engine.core_of", str)
        patch.setattr("bioscnn.experiments.benchmark.experiment.drawings", lambda tables: {})
        patch.setattr("bioscnn.experiments.ladder.experiment.rungs_of", lowest_and_own)
        place = tmp_path_factory.mktemp("hostile")
        photographs(place / NAME / "own", (f"a {NAME}"[:100], f"b {NAME}"[:100]), n=100)
        network(place / NAME / f"{NAME}.onnx", (3, 4, 6), 2)
        file = place / NAME / f"{NAME}.toml"
        file.write_text(
            f"# {NAME}\n[dataset]\nname = 'folder:own'\n"
            f'trials = 20\nsplit = "test"\nsize = [4, 6]\ncolour = "rgb"\n'
            f"[network]\nmodel = {json.dumps(f'{NAME}.onnx')}\n"
            '[simulation]\ndevice = "numpy"\nduration = "20 ms"\n'
        )
        yield file


def sweep_of(file: Path) -> SweepExperiment:
    sweep = file.with_name(f"s {NAME}"[:100] + ".toml")
    sweep.write_text(
        f'study = {json.dumps(file.name)}\n[design]\nkind = "grid"\n[parameters]\n'
        '"neuron.V_th" = { values = ["20 mV", "24 mV"] }\n"neuron.t_ref" = { values = ["2 ms", "3 ms"] }\n'
    )
    return SweepExperiment(read_sweep(sweep))


def ladder_of(file: Path) -> LadderExperiment:
    neuron = file.with_name(f"n {NAME}"[:100] + ".toml")
    neuron.write_text(NEURON.read_text())
    return LadderExperiment(read_study(file), neuron=neuron)


EXPERIMENTS = {
    "time-step": lambda file: TimeStepExperiment(read_study(file), ("1 ms", "0.5 ms")),
    "noise": lambda file: NoiseExperiment(read_study(file), quick=True, kinds=("occlusion",), trials=20),
    "sweep": sweep_of,
    "ladder": ladder_of,
    "benchmark": lambda file: BenchmarkExperiment(NAME, file, (str(file.with_suffix(".onnx")),)),
    "timing": lambda file: TimingExperiment(read_study(file), ("jitter 5 ms",), folds=2),
}


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_page_shows_names_and_runs_none(browser: Browser, study: Path, tmp_path: Path, name: str):
    finished = conduct(EXPERIMENTS[name](study), tmp_path)
    assert_nothing_ran(browser, finished.folder / "report.html", 2, NAME)
    assert_nothing_ran(browser, tmp_path / "index.html", 1, NAME)

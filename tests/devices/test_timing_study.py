"""A timing study from end to end: perturbed layers, kept units, tables, a verdict."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioscnn.ann import write_onnx
from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT
from bioscnn.noise import Jitter
from bioscnn.seeds import stream
from bioscnn.simulation import simulate
from bioscnn.studies import read_study
from bioscnn.studies.prepare import prepare
from bioscnn.studies.timing import run_timing
from bioscnn.studies.watcher import Unwatched
from tests.networks import of_events

STUDY = Path(__file__).parents[2] / "sims" / "nmnist.toml"
ASKED = ("jitter 5 ms", "collapse", "first-spike")


class Watcher(Unwatched):
    """Counts the units that are computed, and may stop after some."""

    def __init__(self, most=None):
        self.tasks, self.most = [], most

    def task(self, what, trials, work):
        if len(self.tasks) == self.most:
            raise KeyboardInterrupt
        self.tasks.append(what)


@pytest.fixture(scope="module", autouse=True)
def no_data_folder():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BIOSCNN_DATA", raising=False)
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("timing")
    write_onnx(of_events(), folder / "lif.onnx")
    return folder


def study(place, *changes):
    # In double precision, as other tests of the same programs are.
    given = [
        f"network.model={place / 'lif.onnx'}",
        "dataset.trials=80",
        "simulation.duration=100 ms",
        "simulation.precision=float64",
    ]
    return read_study(STUDY, [*given, *changes])


def ask(place, results, watcher=None, asked=ASKED, folds=2, changes=(), **options):
    return run_timing(
        study(place, *changes),
        asked=asked,
        folds=folds,
        data=None,
        results=results,
        progress=watcher or Watcher(),
        **options,
    )


@pytest.fixture(scope="module")
def finished(place):
    watcher = Watcher()
    return ask(place, place / "results", watcher, collapsed=str(place / "lif.onnx")), watcher


def test_no_perturbation_is_the_clean_run_spike_for_spike_at_every_layer(place):
    """What comes after a layer, shown that layer's spikes, does what it does in the whole network."""
    prepared = prepare(study(place, "dataset.trials=20"), None)
    network, device = prepared.network, prepared.device
    names = {population.name for population in network.neurons}
    whole = simulate(network, prepared.stimulus, device, record=names, potentials={READOUT})
    assert whole[OUTPUT].spikes.n_spikes > 100
    for name in names - {OUTPUT, READOUT}:
        spikes = Jitter(0.0).apply(whole[name].spikes, stream(1, "none"))
        assert spikes == whole[name].spikes
        rest = network.after(name)
        part = simulate(rest, spikes, device, record={p.name for p in rest.neurons}, potentials={READOUT})
        for later in rest.neurons:
            if later.name != READOUT:
                assert part[later.name].spikes == whole[later.name].spikes
        assert np.array_equal(part[READOUT].potentials, whole[READOUT].potentials)


def test_every_layer_condition_and_method_has_its_row(finished):
    done, watcher = finished
    table = pd.read_csv(done.folder / "accuracy.csv")
    layers = done.summary["layers"]
    assert layers == ["input", "conv1", "conv2"]
    assert len(watcher.tasks) == len(layers) * (1 + len(ASKED))
    methods = table.groupby(["layer", "label"])["method"].nunique().unstack()
    assert (methods.loc["input"] == 6).all() and (methods.loc[["conv1", "conv2"]] == 5).all().all()
    assert set(table["label"]) == {"clean", *ASKED}
    assert (table["n"] == 80).all()
    counts = table[(table["method"] == "time-collapsed CNN") & table["keeps_counts"]]
    assert counts["accuracy"].nunique() == 1  # it sees nothing but counts
    assert (counts[["lost", "won"]] == 0).all().all()
    for name in ("report.html", "verdict.json", "comparisons.csv", "information.csv", "controls.csv"):
        assert (done.folder / name).stat().st_size > 0
    assert done.folder.parent.name == "nmnist-simulated"
    assert json.loads((done.folder / "verdict.json").read_text())["text"] in done.verdict.text


def test_a_study_that_was_interrupted_goes_on_and_comes_to_the_same(finished, place):
    done, _ = finished
    results, collapsed = place / "again", str(place / "lif.onnx")
    with pytest.raises(KeyboardInterrupt):
        ask(place, results, Watcher(most=5), collapsed=collapsed)
    watcher = Watcher()
    again = ask(place, results, watcher, collapsed=collapsed)
    assert len(watcher.tasks) == 12 - 5
    for table in ("accuracy.csv", "comparisons.csv", "information.csv", "controls.csv"):
        assert (again.folder / table).read_bytes() == (done.folder / table).read_bytes()
    watcher = Watcher()
    ask(place, results, watcher, collapsed=collapsed)
    assert watcher.tasks == []


@pytest.mark.parametrize(
    ("problem", "options"),
    [
        ("unknown perturbation", {"asked": ["jiter 5 ms"]}),
        ("too few trials", {"folds": 40}),
        ("longer than", {"asked": ["jitter 200 ms"]}),
        ("does not fit the data", {"collapsed": "mnist-small"}),
    ],
)
def test_bad_input_is_refused_before_any_work(place, tmp_path, problem, options):
    with pytest.raises(UserError, match=problem):
        ask(place, tmp_path, **options)
    assert not list(tmp_path.rglob("*.npz"))

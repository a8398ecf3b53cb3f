"""The timing experiment from end to end: perturbed layers, kept units, tables, its page."""

import numpy as np
import pytest

from bioscnn.ann import write_onnx
from bioscnn.errors import UserError
from bioscnn.experiments.timing import TimingExperiment
from bioscnn.network import OUTPUT, READOUT
from bioscnn.noise import Jitter
from bioscnn.seeds import stream
from bioscnn.simulation import simulate
from bioscnn.studies import read_study
from bioscnn.studies.prepare import prepare
from tests.browser.conftest import assert_everything_fits, open_alone
from tests.experiments.toy import Watcher, conduct
from tests.networks import of_events

ASKED = ("jitter 5 ms", "collapse", "first-spike")
SECTIONS = (
    "summary", "how", "controls", "primary", "methods", "jitter", "perturbations", "information", "spikes",
    "literature", "tables", "provenance",
)  # fmt: skip


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
        "dataset.trials=40",
        "simulation.duration=100 ms",
        "simulation.precision=float64",
    ]
    return read_study("sims/nmnist.toml", [*given, *changes])


def experiment(place, perturb=ASKED, collapsed="lif.onnx", folds=2, layers=()):
    network = str(place / collapsed) if collapsed.endswith(".onnx") else collapsed
    return TimingExperiment(study(place), perturb, network, folds, layers)


@pytest.fixture(scope="module")
def done(place):
    """An experiment that was interrupted after five units, and went on."""
    with pytest.raises(KeyboardInterrupt):
        conduct(experiment(place), place / "results", Watcher(most=5))
    return conduct(experiment(place), place / "results")


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


@pytest.mark.usefixtures("without_pages")
def test_an_interrupted_experiment_goes_on_where_it_was(done, place):
    assert done.computed == done.summary["units"] - 5
    assert conduct(experiment(place), place / "results").computed == 0


def test_every_layer_condition_and_method_has_its_row(done):
    accuracy, effects = done.analysis.tables["accuracy"], done.analysis.tables["effects"]
    layers, labels = ["input", "conv1", "conv2"], ["clean", *ASKED]
    assert done.summary["layers"] == layers and done.folder.parent.name == "nmnist-simulated"
    methods = {(layer, label): [] for layer in layers for label in labels}
    for row in accuracy:
        methods[row["layer"], row["label"]].append(row["method"])
    assert [len(set(names)) for names in methods.values()] == [6] * 4 + [5] * 8
    assert len(effects) == sum(row["label"] != "clean" for row in accuracy)
    counts = [row for row in effects if row["method"] == "time-collapsed CNN" and row["keeps_counts"]]
    assert len(counts) == 2 and not any(row["lost"] or row["won"] for row in counts), "it sees only counts"


def test_the_decoders_see_what_the_control_sets_contain_and_nothing_else(done):
    rows = done.analysis.tables["controls"]
    assert all(row["passed"] for row in rows), rows
    shares = {(row["set"], row["label"], row["method"]): row for row in rows}
    assert shares["timing only", "clean", "latencies"]["accuracy"] > 0.95
    assert shares["counts only", "clean", "counts"]["accuracy"] > 0.95
    assert shares["counts only", "jitter 100 ms", "counts"]["accuracy"] > 0.95
    for name, label, method in (
        ("timing only", "clean", "counts"),
        ("counts only", "clean", "latencies"),
        ("timing only", "jitter 100 ms", "latencies"),
        ("timing only", "jitter 100 ms", "counts and times"),
    ):
        row = shares[name, label, method]
        assert row["low"] <= 0.1 <= row["high"]


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_its_page_opens_with_every_section_and_says_that_recordings_are_simulated(browser, done, width):
    page = open_alone(browser, done.folder / "report.html", width)
    assert_everything_fits(page, width, SECTIONS, n_pictures=11)
    captions = page.locator("figcaption").all_text_contents()
    # The controls are made-up spikes in any study.
    assert sum(text.endswith("Recordings: simulated.") for text in captions) == len(captions) - 1
    page.close()


@pytest.mark.parametrize(
    ("problem", "options"),
    [
        ("unknown perturbation", {"perturb": ["jiter 5 ms"]}),
        ("too few trials", {"folds": 20}),
        ("longer than", {"perturb": ["jitter 200 ms"]}),
        ("does not fit the data", {"collapsed": "mnist-small"}),
        ("no such layer", {"layers": ["conv9"]}),
    ],
)
def test_bad_input_is_refused_before_any_work(place, tmp_path, problem, options):
    with pytest.raises(UserError, match=problem):
        conduct(experiment(place, **options), tmp_path)
    assert not list(tmp_path.iterdir())

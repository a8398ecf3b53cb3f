"""A NIR graph from the command line: what is asked, run, refused; and a network that leaves as NIR."""

import json
import tomllib
from pathlib import Path

import nir
import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.studies import read_study
from bioscnn.studies.export import export_nir
from bioscnn.studies.prepare import prepare
from tests.cli.test_commands import STUDY
from tests.program import assert_refused, bioscnn
from tests.unit.nir.graphs import lif, weights

SET = ("--set", "network.model=mine.nir")
SMALL = ("--device", "numpy", "--trials", "3", "--json")


@pytest.fixture
def folder(tmp_path):
    """A folder with a graph for MNIST: one convolution and a dense layer, of random weights."""
    graph = nir.NIRGraph.from_list(
        nir.Input(np.array([1, 28, 28])),
        nir.Conv2d((28, 28), weights(2, 1, 5, 5) / 5, 4, 0, 1, 1, np.zeros(2)),
        lif(2, 6, 6),
        nir.Flatten({"input": np.array([2, 6, 6])}, 0, -1),
        nir.Affine(weights(10, 72) / 8, np.zeros(10)),
        lif(10),
    )
    nir.write(tmp_path / "mine.nir", graph)
    return tmp_path


def test_what_the_file_leaves_open_is_asked_for(folder):
    assert_refused(bioscnn(folder, "run", STUDY, *SET), "mine.nir", "nir.framework", "spikingjelly", "fix:")
    assert [path.name for path in folder.iterdir()] == ["mine.nir"]


def test_keys_that_a_graph_has_no_use_for_are_refused(folder):
    done = bioscnn(folder, "plan", STUDY, *SET, "--set", "nir.framework=norse", "--set", "neuron.t_ref=1 ms")
    assert_refused(done, "neuron.t_ref", "neurons, synapses and weights of its own")


def test_a_plan_shows_names_of_the_file_as_they_are(folder):
    """Square brackets mean nothing to the terminal, in whatever a file calls its nodes."""
    graph = nir.read(folder / "mine.nir")
    nodes = {name.replace("lif_1", "[bold]lif"): node for name, node in graph.nodes.items()}
    edges = [tuple(end.replace("lif_1", "[bold]lif") for end in edge) for edge in graph.edges]
    nir.write(folder / "mine.nir", nir.NIRGraph(nodes, edges))
    done = bioscnn(folder, "plan", STUDY, *SET, "--set", "nir.framework=norse", "--trials", "3")
    assert "output = '[bold]lif'" in " ".join(done.stdout.split())
    assert "[neuron], [synapse] and the normalisation" in " ".join(done.stdout.split())


def test_the_table_is_for_graphs_alone(folder):
    assert_refused(bioscnn(folder, "plan", STUDY, "--set", "nir.framework=norse"), "[nir] is for NIR graphs")


def test_what_is_about_a_trained_ann_is_refused(folder):
    for words in (("convert", "mine.nir"), ("time-step", STUDY, *SET, "--set", "nir.framework=norse")):
        assert_refused(bioscnn(folder, *words), "a NIR graph is a spiking network already", "mine.nir")


@pytest.mark.slow
def test_a_run_says_how_the_graph_is_read(folder):
    done = bioscnn(folder, "run", STUDY, *SET, *SMALL, "--set", "nir.framework=norse", "--out", "run")
    summary = json.loads(done.stdout)
    assert "ann_accuracy" not in summary and "energy" not in summary
    assert summary["notes"][0].startswith("Steps as norse takes them, of 1 ms")
    written = tomllib.loads((folder / "run" / "config.toml").read_text())
    assert written["nir"] == {"framework": "norse"}
    assert not {"neuron", "synapse"} & set(written) and set(written["network"]) == {"model"}
    page = (folder / "run" / "report.html").read_text()
    assert "The NIR graph" in page and "Steps as norse takes them" in page and "same trials" not in page
    # The file that a run has written is one to run again, and says the same.
    again = bioscnn(folder, "run", "run/config.toml", "--json", "--out", "again")
    assert json.loads(again.stdout)["spikes_per_trial"] == summary["spikes_per_trial"] > 0
    assert_refused(bioscnn(folder, "explain", "run"), "a NIR graph is a spiking network already")


@pytest.mark.slow
def test_a_network_leaves_and_comes_back(folder):
    """The spikes of a shipped network, and those of its export to NIR."""
    done = bioscnn(folder, "export", STUDY, "--to", "nir", "--out", "small.nir")
    assert done.returncode == 0 and "refractory period of 2 ms" in done.stdout
    for name, more in (("one", ()), ("other", ("--set", "network.model=small.nir"))):
        keys = ("--set", "readout.record=all", *more, "--out", name)
        assert bioscnn(folder, "run", STUDY, *SMALL, *keys).returncode == 0
    spikes = [json.loads((folder / name / "summary.json").read_text()) for name in ("one", "other")]
    for key in ("spikes_per_trial", "synops_per_trial", "accuracy", "latency_ms"):
        assert spikes[0][key] == spikes[1][key], key


def test_an_export_names_what_nir_cannot_say(folder):
    keys = ("--set", "neuron.model=adaptive-lif", "--set", "network.model=mnist-small-relu")
    done = bioscnn(folder, "export", STUDY, "--to", "nir", *keys)
    assert_refused(done, "NIR cannot say this", "AdaptiveLIF")
    assert_refused(bioscnn(folder, "export", STUDY, "--to", "csv"), "csv is a format of a run")
    assert [path.name for path in folder.iterdir()] == ["mine.nir"]


def graph_study(folder, *changes):
    """The study of the graph in a folder, which says nothing of its readout."""
    (folder / "mine.toml").write_text('[network]\nmodel = "mine.nir"\n[nir]\nframework = "norse"\n')
    return read_study(folder / "mine.toml", changes)


def test_the_class_is_read_from_spikes_if_the_output_of_a_graph_fires(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert graph_study(folder).config.readout.rule == "spike-count"
    assert graph_study(folder, "readout.rule=mean-potential").config.readout.rule == "mean-potential"


def without_firing(graph):
    nodes = graph.nodes | {"lif_1": nir.LI(np.full(10, 0.01), np.ones(10), np.zeros(10))}
    return nir.NIRGraph(nodes, graph.edges, type_check=False)


def of_five_classes(graph):
    nodes = graph.nodes | {"affine": nir.Affine(weights(5, 72), np.zeros(5)), "lif_1": lif(5)}
    return nir.NIRGraph(nodes | {"output": nir.Output(np.array([5]))}, graph.edges, type_check=False)


def of_smaller_images(graph):
    return nir.NIRGraph(
        graph.nodes | {"input": nir.Input(np.array([1, 20, 20]))}, graph.edges, type_check=False
    )


@pytest.mark.parametrize(
    ("change", "changes", "key"),
    [
        (None, ["encoding.kind=poisson", "dataset.mean=0.5"], "encoding.kind"),
        (without_firing, ["readout.rule=first-spike"], "readout.rule"),
        (of_five_classes, [], "node 'output' (Output)"),
        (of_smaller_images, [], "node 'input' (Input)"),
    ],
)
def test_a_graph_that_does_not_fit_its_study_is_refused(folder, monkeypatch, change, changes, key):
    monkeypatch.chdir(folder)
    if change is not None:
        nir.write(folder / "mine.nir", change(nir.read(folder / "mine.nir", type_check=False)))
    with pytest.raises(UserError) as refused:
        prepare(graph_study(folder, "dataset.trials=2", *changes), None)
    assert refused.value.key == key


def test_a_graph_is_no_ann_and_is_not_exported_as_another_graph(folder, monkeypatch):
    monkeypatch.chdir(folder)
    study = graph_study(folder, "dataset.trials=1")
    with pytest.raises(UserError) as refused:
        export_nir(study, None, Path("other.nir"))
    assert (refused.value.key, Path(refused.value.value).name) == ("network.model", "mine.nir")
    with pytest.raises(UserError) as refused:
        export_nir(study, None, Path("other.onnx"))
    assert refused.value.file == Path("other.onnx")
    with pytest.raises(UserError, match="a NIR graph is a spiking network already"):
        prepare(study, None).graph  # noqa: B018

"""Networks by name and by file; cards; files that appear whole or not at all."""

import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest

from bioscnn.ann import (
    Dense,
    Flatten,
    LayerGraph,
    LIFRate,
    read_card,
    read_model,
    read_onnx,
    shipped_models,
    write_onnx,
)
from bioscnn.ann.models import locate
from bioscnn.datasets import load_dataset
from bioscnn.datasets.caltech import find_photographs
from bioscnn.datasets.folders import data_folder
from bioscnn.encoding import FrontEnd
from bioscnn.errors import UserError
from bioscnn.neurons import LIF


def tiny(gamma=0.0):
    return LayerGraph("tiny", (1, 2, 2), (Flatten(), LIFRate(gamma=gamma), Dense(np.ones((3, 4)))))


def test_a_path_that_no_system_has_is_refused_by_its_key():
    for path in ("a\0b.onnx", "a" * 5000 + ".onnx"):
        with pytest.raises(UserError, match="no path of a network") as raised:
            locate(path)
        assert raised.value.key == "model" and "a shipped network" in raised.value.expected


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_network_is_small_and_is_the_one_on_its_card(name):
    graph, card = read_model(name), read_card(name)
    assert graph.name == card["name"] == name
    assert graph.sha256() == card["weights_sha256"]
    assert locate(name).stat().st_size < 1e6


def test_the_small_mnist_network_ships():
    graph = read_model("mnist-small")
    assert (graph.input_shape, graph.n_classes) == ((1, 28, 28), 10)


OF_IMAGES = [name for name in shipped_models() if "recordings" not in read_card(name)]


@pytest.mark.parametrize("name", OF_IMAGES)
def test_a_shipped_network_classifies_unseen_images_as_its_card_says(name):
    card = read_card(name)
    dataset = card["data"]["validation"]["name"]
    if dataset == "caltech" and find_photographs("validation", data_folder(None)) is None:
        pytest.skip("needs the photographs of Caltech101")
    images = load_dataset(dataset, "validation")
    assert card["data"]["validation"]["sha256"] == images.sha256
    shown = images.intensities()
    if "encoding" in card:
        front_end = FrontEnd(**{**card["encoding"], "neuron": LIF(**card["encoding"]["neuron"])})
        settings = card["settings"]
        shown = front_end.intensities(shown, round(settings["duration"] / settings["dt"]), settings["dt"])
    correct = read_model(name).forward(shown).argmax(1) == images.labels
    # Rounding differs between machines, so an image on the fence may fall on either side.
    assert abs(correct.sum() - card["validation"]["accuracy"] * len(images)) <= 1
    assert correct.mean() >= (0.96 if "encoding" in card else 0.985)


def test_an_unknown_name_is_refused_with_the_nearest_shipped_ones_first(monkeypatch, tmp_path):
    for name in ("mnist-small", "caltech", "nmnist-small"):
        write_onnx(tiny(), tmp_path / f"{name}.onnx")
    monkeypatch.setattr("bioscnn.ann.models._folder", lambda: tmp_path)
    with pytest.raises(UserError) as refusal:
        read_model("mnist-smal")
    assert "(mnist-small, nmnist-small, caltech)" in refusal.value.expected


@pytest.mark.parametrize(
    ("file", "way"),
    [("a.pt", "torch.onnx.export"), ("a.h5", "save('a.keras')"), ("a.tflite", "tf2onnx")],
)
def test_another_format_is_refused_with_the_way_to_onnx(file, way):
    with pytest.raises(UserError) as refusal:
        read_model(file)
    assert way in refusal.value.fix


def test_the_lines_that_a_refused_pickle_of_torch_comes_with_export_it(tmp_path):
    torch = pytest.importorskip("torch")

    class MyNetwork(torch.nn.Sequential):
        def __init__(self):
            super().__init__(torch.nn.Flatten(), torch.nn.Linear(12, 3))

    model, path = MyNetwork(), tmp_path / "it's mine.pt"
    torch.save(model.state_dict(), path)
    with pytest.raises(UserError, match="not read") as refusal:
        read_model(path)
    names = {"torch": torch, "MyNetwork": MyNetwork, "C": 1, "H": 3, "W": 4}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is a newer exporter
        for line in refusal.value.fix.splitlines()[1:]:
            exec(line.strip(), names)
    x = torch.rand(2, 1, 3, 4)
    ours = read_model(path.with_suffix(".onnx")).forward(x.numpy())
    np.testing.assert_allclose(ours, model(x).detach().numpy(), atol=1e-6)


@pytest.mark.parametrize("made", ["x.pkl", "folder", "saved/saved_model.pb"])
def test_what_is_there_but_no_network_is_refused_as_such(made, tmp_path):
    path = tmp_path / made
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x") if path.suffix else path.mkdir()
    for named in (path, path.parent) if "saved" in made else (path,):
        with pytest.raises(UserError, match="are not read"):
            read_model(named)


def test_a_saved_model_of_this_folder_is_refused_with_a_file_to_export_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("saved_model.pb").write_bytes(b"x")
    with pytest.raises(UserError, match="SavedModel folders are not read") as raised:
        read_model(Path("saved_model.pb"))
    assert "--saved-model . --output network.onnx" in raised.value.fix


def test_a_network_without_a_card_has_none(tmp_path):
    write_onnx(tiny(), tmp_path / "a.onnx")
    assert read_card(tmp_path / "a.onnx") is None


def test_a_card_lies_beside_its_network(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"name": "a"}))
    assert read_card(tmp_path / "a.onnx") == {"name": "a"}


def test_a_card_that_names_other_weights_is_refused_with_both_hashes(tmp_path):
    graph = tiny()
    write_onnx(graph, tmp_path / "a.onnx")
    (tmp_path / "a.json").write_text(json.dumps({"weights_sha256": "ab" * 32}))
    with pytest.raises(UserError) as refusal:
        read_model(tmp_path / "a.onnx")
    assert refusal.value.file == tmp_path / "a.json"
    assert (refusal.value.key, refusal.value.value) == ("weights_sha256", "ab" * 32)
    assert graph.sha256() in refusal.value.expected


@pytest.mark.parametrize("card", [None, {"name": "no weights named"}, {"weights_sha256": tiny().sha256()}])
def test_a_network_is_read_with_its_card_without_one_and_with_one_that_names_no_weights(card, tmp_path):
    write_onnx(tiny(), tmp_path / "a.onnx")
    if card is not None:
        (tmp_path / "a.json").write_text(json.dumps(card))
    assert read_model(tmp_path / "a.onnx") == tiny()


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_broken_card_is_refused(text, tmp_path):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError) as refusal:
        read_card(tmp_path / "a.onnx")
    assert refusal.value.file == tmp_path / "a.json"


@pytest.mark.parametrize("gamma", [0.0, 0.02])
def test_a_file_carries_its_metadata_and_only_the_functions_it_calls(gamma, tmp_path):
    write_onnx(tiny(gamma), tmp_path / "a.onnx", {"seed": "1"})
    model = onnx.load(tmp_path / "a.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert {entry.key: entry.value for entry in model.metadata_props} == {"seed": "1"}
    assert [function.name for function in model.functions] == ["LIFRate" if gamma else "LIFRateHard"]


def test_a_lif_rate_reads_back_the_numbers_as_written_in_decimal(tmp_path):
    layer = LIFRate(0.0123, 0.0021, 0.013, 0.07)
    write_onnx(LayerGraph("a", (1, 1, 1), (Flatten(), Dense([[1]]), layer)), tmp_path / "a.onnx")
    again = read_onnx(tmp_path / "a.onnx").layers[-1]
    assert (again.tau_m, again.t_ref, again.amplitude, again.gamma) == (0.0123, 0.0021, 0.013, 0.07)


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(monkeypatch, tmp_path):
    path = tmp_path / "a.onnx"
    write_onnx(tiny(), path)
    before = path.read_bytes()

    def fail(self, target):
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(UserError, match="disk full"):
        write_onnx(tiny(0.1), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot write"):
        write_onnx(tiny(), tmp_path / "none" / "a.onnx")


def test_importing_the_room_loads_neither_onnx_nor_torch():
    code = "import sys, bioscnn.ann; print([m for m in ('onnx', 'torch', 'scipy') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


@pytest.mark.parametrize("name", ["long" * 70, "long" * 70 + ".onnx", "a\0b.nir"])
def test_what_can_be_no_path_is_no_network(name):
    with pytest.raises(UserError, match="no path of a network"):
        read_model(name)

"""What damaged and hostile files have found: each of these ended in a traceback, or without an end."""

from __future__ import annotations

import json
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import h5py
import nir
import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from bioscnn import convert
from bioscnn.ann import ReLU, read_onnx, write_onnx
from bioscnn.claims import take_table
from bioscnn.datasets.own.event_formats import read_recording
from bioscnn.datasets.own.own_data import OwnData
from bioscnn.datasets.own.survey import survey
from bioscnn.errors import UserError
from bioscnn.experiments.sweep.shown import read_sweep_results
from bioscnn.exports import export
from bioscnn.fingerprint import ROOT
from bioscnn.nir import read_graph
from bioscnn.report import write_index, write_report
from bioscnn.report.folder import read_run
from bioscnn.studies.compare import compare_runs
from bioscnn.studies.describe import describe_conversion
from bioscnn.studies.recipes import find_recipes
from bioscnn.studies.shipped import find_study
from tests.browser.conftest import write_made_up_run
from tests.fuzz.bounded import fuzz
from tests.fuzz.reader import packed, unpacked
from tests.fuzz.readers import READERS
from tests.fuzz.result_files import UNITS, swept
from tests.networks import every_layer
from tests.results import write_results
from tests.runs import change_json, recorded, write_run
from tests.unit.nir.graphs import chain, lif, weights


def test_a_network_of_other_images_than_the_usual_data_is_not_normalised_on_them(tmp_path):
    write_onnx(every_layer(ReLU()), tmp_path / "net.onnx")
    with pytest.raises(UserError, match="does not fit the data") as raised:
        describe_conversion(str(tmp_path / "net.onnx"))
    assert raised.value.file == tmp_path / "net.onnx" and "(2, 9, 8)" in raised.value.value


@pytest.mark.parametrize("name", [5, None, ["nmnist"], {"name": "nmnist"}])
def test_a_card_whose_data_have_a_name_of_another_kind_is_refused(tmp_path, name):
    models = ROOT / "models"
    shutil.copy(models / "nmnist-small.onnx", tmp_path)
    card = json.loads((models / "nmnist-small.json").read_text())
    card["data"]["train"]["name"] = name
    (tmp_path / "nmnist-small.json").write_text(json.dumps(card))
    with pytest.raises(UserError, match="does not say what it was trained on") as raised:
        describe_conversion(str(tmp_path / "nmnist-small.onnx"))
    assert raised.value.file == tmp_path / "nmnist-small.json"


def test_a_file_that_says_that_bioscnn_wrote_it_may_have_any_order_of_axes(tmp_path):
    write_onnx(every_layer(), tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    for dimension, size in zip(model.graph.input[0].type.tensor_type.shape.dim[1:], (9, 8, 2), strict=True):
        dimension.dim_value = size
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(UserError) as raised:
        read_onnx(tmp_path / "net.onnx")
    assert raised.value.file == tmp_path / "net.onnx"


def test_the_type_of_a_graph_is_a_text(tmp_path):
    nir.write(tmp_path / "g.nir", chain(nir.Linear(weights(3, 4)), lif(3), shape=(4,), out=3))
    with h5py.File(tmp_path / "g.nir", "r+") as file:
        del file["node/type"]
        file["node/type"] = np.zeros(3)
    with pytest.raises(UserError, match="not a NIR graph") as raised:
        read_graph(tmp_path / "g.nir")
    assert raised.value.file == tmp_path / "g.nir"


def test_a_study_that_cannot_be_trained_is_named(tmp_path):
    study = tmp_path / "mine.toml"
    study.write_text('[dataset]\nname = "mnist"\n[network]\nmodel = "a\\nb"\n')
    with pytest.raises(UserError, match="no name of a network") as raised:
        find_recipes(str(study))
    assert raised.value.file == study


def model_of(path, nodes, **arrays):
    """An ONNX file of a network of images of 6 x 6 pixels, x, and of 3 classes, y."""
    ends = [
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)]
        for name, shape in (("x", (1, 1, 6, 6)), ("y", (1, 3)))
    ]
    known = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    graph = helper.make_graph(nodes, "g", *ends, known)
    opset = helper.make_opsetid("", 17)
    path.write_bytes(helper.make_model(graph, opset_imports=[opset]).SerializeToString())
    return path


WEIGHT = np.arange(108, dtype=np.float32).reshape(36, 3)
FLAT, DENSE = helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("Gemm", ["f", "w"], ["y"])


def test_branches_that_branch_again_are_refused_before_they_fill_the_memory(tmp_path):
    nodes = [helper.make_node("Add", [f"a{k}" if k else "x"] * 2, [f"a{k + 1}"]) for k in range(60)]
    flat = helper.make_node("Flatten", ["a60"], ["f"])
    path = model_of(tmp_path / "net.onnx", [*nodes, flat, DENSE], w=WEIGHT)
    with pytest.raises(UserError, match="too many linear paths"):
        convert(read_onnx(path), images=np.ones((2, 1, 6, 6), np.float32))


@pytest.mark.parametrize("taken", [True, False])
def test_an_if_whose_condition_is_known_is_the_branch_that_it_takes(tmp_path, taken):
    made = [helper.make_tensor_value_info("o", onnx.TensorProto.FLOAT, None)]
    dense = helper.make_node("Gemm", ["f", "w"], ["o"])
    doubled = [helper.make_node("Gemm", ["f", "w"], ["o"], alpha=2.0)]
    branches = {
        "then_branch": helper.make_graph([dense], "t", [], made),
        "else_branch": helper.make_graph(doubled, "e", [], made),
    }
    choice = helper.make_node("If", ["c"], ["y"], **branches)
    path = model_of(tmp_path / "net.onnx", [FLAT, choice], w=WEIGHT, c=np.array(taken))
    logits = read_onnx(path).forward(np.ones((1, 1, 6, 6), np.float32))
    np.testing.assert_allclose(logits[0], WEIGHT.sum(axis=0) * (1 if taken else 2), rtol=1e-6)


def test_a_node_that_no_output_needs_is_not_looked_at(tmp_path):
    unused = helper.make_node("Sigmoid", ["x"], ["unused"])
    path = model_of(tmp_path / "net.onnx", [FLAT, unused, DENSE], w=WEIGHT)
    logits = read_onnx(path).forward(np.ones((1, 1, 6, 6), np.float32))
    np.testing.assert_allclose(logits[0], WEIGHT.sum(axis=0), rtol=1e-6)


@pytest.mark.parametrize("what", ["study", "sweep"])
def test_a_name_that_is_too_long_for_a_file_is_none(what):
    with pytest.raises(UserError, match=f"no such {what} file"):
        find_study(Path("a" * 5000), what)


def test_a_recording_is_never_larger_than_its_file(tmp_path):
    events = np.zeros(10**6, [("x", "<i2"), ("y", "<i2"), ("t", "<i8"), ("p", "|b1")])
    np.save(tmp_path / "e.npy", events[:3])
    content = (tmp_path / "e.npy").read_bytes().replace(b"(3,)", b"(3000000000,)")
    (tmp_path / "e.npy").write_bytes(content.replace(b" " * 9, b"", 1))
    with pytest.raises(UserError, match="not an intact npy file") as raised:
        read_recording(tmp_path / "e.npy", (30, 30))
    assert not isinstance(raised.value.__cause__, MemoryError)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("summary.json", '"morris"', '"grid"'),
        ("summary.json", '["exact", "zero"]', '[["exact"], "zero"]'),
        ("effects.csv", "parameter,outcome,", "parameter,income,"),
        ("effects.csv", "neuron.tau_m,accuracy", "neuron.tau,accuracy"),
        ("summary.json", '"neuron.reset"', '"neuron.tau_m"'),
        ("points.csv", "exact,0.9", "exact,inf"),
        ("points.csv", "exact,0.9", "exact,1e200"),
        ("summary.json", '["accuracy", ', '["neuron.reset", '),
        ("effects.csv", "parameter,outcome,", "parameter,outcome," + "x," * 100_000),
    ],
)
def test_tables_of_a_sweep_that_do_not_belong_together_are_refused(tmp_path, name, before, after):
    unpacked(swept(tmp_path)[0], tmp_path / "swept")
    file = tmp_path / "swept" / name
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))
    with pytest.raises(UserError) as raised:
        read_sweep_results(tmp_path / "swept")
    assert tmp_path / "swept" in (Path(raised.value.file), Path(raised.value.file).parent)


def test_a_unit_whose_measure_is_no_code_of_bioscnn_is_taken_over_as_it_is(tmp_path):
    unpacked(swept(tmp_path)[0], tmp_path / "swept")
    (tmp_path / "swept" / "units.csv").write_text(UNITS.replace("bioscnn.readout", "measure"))
    record = take_table(tmp_path / "swept" / "points.csv", tmp_path / "x.csv", "trials")
    assert record.code == {"measure": "x"}


@pytest.mark.parametrize(
    ("name", "before", "after", "commit"),
    [("summary.json", '"bioscnn sweep x"', '""', None), ("summary.json", '"bioscnn sweep x"', "7", None),
     ("summary.json", "sweep x", "sweep \\udc80", None), ("units.csv", "x,y", "x,", "unknown")],
)  # fmt: skip
def test_a_table_is_taken_over_with_a_record_that_can_be_read_or_not_at_all(
    tmp_path, name, before, after, commit
):
    """Such a record was written, and every table of that name was refused from then on."""
    swept_folder = unpacked(swept(tmp_path)[0], tmp_path / "swept")
    (swept_folder / name).write_text((swept_folder / name).read_text().replace(before, after))
    taken = swept_folder / "points.csv", tmp_path / "tables" / "x.csv", "trials"
    with pytest.raises(UserError, match=r"by which command|character") if commit is None else nullcontext():
        take_table(*taken)
        assert take_table(*taken).commit == commit
    assert (tmp_path / "tables").exists() == (commit is not None)


def test_a_table_that_is_a_link_to_a_file_elsewhere_is_not_copied_into_the_docs(tmp_path):
    swept_folder = unpacked(swept(tmp_path)[0], tmp_path / "swept")
    (tmp_path / "latest").symlink_to(swept_folder.name)
    take_table(tmp_path / "latest" / "points.csv", tmp_path / "tables" / "x.csv", "trials")
    (tmp_path / "secret").write_text("key\n")
    (swept_folder / "points.csv").unlink()
    (swept_folder / "points.csv").symlink_to(tmp_path / "secret")
    with pytest.raises(UserError, match="leaves the folder"):
        take_table(swept_folder / "points.csv", tmp_path / "tables" / "y.csv", "trials")
    assert not (tmp_path / "tables" / "y.csv").exists()


def without_circuit(tables):
    del tables["circuit"]


def with_a_word_for_a_neuron(tables):
    tables["model"]["excitatory"] = "all"


@pytest.mark.parametrize("damage", [without_circuit, with_a_word_for_a_neuron])
def test_a_card_that_was_damaged_after_a_run_is_refused_by_the_next(tmp_path, damage):
    reader = READERS["learned"]
    whole = reader.seeds(tmp_path)[0]
    card = unpacked(whole, tmp_path / "net") / "net.json"
    tables = json.loads(card.read_text())
    damage(tables)
    card.write_text(json.dumps(tables))
    tally = fuzz(reader, [whole, packed(tmp_path / "net")], range(2))
    assert (tally.read, tally.refused, tally.failures) == (1, 1, [])


def test_names_of_numbers_that_no_character_has_are_damage(tmp_path):
    names = np.array([2**31 - 1, 98], np.int32).view("<U1")
    np.savez(tmp_path / "x.npz", x=np.zeros((2, 5, 4), np.uint8), y=np.arange(2), classes=names)
    with pytest.raises(UserError, match="damaged") as raised:
        survey(OwnData("npz", tmp_path / "x.npz"))
    assert raised.value.file == tmp_path / "x.npz"


def test_the_settings_of_a_run_that_name_cells_twice_are_named(tmp_path):
    run = write_made_up_run(tmp_path, 4, encoding={"kind": "lif-layer", "retina": ["on-midget"]})
    settings = (run / "config.toml").read_text()
    assert '["on-midget"]' in settings
    (run / "config.toml").write_text(settings.replace('["on-midget"]', '["on-midget", "on-midget"]'))
    with pytest.raises(UserError, match="the same cells twice") as raised:
        read_run(run)
    assert raised.value.file == run / "config.toml"


def test_a_population_of_which_no_threshold_is_told_is_refused(tmp_path):
    run = write_made_up_run(tmp_path, 4)
    made_by = json.loads((run / "provenance.json").read_text())
    del made_by["populations"][1]["threshold"]
    (run / "provenance.json").write_text(json.dumps(made_by))
    with pytest.raises(UserError) as raised:
        export(run, "npz", None, ())
    assert raised.value.file == run / "provenance.json" and "threshold" in raised.value.key


def test_a_network_whose_outputs_are_beyond_all_numbers_is_refused_by_its_layer():
    graph = every_layer()
    first, *others = graph.nodes
    larger = replace(first, layer=replace(first.layer, weight=np.full_like(first.layer.weight, 1e38)))
    images = np.ones((2, *graph.input_shape), np.float32)
    assert np.isfinite(graph.forward(images)).all()
    with pytest.raises(UserError, match="infinite or no number") as refused:
        replace(graph, nodes=(larger, *others)).forward(images)
    assert refused.value.key in [node.name for node in graph.nodes]


def test_what_was_changed_before_a_comparison_of_devices_is_a_table_of_keys(tmp_path):
    write_results(tmp_path)
    (summary,) = (path for path in tmp_path.rglob("summary.json") if '"rows"' in path.read_text())
    summary.write_text(json.dumps(json.loads(summary.read_text()) | {"changed": [1]}))
    assert "damaged: summary.json, changed" in write_index(tmp_path).read_text()


def test_an_encoding_that_no_run_has_is_refused_with_the_folder(tmp_path):
    run = write_made_up_run(tmp_path, 10, encoding={"kind": "lif-layer", "retina": ["on-midget"]})
    config = run / "config.toml"
    config.write_text(config.read_text().replace("lif-layer", "lif-../layer"))
    with pytest.raises(UserError) as refused:
        write_report(run)
    assert Path(refused.value.file).is_relative_to(run)


def test_a_readout_of_which_no_parameters_are_told_is_refused(tmp_path):
    run = write_made_up_run(tmp_path, 4)
    made_by = json.loads((run / "provenance.json").read_text())
    (readout,) = (population for population in made_by["populations"] if population["name"] == "readout")
    del readout["parameters"]
    (run / "provenance.json").write_text(json.dumps(made_by))
    with pytest.raises(UserError) as raised:
        read_run(run)
    assert raised.value.file == run / "provenance.json" and "populations" in raised.value.key


@pytest.mark.parametrize("target", ["x" * 300, "nowhere"])
def test_a_ledger_that_is_a_link_to_nothing_is_refused(tmp_path, target):
    run = write_made_up_run(tmp_path, 4)
    (run / "ledger.json").symlink_to(target)
    with pytest.raises(UserError) as raised:
        read_run(run)
    assert raised.value.file == run / "ledger.json"
    results = write_results(tmp_path / "results")
    shutil.move(run, results / "mnist" / "1a2b3c4d5e6f")
    page = write_index(results).read_text()
    assert "ledger.json" in page and "as-written-1234" in page


def test_two_runs_are_compared_or_the_file_that_is_damaged_is_named(tmp_path):
    run = write_run(tmp_path / "run", recorded())
    other = Path(shutil.copytree(run, tmp_path / "other"))
    with h5py.File(other / "run.h5", "a") as file:
        file["populations/readout/potentials"][0] = np.nan
    with pytest.raises(UserError, match="infinite or no numbers") as raised:
        compare_runs(run, other)
    assert raised.value.file == other / "run.h5"
    change_json(other / "summary.json", data_sha256="d" * 10**5)
    with pytest.raises(UserError, match="not of the same trials") as raised:
        compare_runs(run, other)
    assert len(str(raised.value)) < 10_000


def test_numbers_that_the_card_of_a_learned_network_leaves_out_are_the_usual_ones_on_its_page(tmp_path):
    reader = READERS["learned"]
    whole = reader.seeds(tmp_path)[0]
    card = unpacked(whole, tmp_path / "net") / "net.json"
    tables = json.loads(card.read_text())
    del tables["circuit"]["shown"]
    card.write_text(json.dumps(tables))
    tally = fuzz(reader, [whole, packed(tmp_path / "net")], range(2))
    assert (tally.read, tally.failures) == (2, [])


def labels_of_no_class(file):
    file["trials/label"][0] = 99


def potentials_that_overflow(file):
    file["populations/readout/potentials"][0] = 1e37


def potentials_that_are_no_numbers(file):
    file["populations/readout/potentials"][0] = np.nan


@pytest.mark.parametrize(
    "damage", [labels_of_no_class, potentials_that_overflow, potentials_that_are_no_numbers]
)
def test_an_export_refuses_by_its_file_what_a_table_cannot_say(tmp_path, damage):
    run = write_run(tmp_path / "run", recorded())
    with h5py.File(run / "run.h5", "r+") as file:
        damage(file)
    with pytest.raises(UserError) as refused:
        export(run, "csv")
    assert refused.value.file == run / "run.h5" and not (run / "csv").exists()


def test_a_summary_that_is_a_link_of_an_impossible_name_is_told(tmp_path):
    run = write_run(tmp_path / "run", recorded())
    (run / "summary.json").unlink()
    (run / "summary.json").symlink_to("x" * 400)
    with pytest.raises(UserError) as refused:
        export(run, "npz")
    assert refused.value.file == run / "summary.json"


def test_a_run_whose_trained_network_has_no_accuracy_is_told_in_the_index(tmp_path):
    results = write_results(tmp_path / "results")
    change_json(results / "mnist" / "latest" / "summary.json", ann_accuracy=None)
    assert "ann_accuracy is left out" in write_index(results).read_text()


def test_columns_of_a_sweep_are_counted_behind_a_line_feed_in_quotes(tmp_path):
    folder = unpacked(swept(tmp_path)[0], tmp_path / "swept")
    names = ",".join(f"c{k}" for k in range(20_000))
    (folder / "points.csv").write_text(f'"x\n",{names}\n')
    with pytest.raises(UserError, match="too many columns"):
        read_sweep_results(folder)


@pytest.mark.parametrize("tau_m", ["5", "1e400 s", "20 {{ 7 * 7 }} ms"])
def test_a_time_constant_that_is_none_is_told_with_the_file_of_the_page(tmp_path, tau_m):
    run = write_made_up_run(tmp_path, 4)
    made_by = json.loads((run / "provenance.json").read_text())
    next(p for p in made_by["populations"] if p["name"] == "readout")["parameters"]["tau_m"] = tau_m
    (run / "provenance.json").write_text(json.dumps(made_by))
    with pytest.raises(UserError) as raised:
        write_report(run)
    assert raised.value.file == run / "provenance.json" and "readout" in raised.value.key

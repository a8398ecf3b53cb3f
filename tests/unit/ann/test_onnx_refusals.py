"""What is not supported is refused by file, node and operator, with what to do."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bioscnn.ann import read_onnx
from bioscnn.ann.onnx.operators import OPERATORS, SOFTMAX
from bioscnn.conversion.ordering import activations_first
from bioscnn.errors import UserError

node = helper.make_node


def image(name="x", shape=("N", 2, 6, 6), dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def weights(*shape, dtype=np.float32):
    return np.ones(shape, dtype)


def written(tmp_path, nodes, constants=None, *, inputs=None, outputs=None, opset=17):
    names = outputs or [nodes[-1].output[0]]
    graph = helper.make_graph(
        nodes,
        "bad",
        inputs or [image()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", "M"]) for name in names],
        [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
    )
    path = tmp_path / "bad.onnx"
    opsets = [
        helper.make_opsetid("", opset),
        helper.make_opsetid("bioscnn", 1),
        helper.make_opsetid("other", 1),
    ]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def refusal(path):
    with pytest.raises(UserError) as caught:
        read_onnx(path)
    assert str(caught.value.file) == str(path)
    return caught.value


def refused_node(tmp_path, bad, constants=None, before=(), **how):
    """Read a file whose node `bad` stands between an image and a dense layer."""
    nodes = [
        *before,
        bad,
        node("Flatten", [bad.output[0]], ["flat"]),
        node("Gemm", ["flat", "dense"], ["logits"]),
    ]
    error = refusal(written(tmp_path, nodes, {"dense": weights(72, 3), **(constants or {})}, **how))
    named = f"node '{bad.name}' ({bad.op_type})" if bad.name else f"the {bad.op_type} behind '{bad.input[0]}'"
    assert named in error.key.replace("other.", "")
    return error


@pytest.mark.parametrize("operator", ["Sigmoid", "Tanh", "Elu", "Softplus"])
def test_an_activation_that_is_no_rate_is_refused(operator, tmp_path):
    assert "train with ReLU or LIFRate" in refused_node(tmp_path, node(operator, ["x"], ["y"])).fix


def test_an_unknown_operator_is_refused_with_where_the_known_ones_are_listed(tmp_path):
    error = refused_node(tmp_path, node("Swirl", ["x"], ["y"], domain="other"))
    assert "other.Swirl is not supported" in error.problem
    page, section = error.expected.removeprefix("the operators of ").split(", ")
    text = (Path(__file__).parents[3] / page).read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    own = {operator for operator in OPERATORS if operator.startswith("bioscnn.")}
    assert {*OPERATORS, *SOFTMAX} - own <= set(re.findall("`([A-Za-z]+)`", text))


def test_attention_is_named_wherever_it_is_in_the_file(tmp_path):
    tokens = node("Transpose", ["x"], ["tokens"], perm=[1, 0, 2, 3])
    scores = node("MatMul", ["normed", "tokens"], ["scores"], name="scores")
    norm = node("LayerNormalization", ["tokens", "w"], ["normed"])
    error = refusal(written(tmp_path, [tokens, norm, scores], {"w": weights(6)}))
    assert error.key == "node 'scores' (MatMul)"
    assert error.problem.startswith("attention multiplies activations")


def test_a_gate_is_named_and_an_activation_times_its_own_sigmoid_is_none(tmp_path):
    pooled = node("GlobalAveragePool", ["x"], ["pooled"])
    for source, problem in (("pooled", "a gate"), ("x", "Sigmoid is not supported")):
        nodes = [pooled, node("Sigmoid", [source], ["s"]), node("Mul", ["s", "x"], ["y"], name="gate")]
        assert problem in refusal(written(tmp_path, nodes)).problem


@pytest.mark.parametrize("operator", ["LSTM", "LayerNormalization", "Attention"])
def test_a_layer_that_is_never_read_is_named_rather_than_what_prepares_its_input(operator, tmp_path):
    turned = node("Transpose", ["x"], ["turned"], perm=[1, 0, 2, 3])
    layer = node(operator, ["turned", "w", "r"], ["y"], name="layer")
    error = refusal(written(tmp_path, [turned, layer], {"w": weights(1), "r": weights(1)}, opset=23))
    assert error.key == f"node 'layer' ({operator})"
    assert error.fix.startswith("use ")


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        ({"group": 3}, "groups do not fit"),
        ({"pads": [-1, 0, 0, 0]}, "not a padding"),
        ({"kernel_shape": [5, 5]}, "kernel_shape = [5, 5]"),
    ],
)
def test_a_convolution_out_of_the_ordinary_is_refused(attributes, problem, tmp_path):
    bad = node("Conv", ["x", "w"], ["y"], name="conv1", **attributes)
    assert problem in refused_node(tmp_path, bad, {"w": weights(4, 2, 2, 2)}).problem


def test_a_convolution_of_other_channels_than_the_image_is_refused(tmp_path):
    error = refused_node(tmp_path, node("Conv", ["x", "w"], ["y"]), {"w": weights(4, 3, 2, 2)})
    assert "2 channels reach a convolution of 3" in error.problem


def test_pooling_beyond_the_image_is_refused(tmp_path):
    pooling = {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1, "count_include_pad": 1}
    bad = node("AveragePool", ["x"], ["y"], **pooling)
    assert "ceil_mode" in refused_node(tmp_path, bad).problem


@pytest.mark.parametrize(
    ("bad", "constants", "problem"),
    [
        (node("Mul", ["y", "x"], ["z"]), {}, "two activations are multiplied"),
        (node("Div", ["c", "x"], ["z"]), {"c": weights(1)}, "an activation is the divisor"),
        (node("Clip", ["x", "c", "zero"], ["z"]), {"c": weights(), "zero": 0 * weights()}, "leave nothing"),
        (node("Mul", ["x", "c"], ["z"]), {"c": np.nan * weights()}, "a constant is not finite"),
        (node("Max", ["x", "y"], ["z"]), {}, "something else than a number"),
        (
            node("Min", ["x", "c"], ["z"]),
            {"c": np.arange(2, dtype=np.float32).reshape(2, 1, 1)},
            "something else than a number",
        ),
        (node("PRelu", ["x", "c"], ["z"]), {"c": weights(5, 1, 1)}, "does not fit the activation"),
        (node("Pad", ["x", "p", "c"], ["z"]), {"p": np.ones(8, int), "c": weights()}, "adds images"),
        (node("Pad", ["x", "p"], ["z"], mode="reflect"), {"p": np.ones(8, int)}, "padding repeats pixels"),
        (node("Transpose", ["x"], ["z"], perm=[1, 0, 2, 3]), {}, "moves the batch"),
        (node("Squeeze", ["x", "c"], ["z"]), {"c": np.array([0])}, "across the images of a batch"),
        (node("ReduceMean", ["x"], ["z"], axes=[1]), {}, "not rows and columns"),
        (node("ReduceMean", ["x"], ["z"], axes=[0]), {}, "across the images of a batch"),
        (node("ReduceMean", ["x"], ["z"]), {}, "over the whole batch"),
        (node("Softmax", ["x"], ["z"], axis=0), {}, "across the images of a batch"),
        (node("Softmax", ["x"], ["z"], axis=2), {}, "not over the classes"),
        (node("Expand", ["x", "s"], ["z"]), {"s": np.array([5, 1, 2, 6, 6])}, "repeated"),
        (node("Cast", ["x"], ["z"], to=TensorProto.INT8), {}, "rounded to whole numbers"),
        (node("QuantizeLinear", ["x", "c"], ["z"]), {"c": weights()}, "QuantizeLinear is not supported"),
        (node("MaxPool", ["x"], ["z"], kernel_shape=[2, 2], dilations=[2, 2]), {}, "dilations"),
        (node("GlobalLpPool", ["x"], ["z"]), {}, "GlobalLpPool is not supported"),
        (node("MatMul", ["x", "w"], ["z"]), {"w": weights(6, 6)}, "works on each row"),
        (node("MatMul", ["x", "w"], ["z"]), {"w": weights(2, 6, 6)}, "has not two axes"),
        (node("Div", ["x", "c"], ["z"]), {"c": 0 * weights(1)}, "a division by zero"),
        (node("PRelu", ["c", "x"], ["z"]), {"c": weights(1)}, "does not depend on the image"),
        (node("Mul", ["x", "c"], ["z"]), {"c": np.array(True)}, "the constant is of type bool"),
        (node("Squeeze", ["x", "c"], ["z"]), {"c": np.array([1])}, "only an axis of length 1"),
        (node("Flatten", ["x"], ["z"], axis=2), {}, "something else than the batch"),
        (node("Pad", ["x", "p", "c"], ["z"]), {"p": np.array([0, 0, 1, 1] * 2), "c": weights()}, "than zero"),
        (node("Concat", ["x", "c"], ["z"], axis=1), {"c": weights(1, 2, 6, 6)}, "constants are appended"),
    ],
    ids=lambda value: value.op_type if isinstance(value, onnx.NodeProto) else "",
)
def test_what_no_layer_does_is_refused_by_its_node(bad, constants, problem, tmp_path):
    before = [node("Relu", ["x"], ["y"])]
    assert problem in refused_node(tmp_path, bad, constants, before, opset=17).problem


PADDED = [node("Pad", ["x", "p"], ["y"])]
BORDER = {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1])}
TWICE, ROWS = [node("Gather", ["x", "p"], ["y"], axis=1)], [node("Reshape", ["x", "p"], ["y"])]
TURNED = [*ROWS, node("Transpose", ["y"], ["t"], perm=[0, 2, 1]), node("Reshape", ["x", "q"], ["u"])]
MEANS, FEW = [node("GlobalAveragePool", ["x"], ["y"])], [node("Flatten", ["x"], ["y"])]
SWAPPED = [node("Transpose", ["x"], ["y"], perm=[0, 1, 3, 2])]
LEFT_OUT = {"kernel_shape": [1, 1], "strides": [4, 4], "auto_pad": "SAME_UPPER"}
NOTHING = [*PADDED, node("Slice", ["y", "zero", "two", "two"], ["t"])]


@pytest.mark.parametrize(
    ("before", "bad", "constants", "problem"),
    [
        (PADDED, node("Add", ["y", "c"], ["z"]), BORDER | {"c": weights(1)}, "added to the padding"),
        (PADDED, node("Clip", ["y", "c"], ["z"]), BORDER | {"c": weights()}, "does not stay zero"),
        (PADDED, node("ReduceMean", ["y"], ["z"], axes=[1]), BORDER, "not rows and columns"),
        (PADDED, node("AveragePool", ["y"], ["z"], kernel_shape=[3, 3], pads=[1] * 4), BORDER, "one padding"),
        (TWICE, node("Mul", ["y", "c"], ["z"]),
         {"p": np.array([0, 0]), "c": np.array([[[1.0]], [[2.0]]])}, "scaled differently"),
        (MEANS, node("Add", ["x", "y"], ["z"]), {}, "different shapes are added"),
        (ROWS, node("MaxPool", ["y"], ["z"], kernel_shape=[2]), {"p": np.array([0, 2, 36])},
         "in 1 dimensions"),
        (ROWS, node("MaxPool", ["y"], ["z"], kernel_shape=[2, 2]), {"p": np.array([0, 72])},
         "needs an image"),
        (ROWS, node("Conv", ["y", "k"], ["z"]), {"p": np.array([0, 2, 36]), "k": weights(2, 2, 3)},
         "in 1 dimensions"),
        (TURNED, node("Add", ["t", "u"], ["z"]), {"p": np.array([0, 2, 36]), "q": np.array([0, 36, 2])},
         "in a way that no layer does"),
        (FEW, node("Gemm", ["y", "k", "c"], ["z"]), {"k": weights(72, 3), "c": weights(2, 3)},
         "differs from image to image"),
        (FEW, node("Gemm", ["y", "k", "c"], ["z"]), {"k": weights(72, 3), "c": weights(3, 1)},
         "differs from image to image"),
        ([], node("AveragePool", ["x"], ["z"], **LEFT_OUT), {},
         "which runtimes place differently"),
        ([], node("Conv", ["x", "k"], ["z"]), {"k": weights(2, 2, 1, 1, 1)}, "in 3 dimensions"),
        (FEW, node("Conv", ["y", "k"], ["z"]), {"k": weights(2, 2, 1, 1)}, "Conv needs an image"),
        (MEANS, node("ReduceSum", ["y", "k"], ["z"]), {"k": np.zeros(0, int)}, "over the whole batch"),
        (FEW, node("BatchNormalization", ["y", "k", "k", "k", "c"], ["z"]),
         {"k": weights(72), "c": -weights(72)}, "must be positive"),
        (NOTHING, node("MaxPool", ["t"], ["z"], kernel_shape=[1, 1]),
         {"p": np.array([0, 0, 3, 0, 0, 0, 0, 0]), "zero": np.array([0]), "two": np.array([2])},
         "in a way that no layer does"),
        (SWAPPED, node("MaxPool", ["y"], ["z"], kernel_shape=[2, 2]), {}, "in a way that no layer does"),
        ([], node("RandomNormal", [], ["z"], shape=[1, 2, 6, 6], name="noise"), {}, "not supported"),
    ],
    ids=lambda value: value.op_type if isinstance(value, onnx.NodeProto) else "",
)  # fmt: skip
def test_what_no_layer_does_behind_another_operator_is_refused_by_its_node(
    before, bad, constants, problem, tmp_path
):
    assert problem in refused_node(tmp_path, bad, constants, before).problem


@pytest.mark.parametrize(
    "drawn",
    [
        node("RandomNormalLike", ["k"], ["drawn"]),
        node("Bernoulli", ["k"], ["drawn"]),
        node("Dropout", ["k", "", "yes"], ["drawn"]),
    ],
    ids=lambda drawn: drawn.op_type,
)
def test_weights_that_are_drawn_anew_in_each_run_are_refused(drawn, tmp_path):
    constants = {"k": weights(2, 2, 1, 1), "yes": np.array(True)}
    nodes = [drawn, node("Conv", ["x", "drawn"], ["y"])]
    error = refusal(written(tmp_path, nodes, constants))
    assert f"the {drawn.op_type} behind 'k'" in error.key
    assert "draws other numbers in each run" in error.problem


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 3 3\n%%EndComments\n%%Page: 1 1\nshowpage\n%%EOF\n"


@pytest.mark.parametrize(
    ("made", "constant"),
    [
        (node("ImageDecoder", ["c"], ["made"]), np.frombuffer(EPS, np.uint8)),  # Pillow started Ghostscript
        (node("RegexFullMatch", ["c"], ["made"], pattern="(a+)+"), np.array(["a" * 40 + "!"], object)),
        (node("DFT", ["c", "n", "axis"], ["made"]), weights(1, 4, 1)),
        (node("Range", ["zero", "n", "one"], ["made"]), weights(1)),
        (node("Tile", ["c", "bytes"], ["made"]), weights(1, 1, 1, 1, 1)),  # of a type that Tile does not take
        (node("ConstantOfShape", ["large"], ["made"]), weights(1)),
    ],
    ids=lambda made: getattr(made, "op_type", ""),
)
def test_of_constants_what_exporters_write_is_computed_alone(made, constant, tmp_path, monkeypatch):
    monkeypatch.setattr("subprocess.Popen", lambda *words, **more: pytest.fail(f"started {words}"))
    monkeypatch.setattr("bioscnn.ann.room.memory", lambda: 4e9)
    nodes = [
        made,
        node("Cast", ["made"], ["numbers"], to=TensorProto.FLOAT),
        node("ReduceMax", ["numbers"], ["number"], keepdims=0),
        node("Mul", ["x", "number"], ["y"]),
        node("Flatten", ["y"], ["flat"]),
        node("Gemm", ["flat", "dense"], ["logits"]),
    ]
    whole = {"n": np.array(10**10), "axis": np.array(1), "zero": np.array(0), "one": np.array(1)}
    whole |= {"bytes": np.full(5, 200, np.uint8), "large": np.array([10**5, 10**5], np.int32)}
    constants = {"dense": weights(72, 3), "c": constant, **whole}
    error = refusal(written(tmp_path, nodes, constants, opset=20))
    assert f"the {made.op_type} behind" in error.key


@pytest.mark.parametrize("operator", ["Sub", "Div", "MaxPool"])
def test_an_image_of_whole_numbers_is_cast_before_anything_is_computed(operator, tmp_path):
    how = {"kernel_shape": [1, 1]} if operator == "MaxPool" else {}
    first = node(operator, ["x"] if how else ["x", "c"], ["d"], **how)
    nodes = [first, node("Cast", ["d"], ["y"], to=TensorProto.FLOAT), *dense()[1:]]
    nodes.insert(2, node("Flatten", ["y"], ["flat"]))
    constants = {"dense": weights(72, 3), "c": np.array(3, np.uint8)}
    path = written(tmp_path, nodes, constants, inputs=[image(dtype=TensorProto.UINT8)])
    error = refusal(path)
    assert f"the {operator} behind 'x'" in error.key
    assert "x.float()" in error.fix


def test_an_image_of_whole_numbers_is_cast_before_anything_is_computed_in_a_branch(tmp_path):
    inside = [node("Div", ["x", "three"], ["d"]), node("Cast", ["d"], ["out"], to=TensorProto.FLOAT)]
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, None)
    branch = helper.make_graph(inside, "branch", [], [out])
    nodes = [
        node("If", ["yes"], ["y"], then_branch=branch, else_branch=branch),
        node("Flatten", ["y"], ["flat"]),
        node("Gemm", ["flat", "dense"], ["logits"]),
    ]
    constants = {"dense": weights(72, 3), "three": np.array(3, np.uint8), "yes": np.array(True)}
    error = refusal(written(tmp_path, nodes, constants, inputs=[image(dtype=TensorProto.UINT8)]))
    assert "the Div behind 'x'" in error.key and "x.float()" in error.fix


def test_an_image_of_words_is_refused(tmp_path):
    path = written(tmp_path, dense(), {"dense": weights(72, 3)}, inputs=[image(dtype=TensorProto.STRING)])
    assert "no image of numbers" in refusal(path).problem


@pytest.mark.parametrize("operator", ["Pad", "Concat"])
def test_numbers_beside_those_of_a_softmax_that_is_dropped_are_refused(operator, tmp_path):
    constants = {"dense": weights(72, 3), "p": np.array([0, 1, 0, 0])}
    softmax = node("Softmax", ["logits"], ["s"], name="soft", axis=1)
    how = {"axis": 1} if operator == "Concat" else {}
    path = written(
        tmp_path, [*dense(), softmax, node(operator, ["s", "s" if how else "p"], ["y"], **how)], constants
    )
    error = refusal(path)
    assert "node 'soft' (Softmax)" in error.problem
    assert "leave Softmax to the loss" in error.fix


@pytest.mark.parametrize("operator", ["FusedConv", "Normalizer"])
def test_operators_of_other_tools_are_refused_with_what_to_give_instead(operator, tmp_path):
    domain = "com.microsoft" if operator == "FusedConv" else "ai.onnx.ml"
    path = written(tmp_path, [node(operator, ["x"], ["y"], domain=domain)])
    model = onnx.load(path)
    model.opset_import.append(helper.make_opsetid(domain, 1))
    onnx.save(model, path)
    fixes = {"com.microsoft": "give the file that was exported", "ai.onnx.ml": "export a neural network"}
    assert refusal(path).fix.startswith(fixes[domain])


def test_external_data_of_a_file_that_is_larger_than_the_weights_is_not_read(tmp_path):
    path = written(tmp_path, dense(), {"dense": weights(72, 3)})
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    model = onnx.load(path, load_external_data=False)
    entries = model.graph.initializer[0].external_data
    del entries[:]
    entries.add(key="location", value="weights.bin")
    onnx.save(model, path)
    with (tmp_path / "weights.bin").open("r+b") as file:
        file.truncate(2**40)  # a file with a hole takes no room on the disk
    assert "more than the weights need" in refusal(path).problem


def external(name, shape, file):
    tensor = TensorProto(name=name, dims=shape, data_type=TensorProto.FLOAT)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=file)
    return tensor


@pytest.mark.parametrize("place", ["initializer", "Constant"])
def test_sparse_weights_lie_in_the_file_of_the_network(place, tmp_path, monkeypatch):
    """Those of a file of this name in the current folder were read."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(np.ones(72, np.float32).tobytes())
    (tmp_path / "network").mkdir()
    sparse = onnx.SparseTensorProto(dims=[72, 1])
    sparse.indices.CopyFrom(numpy_helper.from_array(np.arange(72), "indices"))
    sparse.values.CopyFrom(external("dense", [72], "secret.bin"))
    path = written(tmp_path / "network", dense())
    model = onnx.load(path)
    if place == "initializer":
        model.graph.sparse_initializer.append(sparse)
    else:
        attribute = onnx.AttributeProto(name="sparse_value", type=onnx.AttributeProto.SPARSE_TENSOR)
        attribute.sparse_tensor.CopyFrom(sparse)
        constant = node("Constant", [], ["dense"])
        constant.attribute.append(attribute)
        model.graph.node.insert(0, constant)
    path.write_bytes(model.SerializeToString())
    assert "external data" in refusal(path).problem


def test_external_data_of_functions_and_of_all_weights_together_are_bounded(tmp_path, monkeypatch):
    with (tmp_path / "weights.bin").open("wb") as file:
        file.truncate(2**40)
    path = written(tmp_path, dense(), {"dense": weights(72, 3)})
    model = onnx.load(path)
    constant = node("Constant", [], ["w"], value=external("w", [72, 3], "weights.bin"))
    opsets = [helper.make_opsetid("", 17)]
    unused = [node("Flatten", ["x"], ["f"]), constant, node("MatMul", ["f", "w"], ["y"])]
    model.functions.append(helper.make_function("other", "Other", ["x"], ["y"], unused, opsets))
    path.write_bytes(model.SerializeToString())
    assert "more than the weights need" in refusal(path).problem
    monkeypatch.setattr("bioscnn.ann.room.memory", lambda: 8 * 72 * 8 * 8 * 1.5)
    model = onnx.load(written(tmp_path, dense(), {"dense": weights(72, 3)}))
    for k in range(2):
        model.graph.initializer.append(external(f"unused{k}", [72 * 8], "weights.bin"))
        model.graph.initializer[-1].external_data.add(key="length", value=str(72 * 8 * 4))
    path.write_bytes(model.SerializeToString())
    assert "the weights of other files does not fit" in refusal(path).problem


def test_pools_of_pools_are_read_in_time(tmp_path):
    """Each link of the chain doubled the time."""
    nodes = [node("Relu", ["x"], ["r0"])]
    around = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [1, 1]}
    for k in range(60):
        nodes += [
            node("AveragePool", [f"r{k}"], [f"a{k}"], **around),
            node("MaxPool", [f"r{k}"], [f"m{k}"], **around),
            node("Add", [f"a{k}", f"m{k}"], [f"r{k + 1}"]),
        ]
    nodes += [
        node("Pad", ["r60", "pads"], ["p"]),
        node("MaxPool", ["p"], ["q"], kernel_shape=[3, 3], strides=[1, 1]),
        node("Flatten", ["q"], ["flat"]),
        node("Gemm", ["flat", "dense"], ["logits"]),
    ]
    pads = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    graph = read_onnx(written(tmp_path, nodes, {"dense": weights(72, 3), "pads": pads}))
    assert len(graph.nodes) > 180
    assert len(activations_first(graph).nodes) >= len(graph.nodes)


def test_an_output_that_is_no_number_for_each_class_is_refused(tmp_path):
    rows = [node("Conv", ["x", "k"], ["y"]), node("ReduceMean", ["y"], ["z"], axes=[3], keepdims=0)]
    error = refusal(written(tmp_path, rows, {"k": weights(2, 2, 1, 1)}))
    assert (error.key, error.value) == ("output 'z'", (2, 6))
    error = refusal(written(tmp_path, [node("Constant", [], ["y"], value_float=1.0)]))
    assert (error.key, error.problem) == ("y", "the output does not depend on the image")


def test_a_constant_without_a_value_is_refused_by_its_name(tmp_path):
    error = refusal(written(tmp_path, [node("Constant", [], ["c"]), node("Add", ["x", "c"], ["y"])]))
    assert error.key == "c"


def test_batch_normalisation_in_training_mode_is_refused_by_its_outputs(tmp_path):
    constants = {name: weights(2) for name in "abcd"}
    outputs = ["y", "mean", "variance", "saved mean", "saved variance"]
    bad = node("BatchNormalization", ["x", *"abcd"], outputs)
    assert "model.eval()" in refused_node(tmp_path, bad, constants, opset=13).fix


def test_a_softmax_in_the_middle_is_refused(tmp_path):
    bad = node("Relu", ["y"], ["z"])
    before = [node("Flatten", ["x"], ["f"]), node("Softmax", ["f"], ["y"], name="soft", axis=1)]
    error = refused_node(tmp_path, bad, before=before)
    assert "node 'soft' (Softmax)" in error.problem


@pytest.mark.parametrize("target", [[3, -1], [2, 36], [-1, 7], [-1]])
def test_a_reshape_that_does_not_flatten_is_refused(target, tmp_path):
    bad = node("Reshape", ["x", "s"], ["y"])
    assert "torch.flatten" in refused_node(tmp_path, bad, {"s": np.array(target, np.int64)}).fix


def test_dropout_that_drops_is_refused(tmp_path):
    bad = node("Dropout", ["x", "", "training"], ["y"])
    assert "model.eval()" in refused_node(tmp_path, bad, {"training": np.array(True)}).fix


@pytest.mark.parametrize("kind", ["FLOAT16", "BFLOAT16"])
def test_activations_rounded_to_half_precision_are_refused_unless_the_weights_are_in_it_too(kind, tmp_path):
    """The Casts were dropped, and logits differed by 1e-3 from those of onnxruntime."""
    half = TensorProto.DataType.Value(kind)
    down, up = node("Cast", ["x"], ["h"], to=half), node("Cast", ["h"], ["y"], to=TensorProto.FLOAT)
    error = refused_node(tmp_path, up, before=[down])
    assert error.problem == "activations are rounded to half precision: the Cast behind 'x'"
    assert error.fix == "export in float32"
    flat = node("Flatten", ["x"], ["flat"])
    ends = [flat, node("Gemm", ["flat", "dense"], ["f"]), node("Cast", ["f"], ["logits"], to=half)]
    error = refusal(written(tmp_path, ends, {"dense": weights(72, 3)}))
    assert error.key == "output 'logits'" and error.fix == "export in float32"
    read = [
        down,
        node("Relu", ["h"], ["r"]),
        node("Flatten", ["r"], ["flat"]),
        node("Cast", ["dense"], ["w"], to=half),
        node("Gemm", ["flat", "w"], ["f"]),
        node("Cast", ["f"], ["logits"], to=TensorProto.FLOAT),
    ]
    graph = read_onnx(written(tmp_path, read, {"dense": np.full((72, 3), 0.1, np.float32)}))
    assert graph.nodes[-1].layer.weight[0, 0] == {"FLOAT16": 0.0999755859375, "BFLOAT16": 0.10009765625}[kind]


def test_a_constant_on_the_left_of_a_product_is_refused(tmp_path):
    error = refused_node(tmp_path, node("MatMul", ["w", "x"], ["y"]), {"w": weights(6, 6)})
    assert "weight matrix depends on the image" in error.problem


def test_a_lif_rate_without_time_constants_is_refused(tmp_path):
    bad = node("LIFRate", ["x"], ["y"], domain="bioscnn", tau_m=0.02)
    path = written(tmp_path, [bad, node("Flatten", ["y"], ["z"])])
    assert refusal(path).expected == "tau_m, t_ref, amplitude, gamma"


def dense(name="logits"):
    return [node("Flatten", ["x"], ["flat"]), node("Gemm", ["flat", "dense"], [name], name="fc")]


def test_weights_that_are_not_numbers_are_refused_by_layer(tmp_path):
    bad = weights(72, 3)
    bad[5, 1] = np.nan
    error = refusal(written(tmp_path, dense(), {"dense": bad}))
    assert "1 of 216 values are not finite" in error.problem
    assert "layers[1], Dense, weight" in error.key


def test_a_dense_layer_of_other_inputs_than_it_gets_is_refused(tmp_path):
    error = refusal(written(tmp_path, dense(), {"dense": weights(70, 3)}))
    assert "node 'fc' (Gemm)" in error.key


@pytest.mark.parametrize("shape", [("N", 72), ("N", 2, "H", 6), ("N", 2, 6, 6, 1), ("N", 2, 0, 6)])
def test_an_input_that_is_no_image_of_fixed_size_is_refused(shape, tmp_path):
    error = refusal(written(tmp_path, dense(), {"dense": weights(72, 3)}, inputs=[image(shape=shape)]))
    assert error.key == "x"
    assert "only the batch dynamic" in error.fix


def test_two_inputs_are_refused(tmp_path):
    inputs = [image(), image("y")]
    assert refusal(written(tmp_path, dense(), {"dense": weights(72, 3)}, inputs=inputs)).value == ["x", "y"]


def test_two_outputs_are_refused(tmp_path):
    path = written(tmp_path, dense(), {"dense": weights(72, 3)}, outputs=["flat", "logits"])
    assert refusal(path).value == ["flat", "logits"]


SIZE = [
    node("Shape", ["x"], ["n"], end=1),
    node("Cast", ["n"], ["f"], to=TensorProto.FLOAT),
    node("Concat", ["n", "all"], ["t"], axis=0),
]
OF_BATCH = {
    "a quotient": node("Div", ["x", "f"], ["y"]),
    "a power": node("Mul", ["x", "power"], ["y"]),
    "a count": node("Mul", ["x", "counted"], ["y"]),
    "a choice": node("Mul", ["x", "chosen"], ["y"]),
    "a list": node("Add", ["x", "listed"], ["y"]),
    "a copy": node("Add", ["x", "copied"], ["y"]),
    "a rounded share": node("Reshape", ["x", "shared"], ["y"]),
    "channels": node("Slice", ["x", "zero", "n", "one"], ["y"]),
    "a size elsewhere": node("Reshape", ["x", "behind"], ["y"]),
    "a size for the channels": node("Expand", ["x", "n"], ["y"]),
}
FROM_SIZE = [
    node("Pow", ["f", "zero"], ["power"]),
    node("Squeeze", ["n"], ["scalar"]),
    node("Range", ["nought", "scalar", "step"], ["counted"]),
    node("Greater", ["n", "hundred"], ["many"]),
    node("Where", ["many", "zero", "one"], ["choice"]),
    node("Cast", ["choice"], ["chosen"], to=TensorProto.FLOAT),
    node("ConstantOfShape", ["n"], ["listed"]),
    node("Expand", ["half", "n"], ["copied"]),
    node("Div", ["n", "hundred"], ["part"]),
    node("Mul", ["part", "hundred"], ["whole"]),
    node("Concat", ["whole", "all"], ["shared"], axis=0),
    node("Concat", ["all", "n"], ["behind"], axis=0),
]


@pytest.mark.parametrize("what", OF_BATCH)
def test_what_computes_with_the_size_of_a_batch_of_any_size_is_refused_by_its_node(what, tmp_path):
    """The size that stood for any was computed with, and the logits were wrong without a word."""
    last = OF_BATCH[what]
    constants = {
        "zero": np.array([0]),
        "one": np.array([1]),
        "hundred": np.array([100]),
        "all": np.array([-1]),
    }
    constants |= {"nought": np.array(0), "step": np.array(1), "half": weights(1)}
    error = refused_node(tmp_path, last, constants, before=[*SIZE, *FROM_SIZE])
    assert error.problem == f"{last.op_type} computes with the size of the batch, which is any"
    assert "export with a batch of a fixed size" in error.fix


def test_what_computes_with_the_size_of_a_batch_of_fixed_size_is_read(tmp_path):
    nodes = [*SIZE[:2], OF_BATCH["a quotient"], node("Flatten", ["y"], ["flat"])]
    nodes.append(node("Gemm", ["flat", "dense"], ["logits"]))
    path = written(tmp_path, nodes, {"dense": weights(72, 3)}, inputs=[image(shape=(4, 2, 6, 6))])
    np.testing.assert_allclose(read_onnx(path).forward(weights(1, 2, 6, 6)), np.full((1, 3), 72 / 4))


@pytest.mark.parametrize("layer", ["Dropout", "MaxPool"])
def test_the_second_output_of_a_layer_is_refused_by_its_name(layer, tmp_path):
    how = {"kernel_shape": [1, 1]} if layer == "MaxPool" else {}
    nodes = [node(layer, ["x"], ["y", "second"], **how), node("Flatten", ["second"], ["flat"])]
    error = refusal(written(tmp_path, nodes[:1], outputs=["second"]))
    assert error.key == "output 'second'"
    assert error.problem == "'second' is not read: only the first output of a layer is"
    assert "not the mask of a Dropout or the indices of a MaxPool" in error.fix
    assert refusal(written(tmp_path, nodes)).key == "the Flatten behind 'second'"


def test_a_network_without_weights_is_refused(tmp_path):
    assert "without a convolution" in refusal(written(tmp_path, [node("Flatten", ["x"], ["y"])])).problem


def test_an_old_opset_is_refused(tmp_path):
    error = refusal(written(tmp_path, dense(), {"dense": weights(72, 3)}, opset=6))
    assert error.key == "opset_import"
    assert "opset 17" in error.fix


def test_an_invalid_file_of_an_old_opset_is_to_be_exported_with_a_later_one(tmp_path):
    later = node("LayerNormalization", ["x", "w"], ["y"])
    error = refusal(written(tmp_path, [later], {"w": weights(6)}, opset=11))
    assert "opset_version=13 or later" in error.fix


def test_a_missing_file_is_refused(tmp_path):
    assert refusal(tmp_path / "none.onnx").problem == "no such file"


@pytest.mark.parametrize("content", [b"", b"hello, I am no network", bytes(1000), b"\x80\x05."])
def test_a_file_that_is_no_onnx_is_refused(content, tmp_path):
    path = tmp_path / "strange.onnx"
    path.write_bytes(content)
    assert "not an ONNX file" in refusal(path).problem


def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path):
    path = written(tmp_path, dense(), {"dense": weights(72, 3)})
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        refusal(path)


def test_missing_external_data_is_named(tmp_path):
    path = written(tmp_path, dense(), {"dense": weights(72, 3)})
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert read_onnx(path).n_classes == 3
    (tmp_path / "weights.bin").unlink()
    error = refusal(path)
    assert "weights.bin" in error.problem
    assert "beside it" in error.fix


def test_a_file_with_flipped_bytes_is_read_or_refused_but_never_a_traceback(tmp_path):
    path = written(tmp_path, dense(), {"dense": weights(72, 3)})
    whole, rng = np.frombuffer(path.read_bytes(), np.uint8), np.random.default_rng(1)
    for _ in range(300):
        damaged = whole.copy()
        damaged[rng.integers(len(damaged), size=2)] = rng.integers(256, size=2)
        path.write_bytes(damaged.tobytes())
        try:
            read_onnx(path)
        except UserError as error:
            assert str(error.file) == str(path)


HUGE = 10**6


@pytest.mark.parametrize(
    ("nodes", "constants"),
    [
        ([node("Pad", ["x", "pads"], ["y"])], {"pads": np.array([0, 0, 0, 0, 0, 0, HUGE, HUGE])}),
        ([node("Conv", ["x", "k"], ["y"], dilations=[HUGE, HUGE])], {"k": weights(2, 2, 2, 2)}),
        ([node("AveragePool", ["x"], ["y"], kernel_shape=[HUGE + 1] * 2, pads=[HUGE] * 4)], {}),
        (
            [node("ConstantOfShape", ["shape"], ["many"]), node("Add", ["x", "many"], ["y"])],
            {"shape": np.array([HUGE, HUGE])},
        ),
        (
            [node("Expand", ["one", "shape"], ["many"]), node("Mul", ["x", "many"], ["y"])],
            {"one": weights(1), "shape": np.array([HUGE, HUGE])},
        ),
        (
            [node("Tile", ["s", "s"], ["many"]), node("Add", ["x", "many"], ["y"])],
            {"s": np.array([HUGE**2])},
        ),
        (
            [node("Range", ["zero", "end", "one"], ["many"]), node("Add", ["x", "many"], ["y"])],
            {"zero": np.array(0), "end": np.array(HUGE**2), "one": np.array(1)},
        ),
        (
            [node("MatMul", ["a", "b"], ["many"]), node("Add", ["x", "many"], ["y"])],
            {"a": weights(HUGE, 1), "b": weights(1, HUGE)},
        ),
    ],
    ids=["Pad", "dilation", "pooling", "ConstantOfShape", "Expand", "Tile", "Range", "MatMul"],
)
def test_what_does_not_fit_into_memory_is_refused_before_it_is_made(nodes, constants, tmp_path):
    behind = [node("Flatten", ["y"], ["flat"]), node("Gemm", ["flat", "dense"], ["logits"])]
    error = refusal(written(tmp_path, [*nodes, *behind], {"dense": weights(72, 3), **constants}))
    assert "does not fit into the memory" in error.problem
    assert "GB" in error.value and "int64" not in error.value
    assert "an eighth of the memory" in error.expected


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        ([node("ConstantOfShape", ["s"], [f"c{k}"]) for k in range(9)], "constants does not fit"),
        (
            [node("ConstantOfShape", ["s"], ["c0"]), node("MatMul", ["c0", "c0"], ["c1"]),
             node("Gemm", ["c1", "c0"], ["c2"])],
            "constants whose computation is larger",
        ),
    ],
    ids=["memory", "products"],
)  # fmt: skip
def test_all_that_a_file_computes_from_constants_is_bounded(made, problem, tmp_path, monkeypatch):
    """Each array fitted into memory, however many there were, and a product of matrices took minutes."""
    monkeypatch.setattr("bioscnn.ann.room.memory", lambda: 64e6)
    monkeypatch.setattr("bioscnn.ann.onnx.folding._MOST_NUMBERS", 2 * 500**3)
    names = [name for entry in made for name in entry.output]
    nodes = [
        *made,
        node("Max", names, ["all"]),
        node("ReduceMax", ["all"], ["largest"], keepdims=0),
        node("Add", ["x", "largest"], ["y"]),
        node("Flatten", ["y"], ["flat"]),
        node("Gemm", ["flat", "dense"], ["logits"]),
    ]
    error = refusal(written(tmp_path, nodes, {"dense": weights(72, 3), "s": np.array([500, 500])}))
    assert problem in error.problem
    last = made[-1]
    assert error.key == f"the {last.op_type} behind '{last.input[0]}'"
    few = [*made[:2], *nodes[len(made) :]]
    few[2] = node("Max", names[:2], ["all"])
    read_onnx(written(tmp_path, few, {"dense": weights(72, 3), "s": np.array([500, 500])}))


@pytest.mark.parametrize("pads", [[8, 0, 0, 0], [0, 8, 0, 0], [0, 0, 0, HUGE]])
def test_padding_wider_than_image_and_kernel_is_refused(pads, tmp_path):
    """Neurons that see nothing but padding took the time of a network of millions."""
    nodes = [node("Conv", ["x", "k"], ["y"], pads=pads), node("GlobalAveragePool", ["y"], ["p"]),
             node("Flatten", ["p"], ["flat"]), node("Gemm", ["flat", "dense"], ["logits"])]  # fmt: skip
    error = refusal(written(tmp_path, nodes, {"k": weights(2, 2, 1, 1), "dense": weights(2, 3)}))
    assert "Conv" in error.key and "padding" in error.key and "7 rows" in error.expected
    nodes[0] = node("Conv", ["x", "k"], ["y"], pads=[min(7, pad) for pad in pads])
    read_onnx(written(tmp_path, nodes, {"k": weights(2, 2, 1, 1), "dense": weights(2, 3)}))


def test_an_image_and_a_file_larger_than_memory_are_refused(tmp_path):
    path = written(tmp_path, dense(), {"dense": weights(72, 3)}, inputs=[image(shape=("N", 2, HUGE, HUGE))])
    assert "an image does not fit into the memory" in refusal(path).problem
    with path.open("r+b") as file:
        file.truncate(2**43)  # a file with a hole takes no room on the disk
    assert "larger than any ONNX file" in refusal(path).problem


def test_a_network_that_is_too_large_once_its_weights_are_in_it_is_refused(tmp_path, monkeypatch):
    """With external data a file of some bytes may be of 2 GiB, which onnx does not check."""

    def check(model):
        raise ValueError("This protobuf of onnx model is too large (>2GiB).\nCall check_model with a path")

    path = written(tmp_path, dense(), {"dense": weights(72, 3)})
    monkeypatch.setattr("onnx.checker.check_model", check)
    assert refusal(path).problem.startswith("not valid ONNX: This protobuf of onnx model is too large")


def nested_functions(path, levels, calls):
    """A file whose first function calls the next one so often, and that one the next, down to a ReLU."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    functions = []
    for level in range(levels):
        last = level + 1 == levels
        values = [f"v{call}" for call in range(calls + 1)]
        body = [
            node("Relu" if last else f"f{level + 1}", [before], [after], domain="" if last else "own")
            for before, after in pairwise(values)
        ]
        functions.append(helper.make_function("own", f"f{level}", values[:1], values[-1:], body, opsets))
    graph = helper.make_graph(
        [
            node("f0", ["x"], ["deep"], domain="own"),
            node("Flatten", ["deep"], ["flat"]),
            node("Gemm", ["flat", "dense"], ["logits"]),
        ],
        "nested",
        [image()],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", "M"])],
        [numpy_helper.from_array(weights(72, 3), "dense")],
    )
    onnx.save(helper.make_model(graph, opset_imports=opsets, functions=functions, ir_version=8), path)
    return path


def test_functions_that_call_each_other_are_written_out_unless_they_are_too_many(tmp_path):
    """Two thousand bytes stood for 16 million nodes, and were read for ever."""
    assert read_onnx(nested_functions(tmp_path / "few.onnx", 4, 2)).input_shape == (2, 6, 6)
    error = refusal(nested_functions(tmp_path / "many.onnx", 24, 2))
    assert error.problem.startswith("a network of too many nodes") and error.value > 2**24
    assert "call each other too deeply" in refusal(nested_functions(tmp_path / "deep.onnx", 3000, 1)).problem

"""onnxruntime as the oracle: the same file, the same logits."""

import math

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from bioscnn.ann import (
    AveragePool2d,
    BatchNorm2d,
    Conv2d,
    Dense,
    Flatten,
    LayerGraph,
    LIFRate,
    ReLU,
    Scale,
    read_model,
    read_onnx,
    write_onnx,
)
from bioscnn.ann.models import locate


def logits_of_onnxruntime(path, x):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


@st.composite
def images_layers(draw, shape):
    """Draw one layer that fits on an image of this shape."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    channels, *image = shape
    kind = draw(st.sampled_from([Conv2d, AveragePool2d, BatchNorm2d, ReLU, LIFRate]))
    if kind is ReLU:
        return ReLU()
    if kind is LIFRate:
        return LIFRate(0.02, 0.002, 0.01, draw(st.sampled_from([0.02, 0.1, 1.0])))
    if kind is BatchNorm2d:
        return BatchNorm2d(*rng.normal(size=(3, channels)), rng.random(channels) + 0.1, 1e-3)
    padding = tuple(draw(st.integers(0, 2)) for _ in range(4))
    kernel = tuple(draw(st.integers(1, min(4, image[k] + padding[k] + padding[k + 2]))) for k in range(2))
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    if kind is AveragePool2d:
        inside = tuple(min(p, k - 1) for p, k in zip(padding, kernel * 2, strict=True))
        return AveragePool2d(
            tuple(min(kernel[k], image[k]) for k in range(2)),
            stride,
            tuple(min(p, i - 1) for p, i in zip(inside, image * 2, strict=True)),
            draw(st.booleans()),
        )
    groups = draw(st.sampled_from([g for g in (1, 2, 3) if channels % g == 0]))
    outputs = groups * draw(st.integers(1, 2))
    bias = rng.normal(size=outputs) if draw(st.booleans()) else None
    weight = rng.normal(size=(outputs, channels // groups, *kernel))
    return Conv2d(weight, bias, stride, padding, groups)


@st.composite
def graphs(draw):
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 8)), draw(st.integers(1, 8)))
    layers, current = [], shape
    for _ in range(draw(st.integers(1, 4))):
        layers.append(draw(images_layers(current)))
        current = layers[-1].output_shape(current)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = math.prod(current)
    bias = rng.normal(size=3) if draw(st.booleans()) else None
    return LayerGraph("drawn", shape, (*layers, Flatten(), Dense(rng.normal(size=(3, n)) / n, bias)))


@given(graph=graphs())
@settings(max_examples=150, deadline=None, database=None)
def test_onnxruntime_gets_our_logits_and_the_reader_gets_our_network(graph, tmp_path_factory):
    path = tmp_path_factory.mktemp("drawn") / "graph.onnx"
    write_onnx(graph, path, {"made": "by a test"})
    x = np.random.default_rng(1).random((3, *graph.input_shape), np.float32)
    ours = graph.forward(x)
    np.testing.assert_allclose(
        ours, logits_of_onnxruntime(path, x), rtol=1e-5, atol=1e-5 * max(1, abs(ours).max())
    )
    again = read_onnx(path)
    assert again == graph
    assert again.sha256() == graph.sha256()


@pytest.mark.parametrize("gamma", [0.0, 0.001, 0.02, 1.0])
def test_the_lif_rate_in_the_file_is_stable_over_all_currents(gamma, tmp_path):
    graph = LayerGraph("rate", (1, 1, 1), (Flatten(), Dense([[1]]), LIFRate(gamma=gamma)))
    write_onnx(graph, tmp_path / "rate.onnx")
    J = np.concatenate([np.linspace(-100, 100, 1601), 1 + np.linspace(-0.5, 0.5, 129), [-1e6, 1e4]])
    x = J.astype(np.float32).reshape(-1, 1, 1, 1)
    np.testing.assert_allclose(
        graph.forward(x), logits_of_onnxruntime(tmp_path / "rate.onnx", x), rtol=1e-5, atol=1e-6
    )


def exported(tmp_path, nodes, weights, input_shape=("N", 2, 7, 6), opset=17):
    """Write a file as other tools do: with onnx.helper, not with our writer."""
    graph = helper.make_graph(
        nodes,
        "exported",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, input_shape)],
        [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, ["N", "classes"])],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    path = tmp_path / "exported.onnx"
    onnx.save(model, path)
    return path


def normal(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def assert_same_logits(path):
    x = np.random.default_rng(5).random((3, 2, 7, 6), np.float32)
    np.testing.assert_allclose(
        read_onnx(path).forward(x), logits_of_onnxruntime(path, x), rtol=1e-5, atol=1e-5
    )


def test_a_network_as_torch_exports_it(tmp_path):
    n = helper.make_node
    nodes = [
        n("Conv", ["x", "w"], ["a"], auto_pad="SAME_UPPER", strides=[2, 2]),
        n("BatchNormalization", ["a", "g", "b", "m", "v"], ["c"], epsilon=1e-3),
        n("Relu", ["c"], ["d"]),
        n("AveragePool", ["d"], ["e"], kernel_shape=[2, 2], strides=[1, 1], auto_pad="SAME_LOWER"),
        n("Constant", [], ["shape"], value_ints=[0, -1]),
        n("Reshape", ["e", "shape"], ["f"]),
        n("Identity", ["f"], ["i"]),
        n("Gemm", ["i", "w2", "b2"], ["h"], alpha=0.5, beta=2.0, transB=1),
        n("Relu", ["h"], ["j"]),
        n("Dropout", ["j"], ["k"]),
        n("MatMul", ["k", "w3"], ["l"]),
        n("Add", ["b3", "l"], ["o"]),
    ]
    weights = {
        "w": normal(4, 2, 3, 2), "g": normal(4), "b": normal(4), "m": normal(4), "v": abs(normal(4)) + 1,
        "w2": normal(5, 4 * 4 * 3), "b2": normal(1, 5), "w3": normal(5, 3), "b3": normal(3),
    }  # fmt: skip
    assert_same_logits(exported(tmp_path, nodes, weights))


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_automatic_padding_is_resolved_exactly(auto_pad, kernel, stride, tmp_path):
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], auto_pad=auto_pad, strides=[stride, 1]),
        helper.make_node("GlobalAveragePool", ["a"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "v"], ["o"]),
    ]
    assert_same_logits(exported(tmp_path, nodes, {"w": normal(3, 2, kernel, 2), "v": normal(3, 4)}))


@pytest.mark.parametrize("perm", [[0, 1, 2, 3], [0, 2, 3, 1], [0, 3, 1, 2]], ids=["NCHW", "NHWC", "NWCH"])
def test_flattening_takes_values_in_the_order_of_the_file(perm, tmp_path):
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], auto_pad="SAME_UPPER"),
        helper.make_node("Relu", ["a"], ["r"]),
        helper.make_node("Transpose", ["r"], ["t"], perm=perm),
        helper.make_node("Flatten", ["t"], ["f"]),
        helper.make_node("Gemm", ["f", "v"], ["o"]),
    ]
    assert_same_logits(exported(tmp_path, nodes, {"w": normal(3, 2, 2, 4), "v": normal(3 * 7 * 6, 4)}))


@pytest.mark.parametrize("operator", ["Softmax", "LogSoftmax"])
def test_a_softmax_at_the_end_changes_no_class(operator, tmp_path):
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("Gemm", ["f", "w"], ["g"]),
        helper.make_node(operator, ["g"], ["o"], axis=-1),
    ]
    path = exported(tmp_path, nodes, {"w": normal(84, 3)})
    x = np.random.default_rng(5).random((50, 2, 7, 6), np.float32)
    np.testing.assert_array_equal(
        read_onnx(path).forward(x).argmax(1), logits_of_onnxruntime(path, x).argmax(1)
    )


@pytest.mark.parametrize("bias", [np.float32(2), np.ones((1,), np.float32), np.ones((1, 3), np.float32)])
def test_a_bias_is_broadcast_as_onnx_does(bias, tmp_path):
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "b"], ["g"], beta=0.5),
        helper.make_node("Add", ["g", "b"], ["o"]),
    ]
    assert_same_logits(exported(tmp_path, nodes, {"w": normal(84, 3), "b": bias}))


def test_a_bias_added_to_a_convolution_is_one_number_a_channel(tmp_path):
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("Add", ["a", "b"], ["c"]),
        helper.make_node("Flatten", ["c"], ["o"]),
    ]
    assert_same_logits(exported(tmp_path, nodes, {"w": normal(3, 2, 2, 2), "b": normal(1, 3, 1, 1)}))


def test_a_constant_per_pixel_is_added_to_a_convolution(tmp_path):
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="first"),
        helper.make_node("Add", ["a", "b"], ["c"], name="second"),
        helper.make_node("Flatten", ["c"], ["o"]),
    ]
    assert_same_logits(exported(tmp_path, nodes, {"w": normal(3, 2, 2, 2), "b": normal(1, 1, 6, 5)}))


n, FLAT = helper.make_node, 2 * 7 * 6
HALF = helper.make_tensor("half", TensorProto.FLOAT, [1], [0.5])
BATCH = ("gamma", "beta", "mean", "variance")
CROP = ("begin", "end", "axes")
CROPPED = {"begin": np.array([1, 1]), "end": np.array([6, 5]), "axes": np.array([2, 3])}
OPERATORS = {
    "a constant in a sum": ([n("Sum", ["x", "c"], ["y"])], {"c": normal(2, 7, 6)}, FLAT),
    "a difference of activations": (
        [n("Conv", ["x", "k"], ["r"]), n("Sub", ["x", "r"], ["y"])], {"k": normal(2, 2, 1, 1)}, FLAT
    ),
    "a factor for each pixel": ([n("Mul", ["x", "c"], ["y"])], {"c": normal(1, 7, 6)}, FLAT),
    "a cropped image that is scaled": (
        [n("Slice", ["x", *CROP], ["s"]), n("Div", ["s", "half"], ["t"]), n("Conv", ["t", "k"], ["y"])],
        CROPPED | {"half": np.float32(0.3), "k": normal(3, 2, 3, 3)}, 3 * 3 * 2,
    ),
    "a cropped image that is normalised and negated, channels apart": (
        [n("Slice", ["x", *CROP], ["s"]), n("BatchNormalization", ["s", *BATCH], ["t"]),
         n("Neg", ["t"], ["u"]), n("Conv", ["u", "k"], ["r"], pads=[0, 1, 0, 1]), n("Relu", ["r"], ["y"])],
        CROPPED | {"k": normal(3, 2, 3, 3), "gamma": normal(2), "beta": normal(2), "mean": normal(2) / 2,
                   "variance": np.float32([0.5, 2])}, 3 * 3 * 4,
    ),
    "a cropped image with a leak for each channel": (
        [n("Sub", ["x", "half"], ["d"]), n("Slice", ["d", *CROP], ["s"]), n("PRelu", ["s", "leak"], ["t"]),
         n("Conv", ["t", "k"], ["y"])],
        CROPPED | {"half": np.float32(0.5), "leak": np.float32([[[0.1]], [[0.3]]]), "k": normal(3, 2, 3, 3)},
        3 * 3 * 2,
    ),
    "the mean of a cropped image": (
        [n("Conv", ["x", "k"], ["r"]), n("Slice", ["r", *CROP], ["s"]), n("GlobalAveragePool", ["s"], ["y"])],
        CROPPED | {"k": normal(3, 2, 1, 1)}, 3,
    ),
    "the mean of a padded image": (
        [n("Conv", ["x", "k"], ["r"]), n("Pad", ["r", "border"], ["p"]),
         n("GlobalAveragePool", ["p"], ["y"])],
        {"k": normal(3, 2, 1, 1), "border": np.array([0, 0, 1, 2, 0, 0, 0, 1])}, 3,
    ),
    "the mean of every second pixel, channels last": (
        [n("Conv", ["x", "k"], ["r"]), n("Transpose", ["r"], ["t"], perm=[0, 2, 3, 1]),
         n("Slice", ["t", "begin", "end", "last", "two"], ["s"]), n("ReduceMean", ["s", "last"], ["y"])],
        CROPPED | {"k": normal(3, 2, 1, 1), "last": np.array([1, 2]), "two": np.array([2, 2])}, 3,
    ),
    "a sum over the rows of a cropped image, channels last": (
        [n("Transpose", ["x"], ["t"], perm=[0, 2, 3, 1]), n("Slice", ["t", "begin", "end", "last"], ["s"]),
         n("ReduceSum", ["s", "first"], ["y"], keepdims=0)],
        CROPPED | {"last": np.array([1, 2]), "first": np.array([1])}, 4 * 2,
    ),
    "the largest of a padded image, which may be negative": (
        [n("Sub", ["x", "one"], ["d"]), n("Pad", ["d", "border"], ["p"]), n("Slice", ["d", *CROP], ["s"]),
         n("GlobalMaxPool", ["p"], ["a"]), n("GlobalMaxPool", ["s"], ["b"]), n("Concat", ["a", "b"], ["y"],
         axis=1)],
        CROPPED | {"one": np.float32(1), "border": np.array([0, 0, 1, 2, 0, 0, 0, 1])}, 4,
    ),
    "the largest of a leaking image, cropped and padded": (
        [n("Sub", ["x", "one"], ["d"]), n("LeakyRelu", ["d"], ["l"], alpha=0.2),
         n("Slice", ["l", *CROP], ["s"]), n("Pad", ["l", "border"], ["p"]), n("GlobalMaxPool", ["s"], ["a"]),
         n("GlobalMaxPool", ["p"], ["b"]), n("Concat", ["a", "b"], ["y"], axis=1)],
        CROPPED | {"one": np.float32(1), "border": np.array([0, 0, 1, 2, 0, 0, 0, 1])}, 4,
    ),
    "the largest of an image between limits, padded": (
        [n("Clip", ["x", "low", "high"], ["l"]), n("Pad", ["l", "border"], ["p"]),
         n("Sub", ["x", "one"], ["d"]),
         n("Clip", ["d", "lowest", "least"], ["m"]), n("Pad", ["m", "border"], ["q"]),
         n("GlobalMaxPool", ["p"], ["a"]), n("GlobalMaxPool", ["q"], ["b"]), n("Concat", ["a", "b"], ["y"],
         axis=1)],
        {"one": np.float32(1), "border": np.array([0, 0, 1, 2, 0, 0, 0, 1]), "low": np.float32(0.2),
         "high": np.float32(0.5), "lowest": np.float32(-0.8), "least": np.float32(-0.2)}, 4,
    ),
    "a sum over rows and columns": (
        [n("ReduceSum", ["x", "axes"], ["y"], keepdims=0)], {"axes": np.array([2, 3])}, 2
    ),
    "a mean over no axes": ([n("ReduceMean", ["x"], ["y"], noop_with_empty_axes=1)], {}, FLAT),
    "a mean over columns of a square": (
        [n("Slice", ["x", "one", "seven", "two"], ["s"]), n("ReduceMean", ["s", "three"], ["y"])],
        {"one": np.array([1]), "two": np.array([2]), "three": np.array([3]), "seven": np.array([7])}, 12,
    ),
    "the largest of each channel": ([n("GlobalMaxPool", ["x"], ["y"])], {}, 2),
    "the largest of each channel, behind limits": (
        [n("Clip", ["x", "low", "high"], ["r"]), n("GlobalMaxPool", ["r"], ["y"])],
        {"low": np.float32(0.2), "high": np.float32(0.5)}, 2,
    ),
    "the largest of windows that reach into zeros, of what may be negative": (
        [n("Pad", ["x", "border"], ["p"]), n("Sub", ["p", "one"], ["s"]), n("Pad", ["s", "border"], ["q"]),
         n("MaxPool", ["q"], ["y"], kernel_shape=[2, 2], strides=[2, 2])],
        {"border": np.array([0, 0, 0, 1, 0, 0, 1, 0]), "one": np.zeros((1, 1, 1), np.float32)}, 2 * 4 * 4,
    ),
    "the same behind limits": (
        [n("Sub", ["x", "one"], ["s"]), n("Clip", ["s", "low", "high"], ["r"]),
         n("Pad", ["r", "border"], ["q"]), n("MaxPool", ["q"], ["y"], kernel_shape=[2, 2], strides=[2, 2])],
        {"border": np.array([0, 0, 1, 0, 0, 0, 0, 0]), "one": np.float32(1), "low": np.float32(-0.8),
         "high": np.float32(-0.2)}, 2 * 4 * 3,
    ),
    "the largest of windows that lie in zeros alone": (
        [n("Relu", ["x"], ["r"]), n("Pad", ["r", "border"], ["q"]),
         n("MaxPool", ["q"], ["y"], kernel_shape=[2, 2], strides=[2, 2])],
        {"border": np.array([0, 0, 2, 2, 0, 0, 1, 0])}, 2 * 5 * 4,
    ),
    "a convolution of one pixel, padded": (
        [n("Slice", ["x", "three", "four", "two"], ["s"]), n("Slice", ["s", "three", "four", "third"], ["p"]),
         n("Conv", ["p", "k"], ["y"], pads=[1, 1, 1, 1])],
        {"three": np.array([3]), "four": np.array([4]), "two": np.array([2]), "third": np.array([3]),
         "k": normal(2, 2, 2, 2)}, 2 * 2 * 2,
    ),
    "flattened behind one channel": (
        [n("Conv", ["x", "k"], ["c"]), n("Flatten", ["c"], ["y"], axis=2)], {"k": normal(1, 2, 1, 1)}, 42
    ),
    "windows that would begin behind the image": (
        [n("AveragePool", ["x"], ["y"], kernel_shape=[2, 2], strides=[3, 3], ceil_mode=1)], {}, 2 * 3 * 2
    ),
    "a cast to what it is": ([n("Cast", ["x"], ["y"], to=TensorProto.FLOAT)], {}, FLAT),
    "all axes of length 1 squeezed": (
        [n("GlobalAveragePool", ["x"], ["p"]), n("Squeeze", ["p"], ["y"])], {}, 2
    ),
    "a slice of all images": (
        [n("Slice", ["x", "zero", "end", "zero"], ["y"])], {"zero": np.array([0]), "end": np.array([2**60])},
        FLAT,
    ),
    "equal parts": (
        [n("Split", ["x"], ["a", "b"], axis=3, num_outputs=2), n("Add", ["a", "b"], ["y"])], {}, 2 * 7 * 3
    ),
    "parts of given sizes": (
        [n("Split", ["x", "sizes"], ["a", "y"], axis=2)], {"sizes": np.array([3, 4])}, 2 * 4 * 6
    ),
    "an expansion to the shape that it has": (
        [n("Expand", ["x", "shape"], ["y"])], {"shape": np.array([1, 2, 1, 6])}, FLAT
    ),
    "zeros appended": (
        [n("Shape", ["x"], ["s"]), n("ConstantOfShape", ["s"], ["z"]),
         n("Concat", ["x", "z"], ["y"], axis=1)], {}, 2 * FLAT,
    ),
    "no limits": ([n("Clip", ["x"], ["y"])], {}, FLAT),
    "a limit above": ([n("Clip", ["x", "", "high"], ["y"])], {"high": np.float32(0.5)}, FLAT),
    "elements of a vector": (
        [n("Flatten", ["x"], ["v"]), n("Gather", ["v", "of"], ["a"], axis=1), n("Gather", ["v", "to"], ["b"],
         axis=1), n("Add", ["a", "b"], ["y"])], {"of": np.array([5, 3, 80]), "to": np.array([1, 2, 3])}, 3,
    ),
    "an expansion as torch exports it": (
        [n("Shape", ["x"], ["s"]), n("Slice", ["s", "0", "1"], ["batch"]),
         n("Concat", ["batch", "rest"], ["t"], axis=0), n("Shape", ["t"], ["l"]),
         n("ConstantOfShape", ["l"], ["zeros"]), n("Cast", ["zeros"], ["whole"], to=TensorProto.INT64),
         n("Sub", ["whole", "1"], ["keep"]), n("Equal", ["t", "keep"], ["same"]),
         n("Add", ["whole", "1"], ["ones"]), n("Where", ["same", "ones", "t"], ["target"]),
         n("Expand", ["x", "target"], ["y"])],
        {"0": np.array([0]), "1": np.array([1]), "rest": np.array([-1, 7, -1])}, FLAT,
    ),
    "a shape as tf2onnx writes it": (
        [n("Shape", ["x"], ["s"]), n("Cast", ["s"], ["small"], to=TensorProto.INT32),
         n("Slice", ["small", "0", "1", "0"], ["n"]), n("Squeeze", ["n"], ["one"]),
         n("Unsqueeze", ["one", "0"], ["batch"]), n("ReduceProd", ["batch"], ["b"]),
         n("Concat", ["b", "rest"], ["t"], axis=0), n("Cast", ["t"], ["target"], to=TensorProto.INT64),
         n("Reshape", ["x", "target"], ["y"])],
        {"0": np.array([0]), "1": np.array([1]), "rest": np.array([-1], np.int32)}, FLAT,
    ),
    "a number for each image": (
        [n("Shape", ["x"], ["s"]), n("ConstantOfShape", ["s"], ["h"], value=HALF),
         n("Mul", ["x", "h"], ["y"])], {}, FLAT,
    ),
    "zeros for each image": (
        [n("Shape", ["x"], ["s"], end=1), n("Concat", ["s", "rest"], ["t"], axis=0),
         n("Expand", ["0", "t"], ["z"]), n("Concat", ["z", "x"], ["y"], axis=1)],
        {"0": np.float32(0), "rest": np.array([1, 7, 6])}, 3 * 42,
    ),
    "a shape that is computed from the size": (
        [n("Size", ["x"], ["all"]), n("Shape", ["x"], ["batch"], end=1), n("Div", ["all", "batch"], ["each"]),
         n("Concat", ["batch", "each"], ["s"], axis=0), n("Reshape", ["x", "s"], ["y"])], {}, FLAT,
    ),
}  # fmt: skip


def sparse(array):
    flat = np.flatnonzero(array)
    values = numpy_helper.from_array(array.ravel()[flat], "w")
    return helper.make_sparse_tensor(values, numpy_helper.from_array(flat, "w_at"), array.shape)


@pytest.mark.parametrize("constant", [True, False], ids=["Constant", "initialiser"])
def test_weights_of_which_the_file_holds_what_is_not_zero(constant, tmp_path):
    array = normal(FLAT, 3) * (normal(FLAT, 3) > 1)
    nodes = [n("Constant", [], ["w"], sparse_value=sparse(array))] if constant else []
    path = exported(tmp_path, [*nodes, n("Flatten", ["x"], ["f"]), n("MatMul", ["f", "w"], ["o"])], {})
    if not constant:
        model = onnx.load(path)
        model.graph.sparse_initializer.append(sparse(array))
        onnx.save(model, path)
    assert_same_logits(path)


def test_an_output_without_a_type_and_weights_of_bfloat16(tmp_path):
    nodes = [
        n("Flatten", ["x"], ["f"]),
        n("Cast", ["w"], ["single"], to=TensorProto.FLOAT),
        n("MatMul", ["f", "single"], ["o"]),
    ]
    path = exported(tmp_path, nodes, {})
    model = onnx.load(path)
    model.graph.output[0].ClearField("type")
    bfloat16 = helper.make_tensor("w", TensorProto.BFLOAT16, [FLAT, 3], normal(FLAT, 3).ravel())
    model.graph.initializer.append(bfloat16)
    onnx.save(model, path)
    assert_same_logits(path)


@pytest.mark.parametrize("what", OPERATORS)
def test_an_operator_before_a_dense_layer_whose_outputs_change_places(what, tmp_path):
    nodes, weights, inputs = OPERATORS[what]
    opset = 22 if "windows" in what else 18  # before 22, onnx counts windows that see nothing
    behind = [
        n("Flatten", ["y"], ["f"]),
        n("Gemm", ["f", "w"], ["g"]),
        n("Gather", ["g", "order"], ["o"], axis=1),
    ]
    weights = weights | {"w": normal(inputs, 3), "order": np.array([2, 0, 1])}
    assert_same_logits(exported(tmp_path, [*nodes, *behind], weights, opset=opset))


def test_a_scaling_is_written_and_read_again(tmp_path):
    scales = Scale(normal(2), normal(2)), Scale(normal(2), normal(2, 7, 6))
    graph = LayerGraph("scaled", (2, 7, 6), (scales[0], ReLU(), scales[1], Flatten(), Dense(normal(3, 84))))
    write_onnx(graph, tmp_path / "scaled.onnx")
    assert_same_logits(tmp_path / "scaled.onnx")
    assert read_onnx(tmp_path / "scaled.onnx") == graph


def test_the_shipped_network_runs_unmodified_in_onnxruntime():
    graph = read_model("mnist-small")
    x = np.random.default_rng(1).random((20, *graph.input_shape), np.float32)
    ours = graph.forward(x)
    theirs = logits_of_onnxruntime(locate("mnist-small"), x)
    # Near the rheobase the exact rate is infinitely steep, so rounding shows more than elsewhere.
    np.testing.assert_allclose(ours, theirs, atol=1e-3 * abs(ours).max())

"""Archives of Keras 3: the arithmetic of Keras, written out with torch; what cannot be read is refused."""

import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from bioscnn.ann import read_keras
from bioscnn.ann.graph import INPUT
from bioscnn.ann.keras.models import Models, nested
from bioscnn.ann.onnx.values import Builder, Value
from bioscnn.errors import UserError
from tests.keras_archives import called, functional, image, layer, sequential, tensor, written

RNG = np.random.default_rng(1)
X = RNG.random((3, 2, 8, 8), np.float32)


def drawn(*shape):
    return RNG.normal(0, 0.5, shape).astype(np.float32)


def conv(name, kernel=3, strides=1, **more):
    usual = {
        "kernel_size": [kernel, kernel], "strides": [strides, strides], "padding": "valid",
        "dilation_rate": [1, 1], "groups": 1, "activation": "linear", "use_bias": True,
        "data_format": "channels_last",
    }  # fmt: skip
    return layer("Conv2D", name, **usual | more)


def dense(name, activation="linear"):
    return layer("Dense", name, activation=activation, use_bias=True)


def flatten(name="flatten"):
    return layer("Flatten", name, data_format="channels_last")


CONV, BIAS = drawn(3, 3, 2, 4), drawn(4)
HEAD = drawn(4 * 4 * 4, 3), drawn(3)


def small(tmp_path, *middle, **options):
    """A model of one convolution, layers that change nothing, and a dense layer."""
    config = sequential(
        image(8, 8, 2), conv("conv", padding="same", strides=2), *middle, flatten(), dense("dense")
    )
    weights = {"layers/conv2d": ("conv", [CONV, BIAS]), "layers/dense": ("dense", HEAD)}
    return written(tmp_path / "small.keras", options.pop("config", config), weights, **options)


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def test_a_sequential_model_computes_what_keras_would(tmp_path):
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    kernel, own = drawn(2, 2, 4, 2), [np.abs(drawn(8)) + 0.5, drawn(8), drawn(8), np.abs(drawn(8)) + 0.5]
    head = drawn(3 * 3 * 8, 5), drawn(5)
    config = sequential(
        image(8, 8, 2),
        layer("Rescaling", "rescaling", scale=2.0, offset=-0.5),
        conv("c", padding="same", strides=2, activation="relu"),
        layer("DepthwiseConv2D", "d", kernel_size=[2, 2], strides=[1, 1], padding="valid",
              dilation_rate=[1, 1], depth_multiplier=2, use_bias=False, activation="linear",
              data_format="channels_last"),
        layer("BatchNormalization", "b", axis=-1, epsilon=1e-3, center=True, scale=True),
        layer("ReLU", "r", max_value=1.0, negative_slope=0.0, threshold=0.0),
        layer("AveragePooling2D", "p", pool_size=[2, 2], strides=[1, 1], padding="same",
              data_format="channels_last"),
        flatten(),
        dense("out", "softmax"),
    )  # fmt: skip
    weights = {
        "layers/conv2d": ("c", [CONV, BIAS]), "layers/depthwise_conv2d": ("d", [kernel]),
        "layers/batch_normalization": ("b", own), "layers/dense": ("out", head),
    }  # fmt: skip
    graph = read_keras(written(tmp_path / "a.keras", config, weights))
    t = torch.from_numpy
    x = F.pad(2 * t(X) - 0.5, (0, 1, 0, 1))  # of an even padding, more lies below and on the right
    x = F.relu(F.conv2d(x, t(CONV.transpose(3, 2, 0, 1).copy()), t(BIAS), stride=2))
    x = F.conv2d(x, t(kernel.transpose(2, 3, 0, 1).reshape(8, 1, 2, 2).copy()), groups=4)
    x = F.batch_norm(x, t(own[2]), t(own[3]), t(own[0]), t(own[1]), eps=1e-3).clamp(0, 1)
    counted = F.avg_pool2d(F.pad(torch.ones_like(x), (0, 1, 0, 1)), 2, 1)
    x = F.avg_pool2d(F.pad(x, (0, 1, 0, 1)), 2, 1) / counted  # what pads is not counted
    expected = channels_last(x).flatten(1).numpy() @ head[0] + head[1]
    np.testing.assert_allclose(graph.forward(X), expected, atol=1e-5)


@pytest.mark.parametrize("first", [False, True])
def test_images_are_as_ever_however_a_model_has_its_channels(tmp_path, first):
    torch = pytest.importorskip("torch")
    told = "channels_first" if first else "channels_last"
    shape = (2, 8, 8) if first else (8, 8, 2)
    config = sequential(
        image(*shape), conv("conv", strides=2, padding="same", data_format=told),
        layer("Flatten", "flatten", data_format=told), dense("dense"),
    )  # fmt: skip
    path = written(
        tmp_path / "a.keras", config,
        {"layers/conv2d": ("conv", [CONV, BIAS]), "layers/dense": ("dense", HEAD)},
    )  # fmt: skip
    padded = torch.nn.functional.pad(torch.from_numpy(X), (0, 1, 0, 1))
    kernel = torch.from_numpy(CONV.transpose(3, 2, 0, 1).copy())
    x = torch.nn.functional.conv2d(padded, kernel, torch.from_numpy(BIAS), stride=2)
    expected = channels_last(x).flatten(1).numpy() @ HEAD[0] + HEAD[1]  # flattened channels last, both times
    np.testing.assert_allclose(read_keras(path).forward(X), expected, atol=1e-5)


def test_branches_shared_layers_and_models_in_models_are_followed(tmp_path):
    kernel, inner, head = drawn(1, 1, 2, 2), drawn(1, 1, 4, 3), (drawn(3, 5), drawn(5))
    pointwise = {"use_bias": False, "kernel": 1}
    block = sequential(image(8, 8, 4, name="in"), conv("point", **pointwise), name="block")
    block["config"] = {**block["config"], "name": "block"}
    config = functional(
        {**image(8, 8, 2, name="x"), "inbound_nodes": []},
        called(conv("twice", **pointwise), [tensor("x")], [tensor("twice", 0)]),
        called(layer("Add", "plus", module="keras.src.ops.numpy"), [tensor("x"), tensor("twice", 1)]),
        called(layer("Concatenate", "side", axis=-1), [[tensor("plus"), tensor("twice", 0)]]),
        called(block, [tensor("side")], mask=None),
        called(layer("GlobalAveragePooling2D", "mean", data_format="channels_last", keepdims=False),
               [tensor("block")]),
        called(dense("out"), [tensor("mean")]),
        output="out",
    )  # fmt: skip
    weights = {
        "layers/conv2d": ("twice", [kernel]), "layers/sequential/layers/conv2d": ("point", [inner]),
        "layers/dense": ("out", head),
    }  # fmt: skip
    graph = read_keras(written(tmp_path / "a.keras", config, weights))
    x = X.transpose(0, 2, 3, 1)
    once = x @ kernel[0, 0]
    joined = np.concatenate([x + once @ kernel[0, 0], once], axis=-1) @ inner[0, 0]
    np.testing.assert_allclose(graph.forward(X), joined.mean((1, 2)) @ head[0] + head[1], atol=1e-5)


NAMED = {
    "Lambda": (layer("Lambda", "mine", function={"config": {"code": "4wEA"}}), "never executed"),
    "custom": (layer("Swirl", "mine", module="swirls", registered_name="mine>Swirl"), "never executed"),
    "custom function": (
        layer("Activation", "mine", activation={"module": "m", "class_name": "function", "config": "f",
                                                "registered_name": "f"}),
        "never executed",
    ),
    "unknown": (layer("LSTM", "mine"), "LSTM is not supported"),
    "sigmoid": (layer("Activation", "mine", activation="sigmoid"), "Sigmoid is not supported"),
    "threshold": (layer("ReLU", "mine", threshold=0.5), "threshold"),
    "quantised": (layer("ReLU", "mine", dtype={"class_name": "QuantizedDTypePolicy"}), "quantised"),
    "stride of zero": (layer("MaxPooling2D", "mine", pool_size=[2, 2], strides=[0, 1]), "not a strides"),
    "dilation": (conv("mine", dilation_rate=[10**6, 10**6]), "arrays of weights"),
    "no number": (layer("Rescaling", "mine", scale="many"), "cannot be read"),
    "unknown activation": (layer("Activation", "mine", activation="swirl"), "activation is not supported"),
    "setting": (layer("MaxPooling2D", "mine", padding="odd"), "padding = 'odd' is not supported"),
    "slope": (layer("ReLU", "mine", negative_slope="much"), "not a negative_slope"),
    "axis of the batch": (layer("BatchNormalization", "mine", axis=0), "not an axis"),
    "function": (layer("Sin", "mine", module="keras.src.ops.numpy"), "keras.ops Sin is not supported"),
}  # fmt: skip


@pytest.mark.parametrize("what", NAMED)
def test_a_layer_that_no_spiking_network_has_is_refused_by_its_name(tmp_path, what):
    entry, problem = NAMED[what]
    with pytest.raises(UserError, match=problem) as refusal:
        read_keras(small(tmp_path, entry))
    assert "'mine'" in refusal.value.key and str(tmp_path) in str(refusal.value.file)


def leaking(x, slope=0.1):
    return np.where(x < 0, slope * x, x)


def keras(kind, **config):
    return {"module": "keras.layers", "class_name": kind, "config": config}


MEAN, VARIANCE = [0.2, 0.4], [0.25, 0.04]
RELU = {"module": "keras.activations", "class_name": "function", "config": "relu"}
ALONG, BESIDE = drawn(2, 2), drawn(2)
COMPUTED = {
    "nothing": (layer("Activation", "a"), [], lambda x: x),
    "a function by its name": (layer("Activation", "a", activation=RELU), [], lambda x: np.maximum(x, 0)),
    "a layer as an activation": (
        layer("Activation", "a", activation=keras("ReLU", max_value=0.3)), [], lambda x: np.clip(x, 0, 0.3)
    ),
    "a ReLU without a ceiling": (layer("ReLU", "a"), [], lambda x: np.maximum(x, 0)),
    "a ReLU that leaks": (layer("ReLU", "a", negative_slope=0.1), [], leaking),
    "a matrix along the channels": (dense("a"), [ALONG, BESIDE], lambda x: x @ ALONG + BESIDE),
    "a normalisation by its configuration": (
        layer("Normalization", "a", axis=-1, mean=MEAN, variance=VARIANCE), [],
        lambda x: (x - MEAN) / np.sqrt(VARIANCE),
    ),
    "a normalisation by its weights": (
        layer("Normalization", "a", axis=[-1]), [MEAN, VARIANCE, 7], lambda x: (x - MEAN) / np.sqrt(VARIANCE)
    ),
    "a normalisation undone": (
        layer("Normalization", "a", axis=-1, mean=MEAN, variance=VARIANCE, invert=True), [],
        lambda x: x * np.sqrt(VARIANCE) + MEAN,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", COMPUTED)
def test_a_layer_computes_what_keras_would(tmp_path, what):
    """Between a shift, so that there are negative numbers too, and a dense layer."""
    entry, weights, function = COMPUTED[what]
    kind = {"ReLU": "re_lu"}.get(entry["class_name"], entry["class_name"].lower())
    head, number = (drawn(128, 3), drawn(3)), "_1" * (kind == "dense")
    shift = layer("Rescaling", "shift", scale=1.0, offset=-0.5)
    config = sequential(image(8, 8, 2), shift, entry, flatten(), dense("out"))
    arrays = {f"layers/{kind}": ("a", weights), f"layers/dense{number}": ("out", head)}
    graph = read_keras(written(tmp_path / "a.keras", config, arrays))
    expected = function(X.transpose(0, 2, 3, 1) - 0.5).reshape(3, -1) @ head[0] + head[1]
    np.testing.assert_allclose(graph.forward(X), expected, atol=1e-5)


def of_x(*layers, output, x=(8, 8, 2)):
    return functional({**image(*x, name="x"), "inbound_nodes": []}, *layers, output=output)


def test_constants_of_functions_are_read_as_python_and_numpy_write_them(tmp_path):
    kernel, times = drawn(128, 3), {"class_name": "__numpy__", "config": {"value": [0.5, 2.0]}}
    config = of_x(
        called(layer("Multiply", "m", module="keras.src.ops.numpy"), [tensor("x"), times]),
        called(layer("Subtract", "s", module="keras.src.ops.numpy"), [tensor("m"), 0.25, None]),
        called(flatten(), [tensor("s")]),
        called(layer("Dense", "out", use_bias=False), [tensor("flatten")]),
        output="out",
    )
    config["config"]["output_layers"] = {"logits": ["out", 0, 0]}
    graph = read_keras(written(tmp_path / "a.keras", config, {"layers/dense": ("out", [kernel])}))
    expected = (X.transpose(0, 2, 3, 1) * [0.5, 2.0] - 0.25).reshape(3, -1) @ kernel
    np.testing.assert_allclose(graph.forward(X), expected, atol=1e-5)


def test_a_flat_image_has_one_channel(tmp_path):
    kernel = drawn(64, 3)
    config = sequential(image(8, 8), flatten(), layer("Dense", "out", use_bias=False))
    graph = read_keras(written(tmp_path / "a.keras", config, {"layers/dense": ("out", [kernel])}))
    assert graph.input_shape == (1, 8, 8)
    np.testing.assert_allclose(graph.forward(X[:, :1]), X[:, 0].reshape(3, -1) @ kernel, atol=1e-5)


def test_the_order_of_channels_is_that_of_a_layer_in_a_model_in_the_model(tmp_path):
    kernel = drawn(1, 1, 2, 3)
    inner = sequential(conv("c", kernel=1, use_bias=False, data_format="channels_first"), name="inner")
    inner["config"]["layers"].insert(0, image(2, 8, 8, name="i"))
    weights = {"layers/sequential/layers/conv2d": ("c", [kernel])}
    mean = layer("GlobalAveragePooling2D", "mean", data_format="channels_first")
    graph = read_keras(written(tmp_path / "a.keras", sequential(image(2, 8, 8), inner, mean), weights))
    np.testing.assert_allclose(graph.forward(X), X.mean((2, 3)) @ kernel[0, 0], atol=1e-5)


def test_a_crop_before_a_scaling_and_padding_before_a_mean_are_read(tmp_path):
    torch = pytest.importorskip("torch")
    around = [[1, 2], [0, 1]]
    config = sequential(
        image(8, 8, 2),
        layer("Cropping2D", "crop", cropping=around, data_format="channels_last"),
        layer("Rescaling", "scale", scale=0.3, offset=0.1),
        conv("conv"),
        layer("ZeroPadding2D", "pad", padding=around, data_format="channels_last"),
        layer("GlobalAveragePooling2D", "mean", data_format="channels_last"),
    )
    graph = read_keras(written(tmp_path / "a.keras", config, {"layers/conv2d": ("conv", [CONV, BIAS])}))
    seen = torch.tensor(X[:, :, 1:6, :7] * 0.3 + 0.1)
    made = torch.nn.functional.conv2d(seen, torch.tensor(CONV).permute(3, 2, 0, 1), torch.tensor(BIAS))
    expected = made.sum((2, 3)) / (6 * 6)
    np.testing.assert_allclose(graph.forward(X), expected, atol=1e-5)


TWICE = [[tensor("x"), tensor("x")]]
DEPTHWISE = layer("DepthwiseConv2D", "d", kernel_size=[2, 2], use_bias=False)


@pytest.mark.parametrize(
    ("config", "weights", "problem"),
    [
        (sequential({"class_name": "Dense"}), {}, "a layer without a configuration"),
        (of_x(called(sequential(name="two"), *[TWICE]), output="two"), {}, "2 inputs"),
        (of_x(output="nothing"), {}, "the output is of no layer"),
        (of_x(called(layer("Add", "a"), [[tensor("x"), 1.0]]), output="a"), {}, "a constant is given"),
        (of_x({**layer("ReLU", "a"), "inbound_nodes": [[["x", 0, 0, {}]]]}, output="a"), {}, "as Keras 2"),
        (of_x(called(layer("Add", "a", module="keras.src.ops.numpy"), [tensor("x"), "one"]), output="a"), {},
         "not a constant"),
        (of_x(output=[["x", 0, 0], ["x", 0, 0]]), {}, "several outputs"),
        (sequential(image(8, 8, 2), image(8, 8, 2, name="other")), {}, "2 inputs"),
        (sequential(image(8, 8, 2), DEPTHWISE), {"layers/depthwise_conv2d": ("d", [drawn(2, 2, 3, 1)])},
         "2 channels reach a depthwise kernel of 3"),
        (sequential(image(8, 8, 2), flatten(), layer("MaxPooling2D", "p")), {}, "needs an image"),
        (sequential(image(8, 8), dense("d")), {"layers/dense": ("d", [drawn(8, 3), drawn(3)])},
         "Dense works on each row"),
    ],
)  # fmt: skip
def test_a_model_that_is_no_network_of_one_image_is_refused(tmp_path, config, weights, problem):
    path = tmp_path / "a.keras"
    with pytest.raises(UserError, match=problem) as refusal:
        read_keras(written(path, config, weights))
    assert refusal.value.file == path


@pytest.mark.parametrize(("name", "problem"), [(".", "a folder"), ("none.keras", "no such file")])
def test_what_is_no_file_is_said(tmp_path, name, problem):
    with pytest.raises(UserError, match=problem) as refusal:
        read_keras(tmp_path / name)
    assert refusal.value.file == tmp_path / name


def external(file):
    del file["layers/conv2d/vars/0"]
    file["layers/conv2d/vars/0"] = h5py.ExternalLink("/etc/passwd", "/x")


def elsewhere(file):
    del file["layers/conv2d/vars/0"]
    storage = [("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
    file.create_dataset("layers/conv2d/vars/0", (3, 3, 2, 4), "f4", external=storage)


def huge(file):
    del file["layers/conv2d/vars/0"]
    file.create_dataset("layers/conv2d/vars/0", (10**6, 10**6), "f4", chunks=(1000, 1000))


def not_finite(file):
    file["layers/conv2d/vars/1"][2] = np.nan


def of_another(file):
    file["layers/conv2d/vars"].attrs["name"] = "other"


def lost(file):
    del file["layers/conv2d/vars/1"]


def nothing(file):
    del file["layers/conv2d/vars/0"]
    file["layers/conv2d/vars/0"] = h5py.Empty("f4")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (external, "link to elsewhere"),
        (elsewhere, "lie in another file"),
        (huge, "too large for what the file holds"),
        (nothing, "an empty data set"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_weights_that_are_not_in_the_file_are_refused_by_their_place(tmp_path, change, problem):
    with pytest.raises(UserError, match=problem) as refusal:
        read_keras(small(tmp_path, change=change))
    assert refusal.value.file == tmp_path / "small.keras"
    assert refusal.value.key == "model.weights.h5, layers/conv2d/vars/0"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (not_finite, "1 of 4 weights are not finite"),
        (of_another, "those of another layer"),
        (lost, "1 arrays of weights"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_weights_of_something_else_are_refused_by_layer(tmp_path, change, problem):
    with pytest.raises(UserError, match=problem) as refusal:
        read_keras(small(tmp_path, change=change))
    assert "layer 'conv' (Conv2D)" in refusal.value.key


@pytest.mark.parametrize("key", ["units", "filters"])
def test_weights_of_another_size_than_the_configuration_says_are_refused(tmp_path, key):
    config = sequential(image(8, 8, 2), conv("conv", padding="same", strides=2), flatten(), dense("dense"))
    changed = config["config"]["layers"][-1 if key == "units" else 1]
    changed["config"][key] = 7
    with pytest.raises(UserError, match=key) as raised:
        read_keras(small(tmp_path, config=config))
    assert raised.value.file == tmp_path / "small.keras" and changed["config"]["name"] in raised.value.key


def test_a_call_that_differs_from_prediction_is_refused(tmp_path):
    config = functional(
        {**image(8, 8, 2, name="x"), "inbound_nodes": []},
        called(layer("Dropout", "drops", rate=0.5), [tensor("x")], training=True),
        output="drops",
    )
    with pytest.raises(UserError, match="called with training") as refusal:
        read_keras(written(tmp_path / "a.keras", config))
    assert "drops" in refusal.value.key


def test_layers_in_a_circle_are_refused(tmp_path):
    config = functional(
        {**image(8, 8, 2, name="x"), "inbound_nodes": []},
        called(layer("Add", "a"), [[tensor("x"), tensor("b")]]),
        called(layer("ReLU", "b"), [tensor("a")]),
        output="b",
    )
    with pytest.raises(UserError, match="in a circle"):
        read_keras(written(tmp_path / "a.keras", config))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"metadata": {"keras_version": "2.15.0"}}, "another Keras"),
        ({"metadata": []}, "not a JSON object"),
        ({"config": "{"}, "not JSON"),
        ({"config": "[" * 10**6}, "not JSON"),
        ({"config": {"class_name": "Sequential", "module": "keras"}}, "a model of the class"),
        ({"config": {"class_name": "MyModel", "module": "mine", "config": {}}}, "never executed"),
        ({"config": sequential(image(None, 8, 2))}, "no image of fixed size"),
        ({"config": sequential(image(10**6, 10**6, 1))}, "does not fit into the memory"),
        ({"config": sequential(flatten())}, "not been built"),
    ],
)
def test_a_configuration_that_is_none_of_keras_3_is_refused(tmp_path, options, problem):
    with pytest.raises(UserError, match=problem):
        read_keras(small(tmp_path, **options))


def broken(path, how):
    content = path.read_bytes()
    if how == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "no Keras":
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("../../evil.txt", "x")
    elif how == "encrypted":
        at = content.index(b"PK\x01\x02") + 8
        path.write_bytes(content[:at] + struct.pack("<H", 1) + content[at + 2 :])


@pytest.mark.parametrize("how", ["truncated", "empty", "no Keras", "encrypted"])
def test_a_broken_archive_is_one_error_and_nothing_is_unpacked(tmp_path, how):
    path = small(tmp_path)
    broken(path, how)
    with pytest.raises(UserError) as refusal:
        read_keras(path)
    assert refusal.value.file == path
    assert list(tmp_path.iterdir()) == [path]


def test_damage_within_the_weights_is_one_error(tmp_path):
    path = small(tmp_path)
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    whole = parts["model.weights.h5"]
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("config.json", parts["config.json"])
        packed.writestr("metadata.json", parts["metadata.json"])
        packed.writestr("model.weights.h5", whole[:1000] + bytes(1000) + whole[2000:])
    with pytest.raises(UserError, match=r"cannot be read|damaged") as refusal:
        read_keras(path)
    assert refusal.value.file == path


def test_a_member_that_unpacks_to_too_much_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("bioscnn.ann.keras.archive.LARGEST_CONFIG", 100)
    with pytest.raises(UserError, match="larger than is read"):
        read_keras(small(tmp_path))


def in_place_of_the_kernel(make):
    def change(file):
        del file["layers/conv2d/vars/0"]
        make(file["layers/conv2d/vars"])

    return change


def kernel(*shape, **data):
    return in_place_of_the_kernel(lambda arrays: arrays.create_dataset("0", *shape, **data))


def array_as_name(file):
    file["layers/conv2d/vars"].attrs["name"] = np.arange(3)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (in_place_of_the_kernel(lambda arrays: arrays.create_group("0")), "not an array of weights"),
        (kernel(CONV.shape, dtype="S1"), "weights of type"),
        (kernel(CONV.shape, dtype="f4"), "are missing in the file"),
        (kernel(data=np.full(CONV.shape, 3e38, "f4")), "too large for single precision"),
        (kernel(data=np.full(CONV.shape, -1e300)), "too large for single precision"),
        (array_as_name, "those of another layer"),
    ],
)
def test_weights_that_are_no_moderate_numbers_are_refused_by_layer(tmp_path, change, problem):
    with pytest.raises(UserError, match=problem) as refusal:
        read_keras(small(tmp_path, change=change))
    assert "layer 'conv' (Conv2D)" in refusal.value.key


def test_models_that_call_models_without_layers_are_counted(tmp_path):
    model = functional(image(8, 8, 2, name="i"), output="i", name="m0")
    for k in range(40):
        twice = called(model, [tensor("i")], [tensor(f"m{k}")])
        model = functional(image(8, 8, 2, name="i"), twice, output=f"m{k}", name=f"m{k + 1}")
        model["config"]["output_layers"] = [[f"m{k}", 1, 0]]
    with pytest.raises(UserError, match="more than 100,000 layers"):
        read_keras(small(tmp_path, model))


@pytest.mark.parametrize("kind", ["Sequential", "Functional"])
def test_models_in_each_other_too_deeply_are_refused_whatever_json_takes(kind):
    """Python 3.13 reads a configuration that ends in a RecursionError of ours; 3.11 does not read it."""

    def deep(levels):
        model = functional(image(8, 8, 2, name="i"), output="i", name="m1")
        for k in range(1, levels):
            inner = called(model, [tensor("i")])
            model = functional(image(8, 8, 2, name="i"), inner, output=f"m{k}", name=f"m{k + 1}")
            model["class_name"] = kind
        return model

    def through(levels):
        build, positions = Builder((2, 8, 8)), np.arange(128).reshape(2, 8, 8)
        value = Value(INPUT, (2, 8, 8), positions)
        return Models(Path("deep.keras"), None, build).through(deep(levels), "", "", [value])

    assert through(50).source == INPUT
    assert next(iter(nested(deep(50))))["class_name"] == "InputLayer"
    for levels in (51, 2000):
        with pytest.raises(UserError, match="models inside each other too deeply") as refusal:
            through(levels)
        assert refusal.value.file == Path("deep.keras")
        with pytest.raises(UserError, match="models inside each other too deeply"):
            [*nested(deep(levels))]


def chain(n, *more):
    layers, before = [], "input_layer"
    for k in range(n):
        layers.append(called(layer("Dropout", f"d{k}"), [tensor(before)]))
        before = f"d{k}"
    last = [called(flatten(), [tensor(before)]), called(dense("dense"), [tensor("flatten")])]
    return functional(image(2, 2, 1), *more, *[*layers, *last][::-1], output="dense")


def test_layers_that_are_listed_backwards_are_read_in_their_order(tmp_path):
    weights = {"layers/dense": ("dense", [np.ones((4, 3)), np.zeros(3)])}
    assert read_keras(written(tmp_path / "a.keras", chain(4000), weights)).n_classes == 3
    twice = chain(3, called(layer("Dropout", "d1"), [tensor("input_layer")]))
    with pytest.raises(UserError, match="two layers have one name") as refusal:
        read_keras(written(tmp_path / "a.keras", twice, weights))
    assert refusal.value.value == "d1"
    nowhere = chain(3, called(layer("Dropout", "e"), [tensor("nothing")]))
    with pytest.raises(UserError, match="of one that is not there"):
        read_keras(written(tmp_path / "a.keras", nowhere, weights))


def test_a_damaged_archive_of_lzma_is_refused(tmp_path):
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(small(tmp_path)) as good, zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as packed:
        for name in good.namelist():
            packed.writestr(name, good.read(name))
    content = bytearray(path.read_bytes())
    for k in range(200, len(content) - 400, 37):
        content[k] ^= 0x55
    path.write_bytes(content)
    with pytest.raises(UserError, match="no Keras archive, or damaged"):
        read_keras(path)


def test_an_image_that_is_too_large_is_refused_before_anything_is_made_of_it(tmp_path):
    config = sequential(image(10**6, 28, 1), flatten(), dense("dense"))
    with pytest.raises(UserError, match="an image of 28,000,000 numbers"):
        read_keras(small(tmp_path, config=config))

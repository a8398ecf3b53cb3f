"""What each layer of Keras is in the operators of ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.keras.activations import ACTIVATION_LAYERS, activated
from bioscnn.ann.keras.layer import KerasLayer
from bioscnn.ann.onnx.assembly import ANY_BATCH
from bioscnn.ann.onnx.values import Value
from bioscnn.errors import UserError

_SAME = {"same": "SAME_UPPER", "valid": "VALID"}


def _convolution(
    layer: KerasLayer, x: Value, kernel: NDArray[Any], bias: NDArray[Any] | None, groups: int
) -> Value:
    """Return a convolution; `kernel` is (height, width, of a group, out), images are channels first."""
    return layer.apply(
        "Conv",
        x,
        kernel.transpose(3, 2, 0, 1),
        bias,
        kernel_shape=list(layer.pair("kernel_size")),
        strides=list(layer.pair("strides", 1)),
        dilations=list(layer.pair("dilation_rate", 1)),
        auto_pad=_SAME[layer.setting("padding", "valid", "same")],
        group=groups,
    )


def conv2d(layer: KerasLayer, x: Value) -> Value:
    """Return a convolution and its activation."""
    kernel, *bias = layer.weights("kernel", *_bias(layer))
    layer.require_outputs("filters", kernel.shape[-1])
    groups = layer.whole("groups", layer.config.get("groups", 1))
    made = _convolution(layer, layer.image(x), kernel, bias[0] if bias else None, groups)
    return activated(layer, layer.as_given(made))


def depthwise_conv2d(layer: KerasLayer, x: Value) -> Value:
    """Return a convolution of each channel by itself, and its activation."""
    kernel, *bias = layer.weights("kernel", *_bias(layer))
    made = _depthwise(layer, layer.image(x), kernel, bias[0] if bias else None)
    return activated(layer, layer.as_given(made))


def separable_conv2d(layer: KerasLayer, x: Value) -> Value:
    """Return a depthwise convolution, a 1 x 1 convolution, and the activation."""
    kernel, pointwise, *bias = layer.weights("depthwise kernel", "pointwise kernel", *_bias(layer))
    layer.require_outputs("filters", pointwise.shape[-1])
    between = _depthwise(layer, layer.image(x), kernel, None)
    made = layer.apply("Conv", between, pointwise.transpose(3, 2, 0, 1), bias[0] if bias else None)
    return activated(layer, layer.as_given(made))


def _depthwise(layer: KerasLayer, x: Value, kernel: NDArray[Any], bias: NDArray[Any] | None) -> Value:
    height, width, channels, multiplier = kernel.shape
    if channels != x.shape[0]:
        raise UserError(f"{x.shape[0]} channels reach a depthwise kernel of {channels}", value=kernel.shape)
    return _convolution(
        layer, x, kernel.reshape(height, width, 1, channels * multiplier), bias, groups=channels
    )


def _bias(layer: KerasLayer) -> tuple[str, ...]:
    return ("bias",) if layer.setting("use_bias", True, False) else ()


def dense(layer: KerasLayer, x: Value) -> Value:
    """Return a dense layer and its activation; along the channels of an image it is a 1 x 1 convolution."""
    kernel, *bias = layer.weights("kernel", *_bias(layer))
    layer.require_outputs("units", kernel.shape[-1])
    own = bias[0] if bias else None
    if len(x.shape) == 3:
        moved = layer.apply("Transpose", x, perm=[0, 3, 1, 2])
        made = layer.apply("Conv", moved, kernel.T[:, :, None, None], own)
        return activated(layer, layer.apply("Transpose", made, perm=[0, 2, 3, 1]))
    if len(x.shape) != 1:
        raise UserError(
            "Dense works on each row of an activation", value=x.shape, fix="put Flatten before it"
        )
    return activated(layer, layer.apply("Gemm", x, kernel, own))


def batch_normalisation(layer: KerasLayer, x: Value) -> Value:
    """Return batch normalisation with the statistics of the training data."""
    layer.setting("renorm", False)
    axis_setting: Any = layer.config.get("axis", -1)
    axis_setting = (
        axis_setting[0] if isinstance(axis_setting, list) and len(axis_setting) == 1 else axis_setting
    )
    axis = _axis(layer, axis_setting, x) - 1
    scales, centres = layer.setting("scale", True, False), layer.setting("center", True, False)
    names = ["gamma"] * scales + ["beta"] * centres + ["moving mean", "moving variance"]
    weights = dict(zip(names, layer.weights(*names), strict=True))
    mean, variance = weights["moving mean"], weights["moving variance"]
    gamma, beta = weights.get("gamma", np.ones_like(mean)), weights.get("beta", np.zeros_like(mean))
    rank = len(x.shape)
    order = [axis, *(k for k in range(rank) if k != axis)]
    moved = layer.apply("Transpose", x, perm=[0, *(k + 1 for k in order)])
    epsilon = layer.number("epsilon", 1e-3)
    made = layer.apply("BatchNormalization", moved, gamma, beta, mean, variance, epsilon=epsilon)
    return layer.apply("Transpose", made, perm=[0, *(int(k) + 1 for k in np.argsort(order))])


def _axis(layer: KerasLayer, axis: Any, x: Value) -> int:
    """Return an axis counted with the batch, which it must not be."""
    rank = 1 + len(x.shape)
    if type(axis) is not int or not -rank <= axis < rank or axis % rank == 0:
        raise UserError("not an axis of an activation", key="axis", value=axis, expected=f"1 to {rank - 1}")
    return int(axis) % rank


def max_pooling(layer: KerasLayer, x: Value) -> Value:
    """Return max pooling."""
    return _pooling(layer, x, "MaxPool")


def average_pooling(layer: KerasLayer, x: Value) -> Value:
    """Return average pooling, which does not count what pads."""
    return _pooling(layer, x, "AveragePool")


def _pooling(layer: KerasLayer, x: Value, operator: str) -> Value:
    size = layer.pair("pool_size", 2)
    padding = _SAME[layer.setting("padding", "valid", "same")]
    stride = list(layer.pair("strides", size))
    made = layer.apply(operator, layer.image(x), kernel_shape=list(size), strides=stride, auto_pad=padding)
    return layer.as_given(made)


def global_average_pooling(layer: KerasLayer, x: Value) -> Value:
    """Return the mean of each channel."""
    return _global(layer, x, "ReduceMean")


def global_max_pooling(layer: KerasLayer, x: Value) -> Value:
    """Return the largest number of each channel."""
    return _global(layer, x, "ReduceMax")


def _global(layer: KerasLayer, x: Value, operator: str) -> Value:
    layer.image(x)
    keep = int(layer.setting("keepdims", False, True))
    return layer.apply(operator, x, axes=list(layer.space), keepdims=keep)


def flatten(layer: KerasLayer, x: Value) -> Value:
    """Return a vector, in the order of channels last."""
    if layer.channels_first and len(x.shape) > 1:
        x = layer.apply("Transpose", x, perm=[0, *range(2, len(x.shape) + 1), 1])
    return layer.apply("Flatten", x)


def reshape(layer: KerasLayer, x: Value) -> Value:
    """Return the activation in another shape."""
    return layer.apply("Reshape", x, np.array([ANY_BATCH, *layer.config["target_shape"]], np.int64))


def permute(layer: KerasLayer, x: Value) -> Value:
    """Return the activation with its axes in another order."""
    return layer.apply("Transpose", x, perm=[0, *layer.config["dims"]])


def _sides(layer: KerasLayer, key: str) -> list[list[int]]:
    """Return the amounts that are added or cut: above and below, left and right."""
    value: Any = layer.config[key]
    pairs: Any = [value, value] if isinstance(value, int) else value
    pairs = [[pair, pair] if isinstance(pair, int) else pair for pair in pairs]
    return [[layer.whole(key, first, 0), layer.whole(key, last, 0)] for first, last in pairs]


def zero_padding(layer: KerasLayer, x: Value) -> Value:
    """Return the image with zeros around it."""
    layer.image(x)
    sides = np.zeros((4, 2), np.int64)
    sides[list(layer.space)] = _sides(layer, "padding")
    return layer.apply("Pad", x, sides.T.ravel())


def cropping(layer: KerasLayer, x: Value) -> Value:
    """Return the middle of the image."""
    layer.image(x)
    first, last = np.array(_sides(layer, "cropping")).T
    axes = np.array(layer.space)
    return layer.apply("Slice", x, first, np.array(x.shape)[axes - 1] - last, axes)


def rescaling(layer: KerasLayer, x: Value) -> Value:
    """Return the image times a factor, plus a shift."""
    scale, offset = (np.asarray(layer.config.get(key, k), float) for key, k in (("scale", 1), ("offset", 0)))
    return layer.apply("Add", layer.apply("Mul", x, scale), offset)


def normalisation(layer: KerasLayer, x: Value) -> Value:
    """Return the activation less a mean, over a standard deviation."""
    mean, variance = layer.config.get("mean"), layer.config.get("variance")
    if mean is None:
        mean, variance, _ = layer.weights("mean", "variance", "count")
    axes = layer.config.get("axis")
    axes = [] if axes is None else [axes] if isinstance(axes, int) else axes
    kept_axes = {_axis(layer, axis, x) for axis in axes}
    shape = [length if k + 1 in kept_axes else 1 for k, length in enumerate(x.shape)]
    mean, deviation = (
        part if part.size == 1 else part.reshape(shape)
        for part in (np.asarray(mean, float), np.maximum(np.sqrt(np.asarray(variance, float)), 1e-7))
    )
    if layer.setting("invert", False, True):
        return layer.apply("Add", layer.apply("Mul", x, deviation), mean)
    return layer.apply("Div", layer.apply("Sub", x, mean), deviation)


def identity(layer: KerasLayer, x: Value) -> Value:
    """Return the activation as it is, as layers do that act in training alone."""
    return x


def add(layer: KerasLayer, *x: Value) -> Value:
    """Return the sum of branches."""
    return layer.apply("Sum", *x)


def average(layer: KerasLayer, *x: Value) -> Value:
    """Return the mean of branches."""
    return layer.apply("Mul", layer.apply("Sum", *x), np.array(1 / len(x)))


def subtract(layer: KerasLayer, first: Value, second: Value) -> Value:
    """Return the difference of two branches."""
    return layer.apply("Sub", first, second)


def concatenate(layer: KerasLayer, *x: Value) -> Value:
    """Return branches one after the other along an axis."""
    return layer.apply("Concat", *x, axis=_axis(layer, layer.config.get("axis", -1), x[0]))


_INACTIVE = (
    "Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "Identity",
    "ActivityRegularization", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom",
    "RandomContrast", "RandomBrightness",
)  # fmt: skip
LAYERS: dict[str, Callable[..., Value]] = {
    "Conv2D": conv2d,
    "DepthwiseConv2D": depthwise_conv2d,
    "SeparableConv2D": separable_conv2d,
    "Dense": dense,
    "BatchNormalization": batch_normalisation,
    "MaxPooling2D": max_pooling,
    "AveragePooling2D": average_pooling,
    "GlobalAveragePooling2D": global_average_pooling,
    "GlobalMaxPooling2D": global_max_pooling,
    "Flatten": flatten,
    "Reshape": reshape,
    "Permute": permute,
    "ZeroPadding2D": zero_padding,
    "Cropping2D": cropping,
    "Rescaling": rescaling,
    "Normalization": normalisation,
    "Add": add,
    "Average": average,
    "Subtract": subtract,
    "Concatenate": concatenate,
    **ACTIVATION_LAYERS,
    **dict.fromkeys(_INACTIVE, identity),
}


def called(layer: KerasLayer, inputs: Sequence[Value]) -> Value:
    """Return the output of a layer of Keras for its inputs.

    Raises
    ------
    UserError
        If the layer is not supported.
    """
    if layer.kind == "Lambda":
        raise UserError(
            "a Lambda layer is Python code, which is never executed",
            fix="write it as layers of Keras (Rescaling, Activation, Reshape, ...), and save the model again",
        )
    if layer.kind not in LAYERS:
        raise UserError(
            f"the layer {layer.kind} is not supported",
            expected="one of " + ", ".join(LAYERS),
            fix="write it with these, or open an issue with the file",
        )
    return LAYERS[layer.kind](layer, *inputs)

"""Keras networks of every kind that people save, with random weights; they need Keras 3 and torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
from keras import layers as L  # noqa: N812
from numpy.typing import NDArray

from bench.architectures.compare import N_CLASSES, SHAPE, images

Tensor = Any
FIRST, LAST = SHAPE, (*SHAPE[1:], SHAPE[0])


def conv(filters: int, kernel: int | tuple[int, int] = 3, **options: Any) -> L.Layer:
    """Return a convolution with a rectifier."""
    return L.Conv2D(filters, kernel, activation="relu", **options)


def chain(*layers: L.Layer, classifier: bool = True) -> keras.Model:
    """Return layers, and the dense layer behind them that gives the logits."""
    end = [L.Flatten(), L.Dense(N_CLASSES)] if classifier else []
    return keras.Sequential([L.Input(LAST), *layers, *end])


def first(*layers: L.Layer) -> keras.Model:
    """Return layers that take channels first."""
    return keras.Sequential([L.Input(FIRST), *layers])


def graph(body: Callable[[Tensor], Tensor], classifier: bool = True) -> keras.Model:
    """Return a functional model."""
    image = L.Input(LAST)
    x = body(image)
    if classifier:
        x = L.Dense(N_CLASSES)(L.Flatten()(x))
    return keras.Model(image, x)


def normed(x: Tensor, filters: int, **options: Any) -> Tensor:
    """Return a convolution, batch normalisation and a rectifier."""
    return L.ReLU()(L.BatchNormalization()(L.Conv2D(filters, 3, use_bias=False, **options)(x)))


def residual(x: Tensor) -> Tensor:
    """Return a residual block with a projection."""
    x = normed(x, 4)
    y = L.BatchNormalization()(L.Conv2D(6, 3, padding="same")(normed(x, 6, strides=2, padding="same")))
    x = L.Activation("relu")(L.Add()([y, L.Conv2D(6, 1, strides=2)(x)]))
    return L.GlobalAveragePooling2D()(x)


def inception(x: Tensor) -> Tensor:
    """Return branches whose channels are concatenated."""
    x = conv(4)(x)
    pooled = conv(2, 1)(L.MaxPooling2D(3, strides=1, padding="same")(x))
    x = L.Concatenate()([conv(2, 1)(x), conv(3, padding="same")(x), pooled])
    return L.GlobalAveragePooling2D()(x)


def shared(x: Tensor) -> Tensor:
    """Return the sum of one layer that is called twice."""
    again = conv(4, padding="same")
    x = conv(4)(x)
    return L.Add()([again(x), again(again(x))])


def functions(x: Tensor) -> Tensor:
    """Return what functions of ``keras.ops`` make of an image."""
    x = conv(4)(2.0 * x - 0.5)
    y = keras.ops.relu(L.Conv2D(4, 3, padding="same")(x) + x)
    return keras.ops.mean(y / 2.0 - x, axis=(1, 2))


def block(*layers: L.Layer) -> keras.Model:
    """Return a model that is a layer of another one."""
    return keras.Sequential([L.Input((10, 10, 4)), *layers])


def mobile(x: Tensor, filters: int, strides: int = 1) -> Tensor:
    """Return a depthwise and a pointwise convolution, as of MobileNet."""
    for layer in (
        L.DepthwiseConv2D(3, strides, "same", use_bias=False),
        L.Conv2D(filters, 1, use_bias=False),
    ):
        x = L.ReLU(6.0)(L.BatchNormalization()(layer(x)))
    return x


CF: dict[str, Any] = {"data_format": "channels_first"}
ARCHITECTURES: dict[str, Callable[[], keras.Model]] = {
    "mlp": lambda: keras.Sequential(
        [L.Input(LAST), L.Flatten(), L.Dense(20, activation="relu"), L.Dense(N_CLASSES)]
    ),
    "mlp-batch-norm": lambda: keras.Sequential(
        [L.Input(LAST), L.Flatten(), L.Dense(20), L.BatchNormalization(), L.ReLU(), L.Dense(N_CLASSES)]
    ),
    "conv-valid": lambda: chain(conv(4), conv(4)),
    "conv-same": lambda: chain(conv(4, padding="same"), conv(4, padding="same")),
    "conv-stride-same": lambda: chain(
        conv(4, 5, strides=2, padding="same"), conv(6, strides=3, padding="same")
    ),
    "conv-even-kernel-same": lambda: chain(conv(4, 2, padding="same"), conv(4, 4, padding="same", strides=2)),
    "conv-flat-kernels": lambda: chain(conv(4, (1, 5)), conv(4, (3, 1), strides=2)),
    "conv-no-bias": lambda: chain(conv(4, use_bias=False), conv(4, use_bias=False)),
    "zero-padding": lambda: chain(L.ZeroPadding2D(((0, 1), (2, 1))), conv(4, strides=2)),
    "zero-padding-average-pool": lambda: chain(conv(4), L.ZeroPadding2D(1), L.AveragePooling2D(3, 2)),
    "zero-padding-max-pool": lambda: chain(conv(4), L.ZeroPadding2D(((0, 1), (0, 1))), L.MaxPooling2D(3, 2)),
    "cropping": lambda: chain(L.Cropping2D(((1, 2), (2, 0))), conv(4)),
    "dilated": lambda: chain(conv(4, dilation_rate=2), conv(4, dilation_rate=(2, 1), padding="same")),
    "groups": lambda: chain(conv(6, groups=2), conv(6, groups=3)),
    "depthwise": lambda: chain(
        conv(4), L.DepthwiseConv2D(3, depth_multiplier=2, activation="relu", padding="same"), conv(4, 1)
    ),
    "depthwise-stride-dilation": lambda: chain(
        L.DepthwiseConv2D(3, strides=2, padding="same", activation="relu"),
        L.DepthwiseConv2D(2, dilation_rate=2, depth_multiplier=3, activation="relu"),
    ),
    "separable": lambda: chain(
        L.SeparableConv2D(6, 3, activation="relu", padding="same"),
        L.SeparableConv2D(4, 3, strides=2, depth_multiplier=2, activation="relu", use_bias=False),
    ),
    "mobilenet": lambda: graph(
        lambda x: L.GlobalAveragePooling2D()(mobile(mobile(normed(x, 4, strides=2, padding="same"), 6), 8, 2))
    ),
    "batch-norm-first": lambda: chain(L.BatchNormalization(), conv(4, padding="same")),
    "batch-norm": lambda: graph(lambda x: normed(normed(x, 4), 4, strides=2)),
    "batch-norm-behind-relu": lambda: chain(conv(4), L.BatchNormalization(), conv(4, padding="same")),
    "batch-norm-no-scale": lambda: chain(
        L.Conv2D(4, 3), L.BatchNormalization(scale=False), L.ReLU(), conv(4),
        L.BatchNormalization(center=False),
    ),
    "batch-norm-flat": lambda: keras.Sequential(
        [L.Input(LAST), conv(4, strides=2), L.Flatten(), L.BatchNormalization(), L.Dense(N_CLASSES)]
    ),
    "average-pool": lambda: chain(conv(4), L.AveragePooling2D(2), conv(4), L.AveragePooling2D(2, 1)),
    "average-pool-same": lambda: chain(conv(4, 2), L.AveragePooling2D(3, 2, padding="same"), conv(4)),
    "max-pool": lambda: chain(conv(4), L.MaxPooling2D(), conv(4), L.MaxPooling2D()),
    "max-pool-same": lambda: chain(conv(4), L.MaxPooling2D(3, 2, padding="same"), conv(4)),
    "max-pool-batch-norm": lambda: chain(conv(4), L.BatchNormalization(), L.MaxPooling2D(), conv(4)),
    "global-average": lambda: chain(conv(4), conv(6), L.GlobalAveragePooling2D()),
    "global-average-keepdims": lambda: chain(
        conv(4), L.GlobalAveragePooling2D(keepdims=True), L.Conv2D(N_CLASSES, 1), L.Flatten(),
        classifier=False,
    ),
    "global-max": lambda: chain(conv(4), conv(6), L.GlobalMaxPooling2D()),
    "all-convolutional": lambda: chain(
        conv(6, strides=2), L.Conv2D(N_CLASSES, 1), L.GlobalAveragePooling2D(), L.Softmax(), classifier=False
    ),
    "residual": lambda: graph(residual),
    "residual-subtract": lambda: graph(
        lambda x: L.ReLU()(L.Subtract()([L.Conv2D(4, 3)(x), L.Conv2D(4, 3)(x)]))
    ),
    "average-of-branches": lambda: graph(lambda x: L.Average()([conv(4)(x), conv(4)(x)])),
    "concatenate": lambda: graph(lambda x: conv(4)(L.Concatenate()([conv(3)(x), conv(2)(x)]))),
    "concatenate-flat": lambda: graph(
        lambda x: L.Concatenate()([L.Flatten()(conv(3)(x)), L.Flatten()(conv(2, 5)(x))])
    ),
    "inception": lambda: graph(inception),
    "shared-layer": lambda: graph(shared),
    "functions": lambda: graph(functions),
    "nested": lambda: chain(conv(4), block(conv(4), block_of(4)), conv(3)),
    "nested-functional": lambda: graph(lambda x: functional_block()(conv(4)(x))),
    "relu6": lambda: chain(L.Conv2D(4, 3), L.Rescaling(20.0), L.ReLU(6.0), L.MaxPooling2D(), conv(4)),
    "relu-with-leak": lambda: chain(L.Conv2D(4, 3), L.ReLU(negative_slope=0.2), conv(4)),
    "leaky-relu": lambda: chain(L.Conv2D(4, 3, activation=L.LeakyReLU(0.1)), conv(4)),
    "prelu": lambda: chain(L.Conv2D(4, 3), L.PReLU("uniform", shared_axes=[1, 2]), conv(4)),
    "prelu-by-pixel": lambda: chain(L.Conv2D(4, 3), L.PReLU("uniform"), conv(4)),
    "hard-sigmoid": lambda: chain(L.Conv2D(4, 3, activation="hard_sigmoid"), conv(4)),
    "rescaling": lambda: chain(L.Rescaling(2.0, -1.0), conv(4, padding="same")),
    "normalization": lambda: chain(
        L.Normalization(mean=[0.1, 0.4], variance=[0.2, 0.3]), conv(4, padding="same")
    ),
    "softmax": lambda: chain(
        conv(4), L.Flatten(), L.Dense(N_CLASSES, activation="softmax"), classifier=False
    ),
    "dropout": lambda: chain(
        L.RandomFlip(), conv(4), L.SpatialDropout2D(0.2), conv(4), L.GaussianNoise(0.1), L.Dropout(0.5)
    ),
    "dense-on-channels": lambda: chain(conv(4), L.Dense(5, activation="relu"), conv(3)),
    "reshape": lambda: chain(conv(4), L.Reshape((5, 20, 4)), conv(3)),
    "permute": lambda: chain(conv(4), L.Permute((2, 1, 3)), conv(3)),
    "channels-first": lambda: first(
        conv(4, **CF), L.MaxPooling2D(**CF), L.BatchNormalization(axis=1), conv(4, **CF), L.Flatten(**CF),
        L.Dense(N_CLASSES),
    ),
    "channels-first-depthwise": lambda: first(
        L.ZeroPadding2D(1, **CF), L.DepthwiseConv2D(3, activation="relu", **CF),
        L.SeparableConv2D(4, 3, activation="relu", padding="same", **CF), L.AveragePooling2D(2, **CF),
        L.GlobalAveragePooling2D(**CF), L.Dense(N_CLASSES),
    ),
    "channels-first-flattened-last": lambda: first(conv(4, **CF), L.Flatten(), L.Dense(N_CLASSES)),
    "deep": lambda: chain(conv(4), *(conv(4, padding="same") for _ in range(6)), L.GlobalAveragePooling2D()),
}  # fmt: skip


def block_of(filters: int) -> keras.Model:
    """Return a model in a model in a model."""
    return keras.Sequential([L.Input((8, 8, 4)), conv(filters, padding="same"), L.BatchNormalization()])


def functional_block() -> keras.Model:
    """Return a functional model that is a layer of another one."""
    image = L.Input((10, 10, 4))
    return keras.Model(image, L.Add()([conv(4, padding="same")(image), image]))


def network(name: str) -> keras.Model:
    """Return a network with drawn weights and statistics."""
    keras.utils.set_random_seed(sum(map(ord, name)))
    model = ARCHITECTURES[name]()
    rng = np.random.default_rng(sum(map(ord, name)))
    for variable in model.weights:
        last = variable.path.split("/")[-1]
        low, high = {
            "gamma": (0.5, 1.5), "beta": (-0.2, 0.5), "moving_mean": (-0.2, 0.5),
            "moving_variance": (0.5, 1.5), "bias": (-0.1, 0.3),
        }.get(last, (0, 0))  # fmt: skip
        if high:
            variable.assign(rng.uniform(low, high, variable.shape))
    return model


def as_given(model: keras.Model, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return images, channels first, as a model takes them."""
    return x if model.input_shape[1:] == FIRST else x.transpose(0, 2, 3, 1)


def logits(model: keras.Model) -> NDArray[np.float32]:
    """Return the logits of Keras itself for five images."""
    return np.asarray(model.predict(as_given(model, images(5)), verbose=0))


def refused() -> Sequence[tuple[str, keras.Model]]:
    """Return models that have to be refused, by what is wrong with them."""

    @keras.saving.register_keras_serializable("mine")
    class Own(L.Layer):  # type: ignore[misc]
        def call(self, x: Tensor) -> Tensor:
            return x

    return [
        ("custom layer", chain(conv(4), Own())),
        ("Lambda", chain(conv(4), L.Lambda(lambda x: x * 2))),
        ("sigmoid", chain(L.Conv2D(4, 3, activation="sigmoid"))),
        ("LayerNormalization", chain(conv(4), L.LayerNormalization())),
        ("threshold", chain(L.Conv2D(4, 3), L.ReLU(threshold=0.1))),
        ("Multiply", graph(lambda x: L.Multiply()([conv(4)(x), conv(4)(x)]))),
        ("UpSampling2D", chain(conv(4), L.UpSampling2D())),
        ("MC dropout", graph(lambda x: L.Dropout(0.5)(conv(4)(x), training=True))),
        ("vector input", keras.Sequential([L.Input((784,)), L.Dense(10)])),
    ]


def save(model: keras.Model, path: Path) -> None:
    """Save a model as Keras 3 does."""
    model.save(path)

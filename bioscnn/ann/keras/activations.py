"""The activations of Keras in the operators of ONNX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from bioscnn.ann.keras.layer import KerasLayer
from bioscnn.ann.onnx.values import Value
from bioscnn.errors import UserError

# Name in Keras, operator, attributes; what is no sum of rectifiers is refused by the name of the operator.
_FUNCTIONS: dict[str, tuple[str, dict[str, float]]] = {
    "linear": ("Identity", {}),
    "relu": ("Relu", {}),
    "relu6": ("Clip", {"min": 0.0, "max": 6.0}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
    "hard_tanh": ("Clip", {"min": -1.0, "max": 1.0}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "softmax": ("Softmax", {"axis": -1}),
    "log_softmax": ("LogSoftmax", {"axis": -1}),
    "elu": ("Elu", {}),
    "selu": ("Selu", {}),
    "celu": ("Celu", {}),
    "gelu": ("Gelu", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "mish": ("Mish", {}),
    "silu": ("Swish", {}),
    "swish": ("Swish", {}),
    "hard_silu": ("HardSwish", {}),
    "hard_swish": ("HardSwish", {}),
    "exponential": ("Exp", {}),
}


def activated(layer: KerasLayer, x: Value) -> Value:
    """Return the output of a layer behind its activation."""
    activation = layer.config.get("activation")
    if activation is None:
        return x
    if isinstance(activation, dict):
        require_own(activation)
        kind, config = activation.get("class_name"), activation.get("config")
        if kind in ACTIVATION_LAYERS and isinstance(config, dict):
            # The weights of an activation of a layer are kept elsewhere: there is no PReLU here.
            return ACTIVATION_LAYERS[kind](replace(layer, kind=kind, config=config, arrays=()), x)
        activation = config if kind == "function" else kind
    if not isinstance(activation, str) or activation not in _FUNCTIONS:
        raise UserError(
            "the activation is not supported", value=activation, expected="one of " + ", ".join(_FUNCTIONS)
        )
    operator, attributes = _FUNCTIONS[activation]
    return layer.apply(operator, x, **attributes)


def require_own(entry: dict[str, Any]) -> None:
    """Refuse what is not Keras' own: its code lies somewhere else, and is never run.

    Raises
    ------
    UserError
        If the entry of the configuration names a class of the user.
    """
    module, registered = str(entry.get("module")), str(entry.get("registered_name"))
    own = module == "builtins" or module == "keras" or module.startswith("keras.")
    if not own or ">" in registered:
        name = registered if entry.get("registered_name") else f"{module}.{entry.get('class_name')}"
        raise UserError(
            f"{name} is custom code, which is never executed",
            expected="layers and activations of Keras itself",
            fix="write it as layers of Keras, and save the model again",
        )


def relu(layer: KerasLayer, x: Value) -> Value:
    """Return the rectified activation, maybe with a ceiling and a leak."""
    if layer.number("threshold", 0.0) != 0:
        raise UserError(
            "a ReLU with a threshold jumps there", key="threshold", value=layer.config["threshold"],
            expected="0", fix="use ReLU without a threshold",
        )  # fmt: skip
    slope, ceiling = layer.number("negative_slope", 0.0), layer.config.get("max_value")
    if slope:
        x = layer.apply("LeakyRelu", x, alpha=slope)
        return x if ceiling is None else layer.apply("Clip", x, max=layer.number("max_value", 0.0))
    if ceiling is None:
        return layer.apply("Relu", x)
    return layer.apply("Clip", x, min=0.0, max=layer.number("max_value", 0.0))


def leaky_relu(layer: KerasLayer, x: Value) -> Value:
    """Return the activation, of what is negative a share."""
    return layer.apply("LeakyRelu", x, alpha=layer.number("negative_slope", 0.3))


def prelu(layer: KerasLayer, x: Value) -> Value:
    """Return the activation, of what is negative a learnt share."""
    (slope,) = layer.weights("slope")
    return layer.apply("PRelu", x, np.asarray(slope))


def softmax(layer: KerasLayer, x: Value) -> Value:
    """Return the softmax, which is dropped at the end of a network."""
    return layer.apply("Softmax", x, axis=layer.config.get("axis", -1))


def elu(layer: KerasLayer, x: Value) -> Value:
    """Refuse an exponential."""
    return layer.apply("Elu", x)


ACTIVATION_LAYERS: dict[str, Callable[[KerasLayer, Value], Value]] = {
    "Activation": activated,
    "ReLU": relu,
    "LeakyReLU": leaky_relu,
    "PReLU": prelu,
    "Softmax": softmax,
    "ELU": elu,
}

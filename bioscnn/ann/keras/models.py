"""Follow the layers of a Keras model, sequential, functional or nested, from its input to its output."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.keras.activations import require_own
from bioscnn.ann.keras.archive import Weights
from bioscnn.ann.keras.layer import KerasLayer
from bioscnn.ann.keras.layers import called
from bioscnn.ann.keras.operations import Argument, computed
from bioscnn.ann.onnx.assembly import located
from bioscnn.ann.onnx.values import Builder, Value
from bioscnn.errors import UserError

_MODELS = ("Sequential", "Functional", "Model")
_OPS = "keras.src.ops."
_MOST_LAYERS = 10**5
"""Models that call models may grow without bound."""
_DEEPEST = 50
"""Models in each other; those of Keras' applications are in one or two."""
Entry = Mapping[str, Any]
Call = tuple[str, int]


def layers_of(model: Entry) -> list[dict[str, Any]]:
    """Return the entries of the layers of a model.

    Raises
    ------
    UserError
        If they are not the layers of a sequential or functional model.
    """
    own = model.get("config")
    layers = own.get("layers") if isinstance(own, dict) else None
    if model.get("class_name") not in _MODELS or not isinstance(layers, list):
        require_own(dict(model))
        raise UserError(
            f"a model of the class {model.get('class_name')}", expected="a sequential or functional model"
        )
    if not all(isinstance(entry, dict) and isinstance(entry.get("config"), dict) for entry in layers):
        raise UserError("a layer without a configuration", expected="as Keras 3 writes them")
    return layers


def nested(model: Entry, depth: int = 1) -> Iterator[Entry]:
    """Return all layers of a model, and of the models in it, the outermost of which is at depth 1."""
    _check_depth(depth)
    for entry in layers_of(model):
        if entry.get("class_name") in _MODELS:
            yield from nested(entry, depth + 1)
        else:
            yield entry


def _check_depth(depth: int) -> None:
    if depth > _DEEPEST:
        raise UserError(
            "models inside each other too deeply",
            expected=f"at most {_DEEPEST}",
            fix="save a model of layers, or of fewer models in it",
        )


class Models:
    """The models of an archive.

    Parameters
    ----------
    path : path
        The archive.
    weights : Weights
        Its weights.
    build : Builder
        Takes the layers.
    """

    def __init__(self, path: Path, weights: Weights, build: Builder) -> None:
        self._path, self._weights, self._build = path, weights, build
        self._n_layers = self._depth = 0

    def through(self, model: Entry, name: str, place: str, inputs: Sequence[Argument]) -> Value:
        """Return the output of a model for its input.

        Parameters
        ----------
        model : mapping
            Its entry in the configuration.
        name, place : str
            Of the models that it lies in, and where its weights are; empty for the outermost.
        inputs : sequence of Value
            One activation.

        Raises
        ------
        UserError
            If a layer is not supported.
        """
        with located(self._path, f"model {name!r}" if name else "config.json"):
            require_own(dict(model))
            layers = layers_of(model)
            if len(inputs) != 1 or not isinstance(inputs[0], Value):
                raise UserError(f"{len(inputs)} inputs", expected="one")
            image = inputs[0]
            places = dict(zip(map(id, layers), _places(layers, f"{place}/layers".lstrip("/")), strict=True))
        if model["class_name"] == "Sequential":
            for entry in layers:
                if entry.get("class_name") != "InputLayer":
                    image = self._layer(entry, name, places[id(entry)], [image])
            return image
        with located(self._path, f"model {name!r}" if name else "config.json"):
            output = _one_tensor(model["config"].get("output_layers"), "outputs")
            _one_tensor(model["config"].get("input_layers"), "inputs")
            calls = _in_order(list(_calls(layers)))
        values: dict[Call, Value] = {}
        for call in calls:
            if call.entry.get("class_name") == "InputLayer":
                self._count(name)
                values[call.key] = image
            else:
                arguments = [values[a] if isinstance(a, tuple) else a for a in call.arguments]
                values[call.key] = self._layer(call.entry, name, places[id(call.entry)], arguments)
        if output not in values:
            raise UserError("the output is of no layer", file=self._path, key=name or None, value=output[0])
        return values[output]

    def _count(self, name: str) -> None:
        """Refuse more layers, inputs and models than a network has."""
        self._n_layers += 1
        if self._n_layers > _MOST_LAYERS:
            problem = f"more than {_MOST_LAYERS:,} layers, as often as they are called"
            raise UserError(problem, file=self._path, key=name or None)

    def _layer(self, entry: Entry, model: str, place: str, inputs: Sequence[Argument]) -> Value:
        """Return the output of a layer, or of a model in its place, for its inputs."""
        kind, config = str(entry.get("class_name")), entry["config"]
        own = str(config.get("name"))
        name = f"{model}/{own}".lstrip("/")
        self._count(name)
        if kind in _MODELS:
            self._depth += 1
            with located(self._path, f"model {own!r}"):
                _check_depth(1 + self._depth)
            value = self.through(entry, name, place, inputs)
            self._depth -= 1
            return value
        with located(self._path, f"layer {name!r} ({kind})"):
            require_own(dict(entry))
            _require_plain_numbers(config)
            if str(entry.get("module")).startswith(_OPS):
                return computed(KerasLayer(name, kind, config, (), self._build), inputs)
            arrays = self._weights.of(place, own)
            activations = [value for value in inputs if isinstance(value, Value)]
            if len(activations) != len(inputs) or not inputs:
                raise UserError("a constant is given to a layer", expected="activations alone")
            return called(KerasLayer(name, kind, config, arrays, self._build), activations)


class _Call:
    """One call of a layer in a functional model: which one of its calls, and of what."""

    def __init__(self, entry: Entry, index: int, arguments: list[Any]) -> None:
        self.entry, self.arguments = entry, arguments
        self.key: Call = (str(entry["config"].get("name")), index)
        self.sources = [argument for argument in arguments if isinstance(argument, tuple)]


def _in_order(calls: Sequence[_Call]) -> list[_Call]:
    """Return calls such that each comes after its sources: by its distance from the input, then as listed."""
    by_key = {call.key: call for call in calls}
    if len(by_key) < len(calls):
        (name, _), _ = Counter(call.key for call in calls).most_common(1)[0]
        raise UserError("two layers have one name", value=name)
    missing = [source for call in calls for source in call.sources if source not in by_key]
    if missing:
        raise UserError("a layer takes the output of one that is not there", value=missing[0][0])
    distance: dict[Call, int] = {}
    try:
        for key in TopologicalSorter({call.key: call.sources for call in calls}).static_order():
            distance[key] = 1 + max((distance[source] for source in by_key[key].sources), default=0)
    except CycleError as error:
        raise UserError(
            "the layers wait for each other in a circle", value=[key[0] for key in error.args[1]][:8]
        ) from None
    return sorted(calls, key=lambda call: distance[call.key])


def _calls(layers: Sequence[Entry]) -> Iterator[_Call]:
    for entry in layers:
        calls = entry.get("inbound_nodes") or []
        if entry.get("class_name") == "InputLayer":
            yield _Call(entry, 0, [])
            continue
        for index, call in enumerate(calls):
            if not isinstance(call, dict):
                raise UserError("calls of layers as Keras 2 writes them", fix="save the model with Keras 3")
            for key, value in call.get("kwargs", {}).items():
                if value not in (None, False):
                    raise UserError(
                        f"a layer is called with {key}", key=str(entry["config"].get("name")), value=value,
                        fix="call it with activations alone, as in prediction",
                    )  # fmt: skip
            yield _Call(entry, index, [*_flat(call.get("args", []))])


def _flat(arguments: Any) -> Iterator[Any]:
    """Return the arguments of a call: which call of which layer makes it, or a constant."""
    for argument in arguments:
        if isinstance(argument, list) and not all(isinstance(a, int | float) for a in argument):
            yield from _flat(argument)
        elif isinstance(argument, dict) and argument.get("class_name") == "__keras_tensor__":
            yield _one_tensor(argument["config"]["keras_history"], "outputs of a layer")
        elif argument is not None:
            yield _constant(argument)


def _constant(argument: Any) -> NDArray[Any]:
    if isinstance(argument, dict) and argument.get("class_name") in ("__tensor__", "__numpy__"):
        argument = argument["config"]["value"]
    values = np.asarray(argument)
    if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
        raise UserError("not a constant", value=argument, expected="finite numbers")
    return values


def _one_tensor(reference: Any, what: str) -> Call:
    """Return which call makes a tensor, told as ``[name, call, 0]``, maybe in a list or a table of one."""
    while isinstance(reference, dict) and len(reference) == 1:
        reference = next(iter(reference.values()))
    while isinstance(reference, list) and len(reference) == 1:
        reference = reference[0]
    if (
        not isinstance(reference, list)
        or len(reference) != 3
        or not isinstance(reference[0], str)
        or reference[2] != 0
    ):
        raise UserError(
            f"several {what}, or none",
            value=reference,
            expected="one",
            fix="save a model of the logits alone",
        )
    return reference[0], int(reference[1])


def _require_plain_numbers(config: Entry) -> None:
    policy = config.get("dtype")
    kind = policy.get("class_name", "DTypePolicy") if isinstance(policy, dict) else "DTypePolicy"
    if kind != "DTypePolicy" or config.get("quantization_mode"):
        raise UserError("the layer is quantised", value=kind, fix="save the model before it is quantised")


def _places(layers: Sequence[Entry], container: str) -> list[str]:
    """Return where the weights of each layer lie: by its class and its number among those of its class."""
    places, numbers = [], dict[str, int]()
    for entry in layers:
        if str(entry.get("module")).startswith(_OPS):
            places.append("")
            continue
        kind = _snake_case(str(entry.get("class_name")))
        number = numbers[kind] = numbers.get(kind, -1) + 1
        places.append(f"{container}/{kind}_{number}" if number else f"{container}/{kind}")
    return places


def _snake_case(name: str) -> str:
    """Return the name of a class as Keras writes it in its files.

    Examples
    --------
    >>> [_snake_case(name) for name in ("Conv2D", "MaxPooling2D", "PReLU", "SeparableConv2D")]
    ['conv2d', 'max_pooling2d', 'p_re_lu', 'separable_conv2d']
    """
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()

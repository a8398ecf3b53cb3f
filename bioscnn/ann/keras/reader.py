"""Read a Keras 3 archive as a layer graph."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from bioscnn.ann.graph import INPUT, LayerGraph
from bioscnn.ann.keras.archive import opened
from bioscnn.ann.keras.models import Models, layers_of, nested
from bioscnn.ann.onnx.assembly import assembled, located
from bioscnn.ann.onnx.values import Builder, Value
from bioscnn.ann.room import check_room
from bioscnn.errors import UserError

LARGEST_IMAGE = 2**24
"""Images of more numbers are not read: where each of them goes is followed through all layers."""


def read_keras(path: str | Path) -> LayerGraph:
    """Read a trained network from an archive of Keras 3, without Keras.

    Sequential and functional models, nested ones too, of the layers in `bioscnn.ann.keras.layers`. A softmax
    over the classes at the end is dropped. Custom layers, Lambda layers and whatever else is not known are
    refused by the name of the layer; nothing in the archive is executed.

    Parameters
    ----------
    path : path
        The archive, as ``model.save("network.keras")`` writes it.

    Returns
    -------
    LayerGraph
        Named as the model. Images are (channels, height, width), however the model has them.

    Raises
    ------
    UserError
        If the file is missing, damaged or no archive of Keras 3, or holds what is not supported.

    Notes
    -----
    Average pooling with ``padding="same"`` does not count what pads, as of the backends TensorFlow and JAX.
    The torch backend of Keras repeats the border where the padding is uneven.
    """
    path = Path(path)
    with opened(path) as (config, weights):
        with located(path, "config.json"):
            image = _image(config)
        build = Builder(image.source_shape)
        value = Models(path, weights, build).through(config, "", "", [image])
        name = str(config.get("config", {}).get("name", path.stem))
        return assembled(path, name, value, build, "the output of the model")


def _image(config: Mapping[str, Any]) -> Value:
    """Return the input of a model: which element of an image, channels first, each of its elements is."""
    shape = _input_shape(config)
    lengths = shape[1:]
    if len(lengths) not in (2, 3) or any(type(n) is not int or n < 1 for n in lengths):
        raise UserError(
            "the input is no image of fixed size",
            value=shape,
            expected="an Input of shape (height, width, channels), fixed",
            fix="build the model on images: keras.Input((28, 28, 1)), with Flatten before Dense",
        )
    check_room(lengths, "an image")
    if prod(lengths) > LARGEST_IMAGE:
        raise UserError(
            f"an image of {prod(lengths):,} numbers",
            value=shape,
            expected=f"at most {LARGEST_IMAGE:,}",
            fix="give a network of smaller images",
        )
    own = np.arange(prod(lengths))
    if len(lengths) == 2:
        return Value(INPUT, (1, *lengths), own.reshape(lengths))
    if _channels_first(config):
        return Value(INPUT, tuple(lengths), own.reshape(lengths))
    height, width, channels = lengths
    first = (channels, height, width)
    return Value(INPUT, first, own.reshape(first).transpose(1, 2, 0))


def _input_shape(config: Mapping[str, Any]) -> list[Any]:
    """Return the shape of the input of a model, with the batch."""
    own = config.get("config", {})
    inputs = [entry for entry in layers_of(config) if entry.get("class_name") == "InputLayer"]
    if len(inputs) > 1:
        raise UserError(f"{len(inputs)} inputs", value=[i.get("config", {}).get("name") for i in inputs])
    if inputs:
        shape = inputs[0]["config"].get("batch_shape")
    else:
        shape = own.get("build_input_shape") or config.get("build_config", {}).get("input_shape")
    if not isinstance(shape, list):
        raise UserError(
            "the model has not been built: its input is not known",
            fix="begin it with keras.Input(shape), or call it once before it is saved",
        )
    return shape


def _channels_first(config: Mapping[str, Any]) -> bool:
    """Whether images are (channels, height, width): as the first layer has it that works on images."""
    for entry in nested(config):
        data_format = entry.get("config", {}).get("data_format")
        if data_format is not None and entry.get("class_name") != "Flatten":
            return bool(data_format == "channels_first")
    return False

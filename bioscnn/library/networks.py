"""Trained networks, from wherever they are, become spiking ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph, ReLU, read_model
from bioscnn.ann.torch_module import is_torch, numbers, read_torch
from bioscnn.conversion import Normalisation, normalise
from bioscnn.conversion import convert as convert_graph
from bioscnn.errors import UserError
from bioscnn.library.arguments import require_type
from bioscnn.library.wording import in_python
from bioscnn.network import SpikingNetwork
from bioscnn.neurons import LIF, ExponentialCurrent, SpikingNeuron, Synapse


@in_python
def read_network(network: object, example: Any = None) -> LayerGraph:
    """Read a trained network from wherever it is.

    Parameters
    ----------
    network : torch.nn.Module, torch.export.ExportedProgram, str, path or LayerGraph
        A module of torch; the name of a shipped network, or a path that ends in ``.onnx`` or ``.keras``; a
        `LayerGraph` is returned as it is.
    example : tensor or ndarray, shape (channels, height, width) or (n, channels, height, width), optional
        An image, which a module of torch needs.

    Returns
    -------
    LayerGraph
        The network as layers; images are (channels, height, width).

    Raises
    ------
    UserError
        If it cannot be read exactly; see `bioscnn.ann.read_onnx`, `bioscnn.ann.read_keras` and
        `bioscnn.ann.torch_module.read_torch`.

    Examples
    --------
    >>> read_network("mnist-small").input_shape
    (1, 28, 28)
    """
    if isinstance(network, LayerGraph):
        return network
    if isinstance(network, str | Path):
        try:
            return read_model(network)
        except OSError as error:  # such as a file that may not be read
            raise UserError(f"cannot be read: {error.strerror}", file=network) from None
    if is_torch(network):
        return read_torch(network, example)
    if isinstance(network, Mapping):
        raise UserError(
            "no network, but its weights alone",
            value=type(network).__name__,
            expected="a torch module",
            fix="load them into the class of the module: model = MyNetwork(); "
            "model.load_state_dict(weights); then convert(model, images)",
        )
    raise UserError(
        "no network",
        value=type(network).__name__,
        expected="a torch module, a program of torch.export, a LayerGraph, a path or the name of a network",
        fix="save a Keras model with model.save, and give the path",
    )


@in_python
def convert(
    network: object,
    example: Any = None,
    *,
    images: Any = None,
    neuron: SpikingNeuron | None = None,
    synapse: Synapse | None = None,
    normalisation: Normalisation | None = None,
    input_rate: float | None = None,
) -> SpikingNetwork:
    """Turn a trained network, from wherever it is, into a spiking one.

    Parameters
    ----------
    network, example
        As of `read_network`.
    images : tensor or ndarray, shape (n, channels, height, width), optional
        Some hundred images of the training data, in the range that the network was trained on. The rates of a
        ReLU network are matched to its activations on them. The example, if they are missing.
    neuron : SpikingNeuron, optional
        The model of all spiking populations; ``LIF()`` if it is missing.
    synapse : Synapse, optional
        The model of all synapses; a current that decays in 5 ms if it is missing.
    normalisation : Normalisation, optional
        From `bioscnn.normalise`, in place of one measured here.
    input_rate : float, optional
        As of `bioscnn.conversion.convert`: for stimuli that are spikes, Hz.

    Returns
    -------
    SpikingNetwork
        Populations ``input``, one for each activation and each max pooling, ``output`` and ``readout``.

    Raises
    ------
    UserError
        If the network cannot be read, cannot be represented exactly, or no image says how large its
        activations are.

    Examples
    --------
    >>> convert("mnist-small")["output"].shape
    (10,)
    """
    require_type("neuron", neuron, SpikingNeuron, "a SpikingNeuron, such as bioscnn.LIF()")
    require_type("synapse", synapse, Synapse, "a synapse, such as bioscnn.ExponentialCurrent()")
    require_type("normalisation", normalisation, Normalisation, "what bioscnn.normalise returns")
    pixels, key = (example, "example") if images is None else (images, "images")
    images = None if pixels is None else finite(pixels, key)
    graph = read_network(network, images if example is None else example)
    neuron = neuron or LIF()
    if normalisation is None and any(isinstance(layer, ReLU) for layer in graph.layers):
        normalisation = normalise(graph, _images(graph, images), neuron)
    return convert_graph(
        graph,
        neuron,
        synapse or ExponentialCurrent(),
        normalisation=normalisation,
        input_rate=input_rate,
    )


def finite(images: Any, key: str) -> NDArray[np.float32]:
    """Return images in single precision, in which they have to be finite; bytes are no intensities."""
    exact = numbers(images, key)
    if exact.dtype == np.uint8:
        raise UserError(
            "images are pixels of 0 to 255",
            key=key,
            value=f"uint8 of shape {exact.shape}",
            expected="floats in the range that the network was trained on, such as 0 to 1",
            fix="images.intensities() of a data set; x / 255, or x.astype(float) if it learnt from 0 to 255",
        )
    with np.errstate(over="ignore"):
        single: NDArray[np.float32] = exact.astype(np.float32, copy=False)
    n_bad = single.size - np.count_nonzero(np.isfinite(single))
    if n_bad:
        raise UserError(
            f"{n_bad} of {single.size} numbers of the images are not finite",
            key=key,
            expected="finite numbers, in the range that the network was trained on",
        )
    return single


def _images(graph: LayerGraph, images: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """Return images on which activations are measured."""
    if images is not None and images.shape == graph.input_shape:
        images = images[None]
    if images is None or images.size == 0 or np.ptp(images) == 0:
        constant = "" if images is None or images.size == 0 else f", all {images.flat[0]:g}"
        raise UserError(
            "the rates of a ReLU network are matched to its activations on images, and there are none",
            key="images",
            value=None if images is None else f"{images.shape}{constant}",
            fix="give some hundred images of the training data: convert(network, images)",
        )
    if images.shape[1:] != graph.input_shape:
        raise UserError(
            "the images do not fit the network",
            key="images",
            value=images.shape,
            expected=f"(n, channels, height, width), {('n', *graph.input_shape)}",
        )
    return images

"""What a trained network was shown in training, folded into its first layer; signs that it is missing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import INPUT, BatchNorm2d, Conv2d, LayerGraph, Node, Scale
from bioscnn.errors import UserError
from bioscnn.statistics import Estimate
from bioscnn.studies.config import Dataset

FAR = 1.0
"""Standard deviations of training by which a first layer's mean may differ from what it was in training."""

WIDER = 4.0
"""Factor by which the variance of a first layer may differ from what it was in training."""

POOR = 0.9
"""Accuracy of a network without a card below which a run asks whether it had another in training."""

_IMAGES = 100
_FIX = "give it as dataset.mean, dataset.std, dataset.scale or dataset.invert"


def preprocessed(graph: LayerGraph, keys: Dataset) -> LayerGraph:
    """Return the network that does to intensities what `graph` does to preprocessed images.

    An intensity x, 0 to 1, becomes ``(scale * x - mean) / std``, with ``1 - x`` in place of x if it is
    inverted. The result is a scaling before the first layer; where that pads with zeros, it pads in the
    preprocessed image, and the bias of a neuron at the border differs from that of one inside.

    Parameters
    ----------
    graph : LayerGraph
        The network as it was trained.
    keys : Dataset
        The ``[dataset]`` table; `graph` itself is returned if it asks for nothing.

    Raises
    ------
    UserError
        If there is not one number, or one for each channel.
    """
    if not keys.preprocesses:
        return graph
    channels, numbers = graph.input_shape[0], {}
    for key in ("mean", "std"):
        by_channel = getattr(keys, key)
        if len(by_channel) not in (1, channels):
            raise UserError(
                "preprocessing does not fit the channels of the image",
                key=f"dataset.{key}",
                value=list(by_channel),
                expected=f"one number, or {channels}",
            )
        numbers[key] = np.broadcast_to(np.array(by_channel, np.float64), channels)
    sign, start = (-1.0, keys.scale) if keys.invert else (1.0, 0.0)
    scale = Scale(sign * keys.scale / numbers["std"], (start - numbers["mean"]) / numbers["std"])
    moved = [
        Node(node.name, node.layer, tuple(_BEHIND if name == INPUT else name for name in node.inputs))
        for node in graph.nodes
    ]
    return LayerGraph(graph.name, graph.input_shape, [Node(_BEHIND, scale, (INPUT,)), *moved])


_BEHIND = "preprocessed"


def preprocessing_hints(
    graph: LayerGraph,
    images: NDArray[np.floating],
    accuracy: Estimate,
    keys: Dataset,
    described: bool = True,
    trained_here: bool = False,
) -> list[str]:
    """Return hints that preprocessing is missing or wrong; none, as a rule.

    Parameters
    ----------
    graph : LayerGraph
        The trained network, with the preprocessing of the study.
    images : ndarray, shape (n, channels, height, width)
        What it is shown.
    accuracy : Estimate
        Of the network on them.
    keys : Dataset
        The ``[dataset]`` table.
    described : bool
        Whether a card beside the network says how it was trained, as one that `bioscnn train` wrote does.
    trained_here : bool
        Whether it was trained on these very data, as they are.
    """
    hints, what = [], "wrong" if keys.preprocesses else "missing"
    chance = 1 / graph.n_classes
    guesses = accuracy.value < 2 * chance and accuracy.low < 1.5 * chance
    if guesses and (keys.preprocesses or not trained_here):
        hints.append(
            f"the trained network is right in {100 * accuracy.value:.1f} % of the trials, and guessing would "
            f"be in {100 * chance:.1f} %: its preprocessing may be {what} ({_FIX})"
        )
    distance = _distance(graph, images[:_IMAGES])
    if distance is not None and (distance[0] > FAR or not 1 / WIDER < distance[1] < WIDER):
        hints.append(
            f"the first batch normalisation sees means {distance[0]:.1f} standard deviations from those of "
            f"its training, and {distance[1]:.2g} times their variance: preprocessing may be {what} ({_FIX})"
        )
    if not (hints or described or keys.preprocesses) and accuracy.high < POOR:
        hints.append(
            f"the trained network is right in {100 * accuracy.value:.1f} % of the trials: if it was more "
            f"often in its training, preprocessing may be missing ({_FIX})"
        )
    return hints


def _distance(graph: LayerGraph, images: NDArray[np.floating]) -> tuple[float, float] | None:
    """Return the distance of the first batch normalisation's input from the statistics of its training.

    None if there is none, or neurons come before it. Otherwise the median over channels of the distance of
    the means, in standard deviations of training, and of the ratio of the variances.
    """
    near = {INPUT}
    for node in graph.nodes:
        if not near.issuperset(node.inputs):
            continue
        if isinstance(node.layer, BatchNorm2d):
            seen = images if node.inputs[0] == INPUT else graph.evaluate(images)[node.inputs[0]]
            sd = np.sqrt(node.layer.variance + node.layer.epsilon)
            means = np.abs(seen.mean(axis=(0, 2, 3)) - node.layer.mean) / sd
            return float(np.median(means)), float(np.median(seen.var(axis=(0, 2, 3)) / sd**2))
        if isinstance(node.layer, Conv2d | Scale):
            near.add(node.name)
    return None

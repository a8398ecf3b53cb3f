"""How large activations get: the scales that map those of a ReLU network onto firing rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph, ReLU
from bioscnn.conversion.simplify import simplified
from bioscnn.conversion.stages import stages
from bioscnn.errors import UserError


@dataclass(frozen=True, eq=False)
class Normalisation:
    """Activation that becomes the highest firing rate, by population.

    Parameters
    ----------
    scales : dict of ndarray, shape (channels,)
        One positive number a channel of each ReLU population; the same for all classes of ``"output"``.
    percentile : float
        Share of activations, in percent, that lie below the scale.
    channel_wise : bool
        Whether each channel has a scale of its own.
    """

    scales: dict[str, NDArray[np.float64]]
    percentile: float
    channel_wise: bool


def normalise(
    graph: LayerGraph, images: NDArray[np.float32], percentile: float = 99.9, channel_wise: bool = True
) -> Normalisation:
    """Measure the activations of a network on images that are not used to test it.

    Parameters
    ----------
    graph : LayerGraph
        The trained network.
    images : ndarray of float32, shape (n, channels, height, width)
        Some hundred images of the training data.
    percentile : float
        100 takes the maximum, which a single outlier decides.
    channel_wise : bool
        Whether each channel has a scale of its own, or the whole layer one.

    References
    ----------
    Rueckauer et al. (2017), Frontiers in Neuroscience 11:682 (percentile); Kim et al. (2020), Spiking-YOLO,
    AAAI 34:11270 (channel-wise).
    """
    if not 0 < percentile <= 100:
        raise UserError(
            "not a percentile", key="percentile", value=percentile, expected="above 0, at most 100"
        )
    graph = simplified(graph)
    outputs = graph.activations(images)
    behind = [out for layer, out in zip(graph.layers, outputs, strict=True) if isinstance(layer, ReLU)]
    names = [stage.name for stage in stages(graph) if isinstance(stage.activation, ReLU)]
    scales = {}
    for name, activation in zip(names, behind, strict=True):
        by_channel = np.moveaxis(activation, 1, 0).reshape(activation.shape[1], -1)
        layer_scale = np.percentile(by_channel, percentile)
        if layer_scale <= 0:
            raise UserError(
                "a layer without any activation cannot be normalised",
                key=name,
                value=float(layer_scale),
                fix="give images on which the network works, or a higher percentile",
            )
        scale = (
            np.percentile(by_channel, percentile, axis=1)
            if channel_wise
            else np.full(len(by_channel), layer_scale)
        )
        # A channel that is silent on these images takes the scale of its layer.
        scales[name] = np.where(scale > 0, scale, layer_scale).astype(np.float64)
    largest_logit = float(np.percentile(outputs[-1].max(axis=1), percentile))
    scales["output"] = np.full(graph.n_classes, max(largest_logit, np.finfo(np.float32).tiny))
    return Normalisation(scales, percentile, channel_wise)

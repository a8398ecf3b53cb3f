"""A trained network with its activations rounded to what spikes of the time code can say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioscnn.ann import LayerGraph, Node, ReLU
from bioscnn.conversion.simplify import simplified
from bioscnn.conversion.spike_times import Scales, scale_of
from bioscnn.conversion.stages import Stage, centred_logits, stages
from bioscnn.neurons import TimeCode


def rounded_activations(
    graph: LayerGraph,
    images: NDArray[np.float32],
    code: TimeCode,
    scales: Scales,
    *,
    spikes_come_in: bool = True,
) -> dict[str, NDArray[np.float64]]:
    """Return what the spikes of each population say, in closed form: nothing is simulated.

    Parameters
    ----------
    graph : LayerGraph
        The trained network, of ReLU layers.
    images : ndarray of float32, shape (n, channels, height, width)
        Intensities in [0, 1].
    code : TimeCode
        What spikes can say.
    scales : dict of float, or float
        As of `bioscnn.conversion.convert_to_times`.
    spikes_come_in : bool
        Whether pixels are rounded, too.

    Returns
    -------
    dict of ndarray of float64
        Activations by population, shapes (n, channels, ...); of ``"output"`` the centred logits, to which the
        potentials of the readout are proportional.
    """
    pixels = code.quantised(images) if spikes_come_in else images.astype(np.float64)
    return _activations(graph, pixels, scales, code.quantised)


def fired_by_rounding(graph: LayerGraph, code: TimeCode, scales: Scales) -> dict[str, float]:
    """Return the share of each population that fires on a blank image by the rounding of others alone.

    On a constant background all neurons of a channel have one activation, and are rounded alike: where the
    rounding silences a channel that inhibits others, thousands of neurons fire that would not have.

    Returns
    -------
    dict of float
        By population: share of neurons that fire, though the activation of the trained network is nearer to 0
        than to the smallest value that a spike can say.
    """
    blank = np.zeros((1, *graph.input_shape))
    said, exact = (_activations(graph, blank, scales, f) for f in (code.quantised, np.asarray))
    return {
        name: float(np.mean((said[name] > 0) & (code.ages_of(exact[name] / scale_of(scales, name)) == 0)))
        for name in list(said)[:-1]
    }


def _activations(
    graph: LayerGraph,
    pixels: NDArray[np.float64],
    scales: Scales,
    said: Callable[[ArrayLike], NDArray[np.float64]],
) -> dict[str, NDArray[np.float64]]:
    """Return the activations of each population where a spike says `said` of a value."""
    graph = simplified(graph)
    *hidden, output = stages(graph)
    of_node: dict[str, list[Stage]] = defaultdict(list)
    for stage in hidden:
        of_node[stage.node].append(stage)

    def compute(node: Node, inputs: Sequence[NDArray[np.floating]]) -> NDArray[np.floating]:
        after = np.asarray(node.layer.forward(*inputs), np.float64)
        if isinstance(node.layer, ReLU):
            for stage in of_node[node.name]:
                scale = scale_of(scales, stage.name)
                after[:, stage.channels] = scale * said(after[:, stage.channels] / scale)
        return after

    outputs = graph.evaluate(pixels, compute)  # batch by batch
    found = {
        stage.name: np.asarray(outputs[stage.node][:, stage.channels], np.float64)
        for stage in hidden
        if isinstance(stage.layer, ReLU)
    }
    logits = outputs[graph.nodes[-1].name]
    found[output.name] = np.asarray(centred_logits(graph, logits), np.float64)
    return found

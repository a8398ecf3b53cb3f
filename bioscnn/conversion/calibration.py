"""Calibration of rate codes, layer by layer, on what the rates of the layers before really send."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import INPUT, LayerGraph
from bioscnn.conversion.rate_code import RateCode
from bioscnn.conversion.simplify import simplified
from bioscnn.conversion.stages import SOURCE, Stage, centred_logits, stages

_IMAGES_AT_ONCE = 50

_MOST_ACTIVATIONS = 2**25
"""Of all images together: a large network is calibrated on fewer of them."""

Values = NDArray[Any]


def calibrate(
    graph: LayerGraph,
    images: Values,
    choose: Callable[[Stage, Values, Values], RateCode],
    observed: Callable[[Stage, NDArray[np.float64]], NDArray[np.float64]],
) -> dict[str, RateCode]:
    """Choose the code of each population in the order of the computation, from what really reaches it.

    The rate of a neuron never stands for an activation exactly. What the layers before make wrong on average,
    the next one can put right, as long as its code is chosen for what it really gets.

    Parameters
    ----------
    graph : LayerGraph
        The trained network.
    images : ndarray of float32, shape (n, channels, height, width)
        Training images.
    choose : callable
        From a stage, its pre-activations in the trained network and those that reach it, both of the shape
        (n, channels, ...), to its code. Called for the logits last.
    observed : callable
        From a stage and the currents into its neurons, A, to their rates, Hz.

    Returns
    -------
    dict of RateCode
        By population, of those that are not max pooling.

    References
    ----------
    Li, Deng, Dong, Gong and Gu (2021), A free lunch from ANN: towards efficient, accurate spiking neural
    networks calibration, ICML 139:6316, who correct biases layer by layer.
    """
    graph = simplified(graph)
    cut, codes = stages(graph), {}
    images = images[: max(1, _MOST_ACTIVATIONS // sum(prod(stage.post_shape) for stage in cut))]
    values: dict[str, tuple[Values, Values]] = {INPUT: (images, images)}
    waiting = Counter(name for node in graph.nodes for name in node.inputs)
    for node in graph.nodes:
        inputs = [values[name] for name in node.inputs]
        trained = _in_parts(node.layer.forward, [before for before, _ in inputs])
        if not node.activates:
            spiking = _in_parts(node.layer.forward, [arriving for _, arriving in inputs])
        else:
            parts, (before, arriving) = [], inputs[0]
            for stage in cut:
                if stage.node == node.name:
                    own = before[:, stage.channels], arriving[:, stage.channels]
                    code = codes[stage.name] = choose(stage, *own)
                    parts.append(_in_parts(partial(decoded, stage, code, observed), own[1:]))
            spiking = np.concatenate(parts, axis=1)
        values[node.name] = trained, spiking
        waiting.subtract(node.inputs)
        for name in node.inputs:
            if not waiting[name]:
                values.pop(name, None)
    last = cut[-1]
    codes[last.name] = choose(last, *(centred_logits(graph, logits) for logits in values[last.node]))
    return codes


def gets_spikes(stage: Stage) -> bool:
    """Whether spikes reach a stage, and its currents fluctuate."""
    return any(path.source != SOURCE for path in stage.block.paths)


def decoded(
    stage: Stage, code: RateCode, observed: Callable[[Stage, NDArray[np.float64]], Values], arriving: Values
) -> Values:
    """Return the activations that the rates of a population stand for, given what reaches it."""
    return code.activation(observed(stage, code.current(arriving))).astype(arriving.dtype)


def _in_parts(compute: Callable[..., Values], inputs: Sequence[Values]) -> Values:
    """Compute for some images at a time, which bounds what the patches of a convolution take."""
    starts = range(0, len(inputs[0]), _IMAGES_AT_ONCE)
    return np.concatenate([compute(*(x[i : i + _IMAGES_AT_ONCE] for x in inputs)) for i in starts])

"""What every conversion has to hold to, whatever the network."""

from __future__ import annotations

import numpy as np

from bioscnn.ann import LayerGraph, MaxPool2d
from bioscnn.conversion import convert, normalise, rate_codes, stage_outputs
from bioscnn.encoding import FULL_INTENSITY
from bioscnn.network import READOUT
from bioscnn.neurons import LIF, ExponentialCurrent

TAU_S = 5e-3


def assert_currents_are_pre_activations(graph: LayerGraph, images: np.ndarray) -> None:
    """Were the rates of all populations right, so would be the mean current into each neuron.

    A spike through a weight w injects the charge ``w * tau_s``; the current of a pre-activation z is
    ``offset + slope * z``, and the rate of an activation is its unit's share.
    """
    neuron = LIF()
    normalisation = normalise(graph, images, neuron)
    network = convert(graph, neuron, ExponentialCurrent(TAU_S), normalisation=normalisation)
    outputs = list(stage_outputs(graph, images.astype(np.float64)))
    codes = rate_codes([stage for stage, _, _ in outputs], neuron, normalisation)
    sent = {"input": FULL_INTENSITY * images.reshape(len(images), -1)}
    for stage, before, after in outputs:
        code = codes[stage.name]
        if isinstance(stage.layer, MaxPool2d):
            (projection,) = network.onto(stage.name)
            window = projection.connectivity.matrix().toarray() > 0
            reached = sent[projection.pre][:, None, :]
            largest = np.where(window, reached, 0).max(axis=2) / TAU_S
            np.testing.assert_allclose(
                largest, code.rate(after).reshape(len(images), -1), rtol=1e-5, atol=1e-3
            )
        for name in (stage.name, READOUT) if stage.is_output else (stage.name,):
            if not isinstance(stage.layer, MaxPool2d):
                current = network[name].bias + sum(
                    (p.connectivity.matrix() @ sent[p.pre].T).T for p in network.onto(name)
                )
                expected = code.current(before).reshape(len(images), -1)
                scale = np.abs(expected).max()
                np.testing.assert_allclose(current, expected, rtol=1e-4, atol=1e-5 * scale, err_msg=name)
        sent[stage.name] = TAU_S * code.rate(after).reshape(len(images), -1)

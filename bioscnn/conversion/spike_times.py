"""A trained ReLU network becomes a spiking one in which a spike says an activation by its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph, LIFRate, MaxPool2d, ReLU
from bioscnn.conversion.convert import assembled
from bioscnn.conversion.paths import Block, Path
from bioscnn.conversion.simplify import simplified
from bioscnn.conversion.stages import SOURCE, Stage, stage_outputs, stages
from bioscnn.encoding import FULL_INTENSITY
from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT, SpikingNetwork
from bioscnn.neurons import (
    LIF,
    ExponentialCurrent,
    NeuronModel,
    SpikingNeuron,
    Synapse,
    TimeCode,
    WindowedIntegrator,
    WindowedLIF,
    postsynaptic_potential,
)

Scales = Mapping[str, float] | float
"""The activation that the earliest spike of a window stands for: of each population, or of all."""

HANDS_ON = ""
"""Node of the stages that no node of the trained network stands behind."""


def scale_of(scales: Scales, name: str) -> float:
    """Return the activation that the earliest spike of a population stands for."""
    return scales[name] if isinstance(scales, Mapping) else scales


def time_scales(graph: LayerGraph, images: NDArray[Any], percentile: float) -> dict[str, float]:
    """Return the activation that the earliest spike of a window stands for, by population.

    Parameters
    ----------
    graph : LayerGraph
        The trained network, of ReLU layers.
    images : ndarray of float32, shape (n, channels, height, width)
        Some hundred images of the training data.
    percentile : float
        Share of the images, in percent, whose largest activation in a layer is not clipped there.

    Notes
    -----
    A layer that is silent on all of these images takes the largest scale of those before it, or 1.
    """
    scales: dict[str, float] = {}
    for stage, _, after in stage_outputs(graph, images):
        if not isinstance(stage.layer, MaxPool2d):
            scale = float(np.percentile(after.reshape(len(after), -1).max(axis=1), percentile))
            scales[stage.name] = scale if scale > 0 else max(scales.values(), default=1.0)
    return scales


def convert_to_times(
    graph: LayerGraph,
    neuron: SpikingNeuron,
    synapse: Synapse,
    dt: float,
    *,
    scales: Scales = 1.0,
    spikes_come_in: bool = True,
    delay: float = 0.0,
) -> SpikingNetwork:
    """Turn a trained ReLU network into one in which every neuron says its activation by one spike.

    Each population listens for one window and fires in the next (`bioscnn.neurons.WindowedLIF`), so a network
    of L layers of neurons decides after L + 1 windows, at whose end the potentials of ``readout`` are the
    centred logits. Max pooling passes on the first spike in its window, one step later. Where branches of
    different lengths meet, neurons with one synapse each hand on the spikes of the shorter one, a window
    later.

    Parameters
    ----------
    graph : LayerGraph
        The trained network.
    neuron : LIF
        Whose `tau_m`, `R_m` and `V_th` all neurons have.
    synapse : ExponentialCurrent
        The model of all synapses.
    dt : float
        Time step, s.
    scales : dict of float, or float
        From `time_scales`; or the activation that the earliest spike of any population stands for.
    spikes_come_in : bool
        Whether the stimulus is spikes of the same code; otherwise it is currents.
    delay : float
        How long every spike travels, s, a whole number of steps.

    Returns
    -------
    SpikingNetwork
        Populations as of `bioscnn.conversion.convert`, and those that hand spikes on.

    Raises
    ------
    UserError
        If neurons, synapses or activations are of another kind, or branches meet that max pooling has put out
        of step.

    References
    ----------
    Stanojevic et al. (2024), Nature Communications 15, 6793.
    """
    if not (isinstance(neuron, LIF) and isinstance(synapse, ExponentialCurrent)):
        raise UserError(
            "the time code is one of LIF neurons with synaptic currents",
            key="network.code",
            value=f"time, of {type(neuron).__name__} with {type(synapse).__name__}",
            fix='set neuron.model = "lif" and synapse.model = "current"',
        )
    if any(isinstance(layer, LIFRate) for layer in graph.layers):
        raise UserError(
            "the network was trained on the rates of LIF neurons; single spikes have none",
            key="network.code",
            value=f"time, for {graph.name}",
            fix='convert a ReLU network, such as mnist-small-relu, or set network.code = "rate"',
        )
    code = TimeCode(neuron.tau_m, synapse.tau_s, dt)
    cut, opens = _windows(stages(simplified(graph)), code.window_steps, round(delay / dt), spikes_come_in)
    # The earliest spike of a window, or a constant current of that long, charges a membrane by so much, V/A.
    window = code.window_steps * dt
    by_spike = float(postsynaptic_potential(window, 1.0, neuron.R_m, code.tau_m, code.tau_s))
    by_current = neuron.R_m * float(-np.expm1(-window / code.tau_m))
    scale = {SOURCE: 1.0 if spikes_come_in else by_spike / by_current / FULL_INTENSITY}
    units = {SOURCE: np.full(graph.input_shape[0], scale[SOURCE])}
    for stage in cut:
        hands_on = isinstance(stage.layer, MaxPool2d) or stage.node == HANDS_ON
        own = stage.block.paths[0].source if hands_on else stage.name
        scale[stage.name] = scale[own] if hands_on else scale_of(scales, own)
        units[stage.name] = np.full(stage.post_shape[0], scale[stage.name])

    def currents(stage: Stage) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        V_of_1 = neuron.V_th / scale[stage.name]
        return np.full(stage.post_shape[0], V_of_1 / by_spike), V_of_1 / by_current * stage.bias

    def model(name: str, stage: Stage) -> NeuronModel:
        if name == READOUT:
            return WindowedIntegrator(code, opens[stage.name])
        return WindowedLIF(code, opens[stage.name], neuron.R_m, neuron.V_th)

    return assembled(graph, cut, units, currents, model, synapse, spikes_come_in)


def steps_needed(network: SpikingNetwork, *, output_fires: bool = False) -> int:
    """Return the steps of a trial at whose end the readout of a network of the time code has heard all.

    With `output_fires`, the neurons of the output have had their own window, too.
    """
    readout, output = network[READOUT].neuron, network[OUTPUT].neuron
    assert isinstance(readout, WindowedIntegrator) and isinstance(output, WindowedLIF)
    return (output.closes if output_fires else readout.opens) + 1


def _windows(
    cut: Sequence[Stage], window: int, travel: int, spikes_come_in: bool
) -> tuple[list[Stage], dict[str, int]]:
    """Return the stages with those that hand spikes on, and in which step each may fire first."""
    opens, found = {SOURCE: 0}, list[Stage]()
    for stage in cut:
        shapes = {path.source: path.source_shape for path in stage.block.paths}
        if not spikes_come_in:
            shapes.pop(SOURCE, None)  # its currents flow in any window
        together, in_time = max((opens[source] for source in shapes), default=0), {}
        for source, shape in shapes.items():
            name, n_later = source, 0
            while opens[name] < together:
                before, n_later = name, n_later + 1
                name = f"{source}_later{n_later}"
                if name not in opens:
                    opens[name] = opens[before] + window + travel
                    block = Block(shape, (Path(before, shape),))
                    silent = np.zeros(prod(shape))
                    found.append(Stage(name, HANDS_ON, slice(0, shape[0]), ReLU(), block, silent))
            if opens[name] > together:
                raise UserError(
                    "branches meet, and max pooling in one of them has put their windows out of step",
                    key=stage.name,
                    value=", ".join(shapes),
                    fix='pool in all of them or in none, or set network.code = "rate"',
                )
            in_time[source] = name
        paths = tuple(
            replace(path, source=in_time.get(path.source, path.source)) for path in stage.block.paths
        )
        found.append(replace(stage, block=replace(stage.block, paths=paths)))
        pools = isinstance(stage.layer, MaxPool2d)
        opens[stage.name] = together + travel + (1 if pools else window)
    return found, opens

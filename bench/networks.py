"""The networks of the benchmark: studies of bioscnn, written out as problems for everyone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.problem import Layer, Problem
from bioscnn.encoding import FULL_INTENSITY, SpikeTrains
from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT, SpikingNetwork
from bioscnn.network.connectivity import Convolution, Dense
from bioscnn.neurons import IF, LIF, SpikingNeuron
from bioscnn.studies.prepare import Prepared, prepare
from bioscnn.studies.study import read_study

STUDIES = Path(__file__).parents[1] / "sims"
STUDY = STUDIES / "mnist.toml"

AT_ONCE = "neuron.t_ref=0 ms", "neuron.reset=subtract", "synapse.tau_s=0.02 ms"
"""Reset by subtraction, not refractory; the synaptic current delivers the charge of a spike in a step."""

SAME_MODEL = ("neuron.model=if", *AT_ONCE)
"""IF neurons of that kind."""


def data_folder() -> Path | None:
    """Return the data folder that BIOSCNN_DATA names."""
    named = os.environ.get("BIOSCNN_DATA")
    return Path(named) if named else None


def problem_of(changes: Sequence[str], readout: str, study_name: str = "mnist") -> tuple[Problem, Prepared]:
    """Return the problem that a study stands for, and the study with its data.

    Parameters
    ----------
    changes : sequence of str
        Changed keys of the study, ``"table.key=value"``.
    readout : str
        How the class is read; see `bioscnn.readout`.
    study_name : str
        Name of a study in `STUDIES`.

    Raises
    ------
    UserError
        If the study, the network or the images cannot be had.
    """
    study = read_study(STUDIES / f"{study_name}.toml", changes)
    prepared = prepare(study, data_folder())
    config = study.config
    at_once = config.synapse.tau_s < config.simulation.dt / 10
    plain = at_once and config.neuron.t_ref == 0 and config.neuron.reset == "subtract"
    layers, leak = layers_of(prepared.network, config.simulation.dt) if plain else ((), 1.0)
    stimulus = prepared.stimulus
    return Problem(
        network=Path(config.network.model).stem,
        n_steps=config.simulation.n_steps,
        study=study.toml(),
        readout=readout,
        examples=stimulus if isinstance(stimulus, SpikeTrains) else prepared.examples.images,
        labels=prepared.examples.labels,
        shape=prepared.input.shape,
        calibration=None if prepared.calibration is None else prepared.calibration.intensities(),
        layers=layers,
        leak=leak,
    ), prepared


def layers_of(network: SpikingNetwork, dt: float) -> tuple[tuple[Layer, ...], float]:
    """Return a network of IF or LIF neurons as layers, in units of the threshold and of the time step.

    Parameters
    ----------
    network : SpikingNetwork
        Populations in a row; the last two, ``output`` and ``readout``, have the same inputs.
    dt : float
        Duration of a step, s.

    Returns
    -------
    (tuple of Layer, float)
        The layers, and what is left of a membrane potential after a step.

    Raises
    ------
    UserError
        If a layer is no convolution with one stride and one padding, and no dense layer.
    """
    projections = [p for p in network.projections if p.post != OUTPUT]
    neuron = network[projections[0].post].neuron
    leak, constant, spike = _thresholds_per_ampere(neuron, dt, network.synapse_onto(OUTPUT).tau_s)
    layers = []
    for projection in projections:
        connectivity, population = projection.connectivity, network[projection.post]
        assert population.bias is not None
        weight = constant * FULL_INTENSITY if projection.synapse is None else spike
        bias = constant * population.bias.reshape(population.shape[0], -1)
        if np.ptp(bias, axis=1).any():
            raise UserError("the benchmark knows one bias per channel only", key=population.name)
        if isinstance(connectivity, Convolution):
            layers.append(_convolution(connectivity, weight, bias[:, 0], population.name))
        elif isinstance(connectivity, Dense):
            # A dense layer that spikes is a convolution that sees the whole map at once.
            shape = (-1,) if population.name == READOUT else connectivity.pre_shape
            dense = connectivity.weight.reshape(len(bias), *shape)
            layers.append(_layer(dense * weight, bias[:, 0]))
        else:
            raise UserError("the benchmark knows convolutions and dense layers only", key=population.name)
    return tuple(layers), leak


def _thresholds_per_ampere(
    neuron: SpikingNeuron | None, dt: float, tau_s: float
) -> tuple[float, float, float]:
    """Return what a step leaves of a potential, and what an ampere adds to it, in units of the threshold.

    First what it adds as a constant current, then as the weight of one spike.
    """
    if isinstance(neuron, IF):
        return 1.0, dt / (neuron.C_m * neuron.V_th), tau_s / (neuron.C_m * neuron.V_th)
    assert isinstance(neuron, LIF)
    leak, rheobase = float(np.exp(-dt / neuron.tau_m)), neuron.V_th / neuron.R_m
    of_spike = tau_s / (neuron.tau_m - tau_s) * (leak - float(np.exp(-dt / tau_s)))
    return leak, (1 - leak) / rheobase, of_spike / rheobase


def _convolution(connectivity: Convolution, factor: float, bias: np.ndarray, name: str) -> Layer:
    """Return a convolution as a layer; an average pooling that was folded into it comes before it again.

    The weights of such a kernel are equal in squares of the size of its stride, and so many times fewer
    multiplications do the same.
    """
    kernel, (pool, column), padding = connectivity.kernel, connectivity.stride, connectivity.padding
    out, in_, height, width = kernel.shape
    stride = pool
    if pool > 1 and height % pool == width % pool == 0:
        squares = kernel.reshape(out, in_, height // pool, pool, width // pool, pool)
        if np.allclose(squares, squares[:, :, :, :1, :, :1], rtol=1e-9, atol=0):
            kernel, stride, padding = squares.sum(axis=(3, 5)), 1, (padding[0] // pool,) * 4
    pool = pool if stride == 1 else 1
    layer = _layer(kernel * factor, bias, stride, padding[0], pool)
    rows = connectivity.pre_shape[1] // pool + 2 * padding[0] - kernel.shape[2]
    symmetric = len(set(padding)) == 1 and stride == (1 if pool > 1 else column)
    if connectivity.groups != 1 or not symmetric or rows // stride + 1 != connectivity.post_shape[1]:
        raise UserError("the benchmark knows convolutions with one stride, one padding, no groups", key=name)
    return layer


def _layer(weight: np.ndarray, bias: np.ndarray, *geometry: int) -> Layer:
    return Layer(np.ascontiguousarray(weight, np.float32), bias.astype(np.float32), *geometry)

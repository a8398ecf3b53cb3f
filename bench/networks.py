"""The networks of the benchmark: studies of bioscnn, written out as problems for everyone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.problem import Layer, Problem
from bioscnn.encoding import FULL_INTENSITY
from bioscnn.errors import UserError
from bioscnn.network import READOUT, SpikingNetwork
from bioscnn.network.connectivity import Convolution, Dense
from bioscnn.neurons import IF
from bioscnn.studies.prepare import Prepared, prepare
from bioscnn.studies.study import read_study

STUDY = Path(__file__).parents[1] / "sims" / "mnist.toml"

SAME_MODEL = (
    "neuron.model=if", "neuron.t_ref=0 ms", "neuron.reset=subtract", "synapse.tau_s=0.02 ms",
)  # fmt: skip
"""IF neurons, reset by subtraction; the synaptic current delivers the charge of a spike within a step."""


def data_folder() -> Path | None:
    """Return the data folder that BIOSCNN_DATA names."""
    named = os.environ.get("BIOSCNN_DATA")
    return Path(named) if named else None


def problem_of(changes: Sequence[str], readout: str) -> tuple[Problem, Prepared]:
    """Return the problem that a study stands for, and the study with its data.

    Parameters
    ----------
    changes : sequence of str
        Changed keys of `STUDY`, ``"table.key=value"``.
    readout : str
        How the class is read; see `bioscnn.readout`.

    Raises
    ------
    UserError
        If the study, the network or the images cannot be had.
    """
    study = read_study(STUDY, changes)
    prepared = prepare(study, data_folder())
    config = study.config
    plain = config.neuron.model == "if" and config.neuron.t_ref == 0 and config.neuron.reset == "subtract"
    return Problem(
        network=config.network.model,
        n_steps=config.simulation.n_steps,
        study=study.toml(),
        readout=readout,
        images=prepared.examples.images,
        labels=prepared.examples.labels,
        calibration=None if prepared.calibration is None else prepared.calibration.examples.images,
        layers=layers_of(prepared.network, config.simulation.dt) if plain else (),
    ), prepared


def layers_of(network: SpikingNetwork, dt: float) -> tuple[Layer, ...]:
    """Return a network of IF neurons as layers in units of the threshold and of the time step.

    Parameters
    ----------
    network : SpikingNetwork
        Populations in a row; the last two, ``output`` and ``readout``, have the same inputs.
    dt : float
        Duration of a step, s.

    Raises
    ------
    UserError
        If a layer is no convolution without padding and no dense layer.
    """
    projections = [p for p in network.projections if p.post != "output"]
    neuron = network[projections[0].post].neuron
    assert isinstance(neuron, IF)
    layers = []
    for projection in projections:
        connectivity, population = projection.connectivity, network[projection.post]
        assert population.bias is not None
        # Thresholds that an ampere makes in a step: as a constant current; as the weight of one spike.
        constant = dt / (neuron.C_m * neuron.V_th)
        weight = constant * FULL_INTENSITY
        if projection.synapse is not None:
            weight = projection.synapse.tau_s / (neuron.C_m * neuron.V_th)
        if isinstance(connectivity, Convolution):
            bias = population.bias.reshape(population.shape[0], -1)
            row, column = connectivity.stride
            if (
                any(connectivity.padding)
                or connectivity.groups != 1
                or row != column
                or np.ptp(bias, axis=1).any()
            ):
                raise UserError(
                    "the benchmark knows convolutions without padding and groups only", key=population.name
                )
            layers.append(_layer(connectivity.kernel * weight, bias[:, 0] * constant, row))
        elif isinstance(connectivity, Dense) and population.name == READOUT:
            layers.append(_layer(connectivity.weight * weight, population.bias * constant))
        else:
            raise UserError("the benchmark knows convolutions and a dense readout only", key=population.name)
    return tuple(layers)


def _layer(weight: np.ndarray, bias: np.ndarray, stride: int = 1) -> Layer:
    return Layer(np.ascontiguousarray(weight, np.float32), bias.astype(np.float32), stride)

"""The files that a compiled program reads: numbers of neurons, weights, delays, chance and stimuli."""

from dataclasses import replace

import numpy as np
import pytest

from bioscnn.draws import normal_tables
from bioscnn.encoding import Currents
from bioscnn.errors import UserError
from bioscnn.network import (
    Axons,
    Convolution,
    Dense,
    Failure,
    Individual,
    MembraneNoise,
    Pooling,
    Population,
    Projection,
    SpikingNetwork,
    summed,
)
from bioscnn.neurons import LIF, ExponentialCurrent
from bioscnn.simulation.cpp_device import chance_files, constant_files, stimulus_files
from bioscnn.simulation.equations import noise_current
from bioscnn.simulation.numbering import brian_index, brian_synapses, from_brian, network_index, to_brian
from bioscnn.simulation.procedural import delivery, n_weights, patches, runs_of
from bioscnn.simulation.shape import ProgramShape
from bioscnn.spikes import SpikeTrains

SHAPE = (2, 1, 3)
"""Channels, rows and columns of a population."""
ORDER = [0, 3, 1, 4, 2, 5]
"""Its neurons as Brian2 numbers them: pixel by pixel, the channels of a pixel in a row."""
SYNAPSE = ExponentialCurrent(5e-3)
WEIGHT = np.add.outer(10 * np.arange(6.0), np.arange(6.0))
"""Of a dense projection: ten times the postsynaptic neuron and the presynaptic one."""


def network_of(connectivity, synapse=SYNAPSE, failure=None, **of_cells):
    cells = Population("cells", connectivity.post_shape, LIF(), **of_cells)
    source = Population("input", connectivity.pre_shape)
    return SpikingNetwork((source, cells), (Projection("input", "cells", connectivity, synapse, failure),))


def patches_of(connectivity):
    network = network_of(connectivity)
    return patches(network, network.projections[0])


def test_the_channels_of_a_pixel_are_neighbours():
    neurons = np.arange(6, dtype=np.int32)
    assert network_index(neurons, SHAPE).tolist() == ORDER
    assert brian_index(np.array(ORDER), SHAPE).tolist() == [0, 1, 2, 3, 4, 5]
    values = np.array([[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]])
    assert to_brian(values, SHAPE).tolist() == [[1, 4, 2, 5, 3, 6], [7, 10, 8, 11, 9, 12]]
    np.testing.assert_array_equal(from_brian(to_brian(values, SHAPE), SHAPE), values)
    assert to_brian(values, (6,)).tolist() == values.tolist()


def test_synapses_are_ordered_by_both_neurons_in_these_numbers():
    network = network_of(Dense(SHAPE, (6,), WEIGHT))
    pre, post, weight = brian_synapses(network, network.projections[0])
    np.testing.assert_array_equal(pre, np.repeat(np.arange(6), 6))
    np.testing.assert_array_equal(post, np.tile(np.arange(6), 6))
    np.testing.assert_array_equal(weight, 10 * post + np.array(ORDER)[pre])


def test_a_dense_projection_is_one_row_of_targets_for_each_neuron():
    rows = patches_of(Dense(SHAPE, SHAPE, WEIGHT))
    assert rows.rule == "Dense rule{6}"
    np.testing.assert_array_equal(rows.weights.reshape(6, 6), WEIGHT[np.ix_(ORDER, ORDER)].T)


def test_a_convolution_is_a_patch_of_neighbouring_channels_for_each_tap():
    kernel = np.arange(16.0).reshape(4, 1, 2, 2)
    of_groups = patches_of(Convolution((2, 3, 5), (4, 3, 2), (1, 2), (1, 0, 0, -1), kernel, groups=2))
    geometry = "{2, 3, 5, 4, 3, 2, 2, 2, 1, 2, 1, 0, 3, 4}"
    assert of_groups.rule == f"Convolution rule{{{geometry}, 1, 2}}"
    assert of_groups.weights.tolist() == [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15]
    kernel = np.arange(8.0).reshape(2, 2, 1, 2)
    whole = patches_of(Convolution((2, 3, 5), (2, 2, 4), (1, 1), (0, 0, -1, 0), kernel))
    assert whole.rule == "Convolution rule{{2, 3, 5, 2, 2, 4, 1, 2, 1, 1, 0, 0, 2, 5}, 2, 2}"
    assert whole.weights.tolist() == [0, 4, 1, 5, 2, 6, 3, 7]


def test_pooling_is_one_weight_for_each_target():
    pooled = patches_of(Pooling((2, 1, 5), SHAPE, (1, 2), (0, 0, 0, 1), (1, 2), np.array([1.0, 3.0])))
    assert pooled.rule == "Pooling rule{{2, 1, 5, 2, 1, 3, 1, 2, 1, 2, 0, 0, 1, 5}}"
    assert pooled.weights.tolist() == [0.5, 1.5, 0.5, 1.5, 1, 3]


def test_listed_synapses_are_runs_of_neighbouring_targets():
    convolution = Convolution((1, 1, 3), SHAPE, (1, 1), (0, 1, 0, 1), np.arange(6.0).reshape(2, 1, 1, 3))
    network = network_of(Individual.of(convolution, np.arange(1.0, 15.0)))
    projection = network.projections[0]
    runs = runs_of(network, projection)
    pre, post, weight = brian_synapses(network, projection)
    listed = []
    for neuron in range(3):
        for run in range(runs["run_begin"][neuron], runs["run_begin"][neuron + 1]):
            first, last = runs["run_first"][run : run + 2]
            targets = runs["run_post"][run] + np.arange(last - first)
            listed += [(neuron, *one) for one in zip(targets, runs["w"][first:last], strict=True)]
    assert listed == list(zip(pre, post, weight, strict=True))
    assert runs["run_post"].tolist() == [0, 0, 2]
    assert {name: part.dtype.name for name, part in runs.items()} == {
        "run_begin": "int32", "run_post": "int32", "run_first": "int64", "w": "float64",
    }  # fmt: skip
    apart = network_of(Pooling((2, 1, 2), (2, 1, 2), (1, 1), (0, 0, 0, 0), (1, 1), np.ones(2)))
    assert runs_of(apart, apart.projections[0])["run_post"].tolist() == [0, 1, 2, 3]


def test_what_a_kernel_or_a_row_says_needs_no_list():
    dense = Dense(SHAPE, SHAPE, WEIGHT)
    convolution = Convolution(SHAPE, (2, 1, 2), (1, 1), (0, 0, 0, 0), np.ones((2, 2, 1, 2)))
    pooling = Pooling(SHAPE, (2, 1, 2), (1, 1), (0, 0, 0, 0), (1, 2), np.ones(2))
    own = Individual.of(dense, np.ones(36))
    assert [n_weights(c) for c in (dense, convolution, pooling, own)] == [36, 8, 4, 0]
    assert patches_of(own) is None
    projections = [Projection("input", "cells", c, SYNAPSE) for c in (dense, convolution, pooling, own)]
    failing = replace(projections[0], failure=Failure(0.1, 1))
    for projection in projections[:3]:
        assert delivery(projection, "auto") == delivery(projection, "procedural") == "procedural"
    for projection in (projections[3], failing):
        assert delivery(projection, "auto") == "listed"
        with pytest.raises(UserError, match="differ from each other, or fail one by one"):
            delivery(projection, "procedural")
    assert {delivery(projection, "explicit") for projection in (*projections, failing)} == {"explicit"}
    sums = summed([pooling, convolution])
    with pytest.raises(UserError, match="do not make one convolution"):
        delivery(Projection("input", "cells", sums, SYNAPSE), "procedural")


@pytest.mark.parametrize("how", ["auto", "explicit"])
def test_a_program_reads_parameters_weights_and_constant_currents(how):
    V_th, bias = np.arange(1.0, 7.0), np.arange(6.0)
    network = network_of(Dense(SHAPE, SHAPE, WEIGHT), values={"V_th": V_th}, bias=bias)
    files = constant_files(ProgramShape(network, True, "float32", how))
    assert {values.dtype.name for values in files.values()} == {"float32"}
    assert files["cells.V_th"].tolist() == [1, 4, 2, 5, 3, 6]
    assert files["cells.I_stim"].tolist() == [0, 3, 1, 4, 2, 5]
    for name, value in {**LIF().parameters, **SYNAPSE.parameters}.items():
        assert name == "V_th" or files[f"cells.{name}"] == [np.float32(value)]
    # By presynaptic neuron, then by postsynaptic one: the same in a row and in a list.
    np.testing.assert_array_equal(files["input_to_cells.w"], WEIGHT[np.ix_(ORDER, ORDER)].T.ravel())
    assert "cells.w" not in files
    unbiased = replace(network.neurons[0], bias=None)
    silent = SpikingNetwork((network.source, unbiased), network.projections)
    assert not constant_files(ProgramShape(silent, True, "float64"))["cells.I_stim"].any()


def test_a_program_reads_a_list_where_synapses_differ():
    network = network_of(Individual.of(Dense(SHAPE, SHAPE, WEIGHT), np.arange(36.0)))
    files = constant_files(ProgramShape(network, True, "float32"))
    runs = runs_of(network, network.projections[0])
    for part, values in runs.items():
        np.testing.assert_array_equal(files[f"input_to_cells.{part}"], values)
    assert files["input_to_cells.w"].dtype == np.float32
    assert files["input_to_cells.run_first"].dtype == np.int64


def test_a_program_reads_delays_losses_noise_and_failures():
    axons = Axons(np.arange(6) * 1e-3, loss=0.25, key=7)
    dense = Dense(SHAPE, SHAPE, WEIGHT)
    network = network_of(dense, failure=Failure(0.5, 8), axons=axons, noise=MembraneNoise(2e-3, 9))
    files = chance_files(network, 0.5e-3)
    assert files["cells.axon_steps"].tolist() == [0, 6, 2, 8, 4, 10]
    assert files["cells.axon_loss"].tolist() == [0.25] and files["cells.axon_key"].tolist() == [7]
    np.testing.assert_array_equal(files["cells.noise_current"], noise_current(network["cells"], 0.5e-3))
    np.testing.assert_array_equal(files["normal_tables"], normal_tables())
    assert files["cells.noise_key"].tolist() == [9]
    assert files["input_to_cells.failure"].tolist() == [0.5]
    assert files["input_to_cells.failure_key"].tolist() == [8]
    assert {name for name, values in files.items() if values.dtype == np.int64} == {
        "cells.axon_key", "cells.noise_key", "input_to_cells.failure_key",
    }  # fmt: skip
    assert chance_files(network_of(dense), 0.5e-3) == {}


def test_a_program_reads_spikes_trial_by_trial_behind_their_number():
    trains = SpikeTrains.from_events(
        np.array([0, 0, 2]), np.array([1, 3, 0]), np.array([1, 5, 3]), n_trials=3, size=6, n_steps=5, dt=1e-3
    )
    shape = ProgramShape(network_of(Dense(SHAPE, SHAPE, WEIGHT)), True, "float64")
    files = stimulus_files(shape, trains, np.array([4, 5, 6]))
    assert files["input.stimulus"].tolist() == [2, 1, 2, 3, 5, 0, 1, 0, 1]
    assert files["input.stimulus"].dtype == files["cells.n_steps"].dtype == np.int32
    assert files["trials"].tolist() == [4, 5, 6] and files["n_trials"].tolist() == [3]
    assert files["n_steps"].tolist() == files["cells.n_steps"].tolist() == [5]
    assert files["dt"].tolist() == [1e-3] and "cells.stimulus" not in files


def test_a_program_reads_currents_of_pixels_where_a_kernel_takes_them_in_and_of_neurons_elsewhere():
    values = np.arange(12.0, dtype=np.float32).reshape(2, 6)
    network = network_of(Dense(SHAPE, (6,), WEIGHT), synapse=None)
    pixels = stimulus_files(ProgramShape(network, False, "float32"), Currents(values, 5, 1e-3), np.arange(2))
    np.testing.assert_array_equal(pixels["cells.stimulus"], values[:, ORDER])
    twice = SpikingNetwork(network.populations, network.projections * 2)
    shape = ProgramShape(twice, False, "float64")
    neurons = stimulus_files(shape, Currents(values, 5, 1e-3), np.arange(2))["cells.stimulus"]
    np.testing.assert_array_equal(neurons, 2 * values @ WEIGHT.T)
    assert (pixels["cells.stimulus"].dtype, neurons.dtype) == (np.float32, np.float64)
    assert "cells.w" in constant_files(ProgramShape(network, False, "float32"))
    assert "cells.w" not in constant_files(shape) and "input.stimulus" not in pixels

"""The network: retina, two layers with pooling, and what a linear classifier sees of the second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.stdp.convolutional.layer import SILENT, Layer, Times, Weights, pool
from bioscnn.stdp.convolutional.retina import spike_times
from bioscnn.stdp.convolutional.settings import Neuron, PlasticLayer, Readout, Retina

AT_ONCE = 200
"""Images that are taken together."""


@dataclass(frozen=True)
class Architecture:
    """All of a network but its weights: tables of ``[learning]``."""

    retina: Retina
    neuron: Neuron
    first: PlasticLayer
    second: PlasticLayer
    readout: Readout

    def layers(self) -> tuple[Layer, Layer]:
        """Return the neurons of both layers."""
        return self.first.neurons(self.neuron), self.second.neurons(self.neuron)

    def shapes(self) -> tuple[tuple[int, int, int, int], tuple[int, int, int, int]]:
        """Return the shapes of the weights of both layers, (channels, kernel, kernel, maps)."""
        k, m = (self.first.kernel, self.second.kernel), (2, self.first.maps, self.second.maps)
        return (m[0], k[0], k[0], m[1]), (m[1], k[1], k[1], m[2])

    @property
    def n_features(self) -> int:
        """Features that the classifier sees."""
        return self.second.maps * self.readout.grid**2


@dataclass(frozen=True, eq=False)
class Response:
    """What some images make of a network.

    Parameters
    ----------
    input, first, pooled : ndarray of uint8, shape (n_images, channels, height, width)
        Step in which each cell of the retina, each neuron of the first layer and of its pooling fires.
    """

    input: Times
    first: Times
    pooled: Times


def respond(images: NDArray[np.floating], network: Architecture, weights: Weights) -> Iterator[Response]:
    """Yield the spikes of images up to the second layer, `AT_ONCE` images at a time.

    Parameters
    ----------
    images : ndarray of float, shape (n_images, 1, height, width)
        Intensities, 0 to 1.
    network : Architecture
        Retina and first layer are used.
    weights : ndarray of float32, shape (channels, kernel, kernel, maps)
        Of the first layer.
    """
    layer = network.layers()[0]
    for start in range(0, len(images), AT_ONCE):
        yield respond_to_spikes(spike_times(images[start : start + AT_ONCE], network.retina, network.neuron),
                                network, layer, weights)  # fmt: skip


def respond_to_spikes(times: Times, network: Architecture, layer: Layer, weights: Weights) -> Response:
    """Return what spikes of the retina make of the first layer."""
    first = layer.first_spikes(times, weights)
    return Response(times, first, pool(first, network.first.pool))


def features(pooled: Times, network: Architecture, weights: Weights) -> NDArray[np.float32]:
    """Return the highest potential of each map of the second layer in each part of the image.

    As published, its neurons have no threshold once they have learned.

    Parameters
    ----------
    pooled : ndarray of uint8, shape (n_images, channels, height, width)
        Spikes of the pooled first layer.
    network : Architecture
        Second layer and readout are used.
    weights : ndarray of float32, shape (channels, kernel, kernel, maps)
        Of the second layer.

    Returns
    -------
    ndarray of float32, shape (n_images, grid * grid * maps)
        In units of the PSP of a synapse of weight 1; parts row by row, maps of a part together.
    """
    grid = network.readout.grid
    potentials = network.layers()[1].peak_potentials(pooled, weights, (grid, grid))
    return potentials.reshape(len(pooled), -1)


def n_spikes(times: Times) -> NDArray[np.int64]:
    """Return how many neurons fire in each image, shape (n_images,)."""
    return np.asarray(np.count_nonzero(times != SILENT, axis=(1, 2, 3)), np.int64)


def n_deliveries(times: Times, kernel: int, maps: int) -> NDArray[np.int64]:
    """Return how many synapses the spikes of each image reach in a convolutional layer, shape (n_images,).

    Spikes near the border reach fewer neurons than others.
    """
    reach, ways = kernel // 2, []
    for length in times.shape[2:]:
        place = np.arange(length)
        ways.append(np.minimum(place, reach) + np.minimum(length - 1 - place, reach) + 1)
    reached = np.einsum("ncyx,y,x->n", (times != SILENT).astype(np.int64), *ways)
    return np.asarray(maps * reached, np.int64)

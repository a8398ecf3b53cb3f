"""How Brian2's neurons are numbered: channels last.

A population of shape (channels, height, width) is numbered in that order everywhere else. In Brian2 the
channels of a pixel are neighbours instead, so that the targets of a spike through a convolution lie side by
side in memory. All devices number in this way and so add the currents of simultaneous spikes in one order.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.network import Projection, SpikingNetwork
from bioscnn.network.connectivity import Synapses

Shape = tuple[int, ...]


def to_brian(values: NDArray[Any], shape: Shape) -> NDArray[Any]:
    """Bring values of all neurons, along the last axis, into Brian2's order."""
    return _transposed(values, shape[0], prod(shape[1:]))


def from_brian(values: NDArray[Any], shape: Shape) -> NDArray[Any]:
    """Bring values of all neurons, along the last axis, out of Brian2's order."""
    return _transposed(values, prod(shape[1:]), shape[0])


def _transposed(values: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    transposed: NDArray[Any] = values.reshape(*values.shape[:-1], rows, columns).swapaxes(-1, -2)
    return transposed.reshape(values.shape)


def brian_index(neuron: NDArray[np.int32], shape: Shape) -> NDArray[np.int32]:
    """Return the numbers that neurons have in Brian2."""
    channel, pixel = np.divmod(neuron, prod(shape[1:]))
    return np.asarray(pixel * shape[0] + channel, np.int32)


def network_index(index: NDArray[np.int32], shape: Shape) -> NDArray[np.int32]:
    """Return the neurons that have these numbers in Brian2."""
    pixel, channel = np.divmod(index, shape[0])
    return np.asarray(channel * prod(shape[1:]) + pixel, np.int32)


def brian_synapses(network: SpikingNetwork, projection: Projection) -> Synapses:
    """Return every synapse in Brian2's numbers: pre, post, weight; ordered by pre, then post."""
    pre, post, weight = projection.connectivity.synapses()
    pre = brian_index(pre, network[projection.pre].shape)
    post = brian_index(post, network[projection.post].shape)
    order = np.lexsort((post, pre))
    return pre[order], post[order], weight[order]

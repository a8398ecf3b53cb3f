"""Projections that a compiled program computes instead of storing: a kernel, and where a spike puts it.

A convolution, an average pooling and a dense projection know nothing of a synapse but its weight. At each
spike the program (``cpp/deliver.cpp``) adds the patch of the kernel that the spike reaches to the synaptic
current of its targets. `brian2.Synapses` would list every pair of neurons instead; it remains for everything
else, and where it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.network import Connectivity, Convolution, Dense, Individual, Pooling, Projection, SpikingNetwork
from bioscnn.simulation.equations import projection_name
from bioscnn.simulation.numbering import network_index, to_brian

CONNECTIVITY = ("auto", "procedural", "explicit")


@dataclass(frozen=True, eq=False)
class Patches:
    """How a program computes a projection.

    Parameters
    ----------
    rule : str
        C++ declaration of ``rule``, an object of ``cpp/patches.h`` that holds the geometry.
    weights : ndarray of float64, shape (n_weights,)
        In the order in which it reads them.
    """

    rule: str
    weights: NDArray[np.float64]


def patches(network: SpikingNetwork, projection: Projection) -> Patches | None:
    """Return how a program computes a projection; None if it has to list the synapses."""
    connectivity = projection.connectivity
    if isinstance(connectivity, Dense):
        pre, post = network[projection.pre].shape, network[projection.post].shape
        rows = connectivity.weight.T[network_index(np.arange(prod(pre)), pre)]
        return Patches(f"Dense rule{{{prod(post)}}}", to_brian(rows, post).ravel())
    if isinstance(connectivity, Convolution):
        groups, (channels_out, group_size, *window) = connectivity.groups, connectivity.kernel.shape
        # [channel in][row][column][channel out of the same group]
        by_group = connectivity.kernel.reshape(groups, channels_out // groups, group_size, *window)
        weights = by_group.transpose(0, 2, 3, 4, 1).ravel()
        sizes = [group_size, channels_out // groups]
        return Patches(f"Convolution rule{{{_window(connectivity)}, {_listed(sizes)}}}", weights)
    if isinstance(connectivity, Pooling):
        weights = to_brian(connectivity.weight_onto().ravel(), connectivity.post_shape)
        return Patches(f"Pooling rule{{{_window(connectivity)}}}", weights)
    return None


def n_weights(connectivity: Connectivity) -> int:
    """Count the weights of a projection that a program computes; 0 of one whose synapses it lists."""
    match connectivity:
        case Dense():
            return connectivity.weight.size
        case Convolution():
            return connectivity.kernel.size
        case Pooling():
            return prod(connectivity.post_shape)
    return 0


def _window(connectivity: Convolution | Pooling) -> str:
    shapes = [*connectivity.pre_shape, *connectivity.post_shape, *connectivity.window]
    top, left, bottom, right = connectivity.padding
    _, height, width = connectivity.pre_shape
    seen = [height + min(bottom, 0), width + min(right, 0)]
    return f"{{{_listed([*shapes, *connectivity.stride, top, left, *seen])}}}"


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def is_procedural(projection: Projection, wanted: str) -> bool:
    """Whether a program computes a projection under the key ``simulation.connectivity``.

    Raises
    ------
    UserError
        If it is to be procedural and cannot be.
    """
    computable = isinstance(projection.connectivity, Dense | Convolution | Pooling)
    possible = computable and projection.failure is None
    if wanted == "procedural" and not possible:
        why = "pooling and what follows it do not make one convolution"
        if computable or isinstance(projection.connectivity, Individual):
            why = "its synapses differ from each other, or fail one by one"
        raise UserError(
            f"a projection cannot be procedural: {why}",
            key="simulation.connectivity",
            value=f"procedural, for {projection_name(projection)}",
            fix='set simulation.connectivity to "auto": it lists the synapses of this projection',
        )
    return possible and wanted != "explicit"

"""How a compiled program delivers spikes: by a kernel and where a spike puts it, or by a list of synapses.

A convolution, an average pooling and a dense projection know nothing of a synapse but its weight. At each
spike the program (``cpp/deliver.cpp``) adds the patch of the kernel that the spike reaches to the synaptic
current of its targets. Where synapses differ from each other or fail one by one, it reads a list of targets
and weights (``cpp/listed.cpp``). `brian2.Synapses` does the same, and remains where it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.network import Connectivity, Convolution, Dense, Individual, Pooling, Projection, SpikingNetwork
from bioscnn.simulation.equations import projection_name
from bioscnn.simulation.numbering import brian_synapses, network_index, to_brian

CONNECTIVITY = ("auto", "procedural", "explicit")

Delivery = Literal["procedural", "listed", "explicit"]
"""A kernel and its geometry; a list of targets and weights in our own program; `brian2.Synapses`."""


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
    """Return the patches by which a program computes a projection; None if it has to list the synapses."""
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


def delivery(projection: Projection, chosen: str) -> Delivery:
    """Return how a compiled program delivers the spikes of a projection under ``simulation.connectivity``.

    Raises
    ------
    UserError
        If it is to be procedural and cannot be.
    """
    if chosen == "explicit":
        return "explicit"
    computable = isinstance(projection.connectivity, Dense | Convolution | Pooling)
    if computable and projection.failure is None:
        return "procedural"
    if chosen == "procedural":
        why = "pooling and what follows it do not make one convolution"
        if computable or isinstance(projection.connectivity, Individual):
            why = "its synapses differ from each other, or fail one by one"
        raise UserError(
            f"a projection cannot be procedural: {why}",
            key="simulation.connectivity",
            value=f"procedural, for {projection_name(projection)}",
            fix='set simulation.connectivity to "auto": it lists the synapses of this projection',
        )
    return "listed"


def runs_of(network: SpikingNetwork, projection: Projection) -> dict[str, NDArray[Any]]:
    """Return listed synapses as ``cpp/listed.h`` reads them: runs of targets that lie side by side.

    Returns
    -------
    dict of ndarray
        ``run_begin``, int32, shape (n_pre + 1,): the first run of each presynaptic neuron. ``run_post``,
        int32, shape (n_runs,): the first target of each. ``run_first``, int64, shape (n_runs + 1,): its first
        weight. ``w``, float64, shape (n_synapses,). Neurons have Brian2's numbers.
    """
    pre, post, weight = brian_synapses(network, projection)
    apart = (np.diff(pre, prepend=-1) != 0) | (np.diff(post, prepend=-2) != 1)
    first = np.flatnonzero(apart)
    return {
        "run_begin": np.searchsorted(pre[first], np.arange(network[projection.pre].size + 1)).astype(
            np.int32
        ),
        "run_post": post[first],
        "run_first": np.append(first, len(pre)).astype(np.int64),
        "w": weight,
    }

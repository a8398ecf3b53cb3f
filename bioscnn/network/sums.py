"""Several linear maps between the same two populations, side by side, as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bioscnn.network.connectivity import Connectivity, Convolution, Dense, Synapses
from bioscnn.network.individual import Individual
from bioscnn.network.relation import Relation


@dataclass(frozen=True, eq=False)
class Sum(Connectivity):
    """The sum of several linear maps: a synapse wherever one of them has any.

    Parameters
    ----------
    parts : tuple of Connectivity
        Of the same shapes.
    """

    parts: tuple[Connectivity, ...]

    @property
    def geometry(self) -> tuple[object, ...]:
        """What decides which neurons are connected, whatever the weights."""
        return ("sum", *(part.geometry for part in self.parts))

    def synapses(self) -> Synapses:
        """Every synapse: presynaptic neuron, postsynaptic neuron, weight."""
        n_post = prod(self.post_shape)
        keys, weights = [], []
        for part in self.parts:
            pre, post, weight = part.synapses()
            keys.append(pre.astype(np.int64) * n_post + post)
            weights.append(weight)
        key, place = np.unique(np.concatenate(keys), return_inverse=True)
        total = np.bincount(place, np.concatenate(weights), minlength=len(key)).astype(np.float64)
        pre, post = np.divmod(key, n_post)
        return pre.astype(np.int32), post.astype(np.int32), total

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Which neurons are connected: those in any of these."""
        return tuple(relation for part in self.parts for relation in part.relations)

    def pulled_back(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the dense map that does at once what this one and a dense one behind it do."""
        return np.asarray(sum(part.pulled_back(weight) for part in self.parts))

    def scaled(self, pre: NDArray[np.float64], post: NDArray[np.float64]) -> Self:
        """Multiply the weights by one factor a presynaptic and one a postsynaptic channel."""
        return replace(self, parts=tuple(part.scaled(pre, post) for part in self.parts))

    def rectified(self) -> Individual:
        """Return the same synapses, with 0 in place of negative weights."""
        return Individual.of(self, np.maximum(self.synapses()[2], 0))


def summed(parts: Sequence[Connectivity]) -> Connectivity:
    """Add linear maps between the same two populations.

    Convolutions of one stride make one convolution, and a dense map takes in any other.

    Parameters
    ----------
    parts : sequence of Connectivity
        Of the same shapes.

    Returns
    -------
    Connectivity
        A `Sum` if no map of the usual kind does the same.
    """
    total = parts[0]
    for part in parts[1:]:
        total = _added(total, part)
    return total


def _added(first: Connectivity, second: Connectivity) -> Connectivity:
    if isinstance(first, Dense) or isinstance(second, Dense):
        weights = [p.weight if isinstance(p, Dense) else p.matrix().toarray() for p in (first, second)]
        return Dense(first.pre_shape, first.post_shape, weights[0] + weights[1])
    if isinstance(first, Convolution) and isinstance(second, Convolution) and _alike(first, second):
        groups = first.groups if first.groups == second.groups else 1
        padding = tuple(max(a, b) for a, b in zip(first.padding, second.padding, strict=True))
        kernels = [_ungrouped(p) if groups != p.groups else p.kernel for p in (first, second)]
        size = [
            max(p.padding[axis] * -1 + padding[axis] + p.window[axis] for p in (first, second))
            for axis in (0, 1)
        ]
        kernel = np.zeros((*kernels[0].shape[:2], *size))
        for part, own in zip((first, second), kernels, strict=True):
            y, x = padding[0] - part.padding[0], padding[1] - part.padding[1]
            kernel[:, :, y : y + part.window[0], x : x + part.window[1]] += own
        around = (padding[0], padding[1], padding[2], padding[3])
        return Convolution(first.pre_shape, first.post_shape, first.stride, around, kernel, groups)
    parts = first.parts if isinstance(first, Sum) else (first,)
    return Sum(first.pre_shape, first.post_shape, (*parts, second))


def _alike(first: Convolution, second: Convolution) -> bool:
    """Whether two convolutions have one stride and see the same part of the image."""
    cut = [[min(p, 0) for p in convolution.padding] for convolution in (first, second)]
    return first.stride == second.stride and cut[0] == cut[1]


def _ungrouped(connectivity: Convolution) -> NDArray[np.float64]:
    """Return the kernel of one group that does the same, with zeros between the groups."""
    groups, (channels, own, *window) = connectivity.groups, connectivity.kernel.shape
    out = channels // groups
    full = np.zeros((channels, own * groups, *window))
    for g in range(groups):
        rows = slice(g * out, (g + 1) * out)
        full[rows, g * own : (g + 1) * own] = connectivity.kernel[rows]
    return full

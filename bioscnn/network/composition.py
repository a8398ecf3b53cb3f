"""Several linear maps in a row, as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bioscnn.network.connectivity import Connectivity, Convolution, Dense, Pooling, Synapses, Window
from bioscnn.network.individual import Individual
from bioscnn.network.relation import Relation


@dataclass(frozen=True, eq=False)
class Composition(Connectivity):
    """Several linear maps in a row, as one: exact, since nothing between them spikes.

    Parameters
    ----------
    parts : tuple of Connectivity
        In the order in which the signal passes them.
    """

    parts: tuple[Connectivity, ...]

    @property
    def geometry(self) -> tuple[object, ...]:
        """What decides which neurons are connected, whatever the weights."""
        return ("composition", *(part.geometry for part in self.parts))

    def synapses(self) -> Synapses:
        """Every synapse: presynaptic neuron, postsynaptic neuron, weight."""
        from scipy import sparse

        paths, weights = (sparse.eye_array(prod(self.pre_shape), format="csr") for _ in range(2))
        for part in self.parts:
            matrix = part.matrix()
            weights = matrix @ weights
            paths = (
                sparse.csr_array((np.ones_like(matrix.data), matrix.indices, matrix.indptr), matrix.shape)
                @ paths
            )
        # A path whose weights cancel is a synapse of weight zero: `paths` has it, `weights` may not.
        present, valued = paths.tocoo(), weights.tocoo()
        n_post = prod(self.post_shape)
        key = np.sort(present.col.astype(np.int64) * n_post + present.row)
        values = np.zeros(len(key))
        values[np.searchsorted(key, valued.col.astype(np.int64) * n_post + valued.row)] = valued.data
        pre, post = np.divmod(key, n_post)
        return pre.astype(np.int32), post.astype(np.int32), values

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Which neurons are connected."""
        relations = self.parts[0].relations
        for before, part in pairwise(self.parts):
            dense = isinstance(part, Dense)
            own = (Relation.all_to_all(before.post_shape, part.post_shape),) if dense else part.relations
            relations = tuple(first.then(second) for first in relations for second in own)
        return relations

    def pulled_back(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the dense map that does at once what this one and a dense one behind it do."""
        for part in reversed(self.parts):
            weight = part.pulled_back(weight)
        return weight

    def scaled(self, pre: NDArray[np.float64], post: NDArray[np.float64]) -> Self:
        """Multiply the weights by one factor a presynaptic and one a postsynaptic channel."""
        first, last = self.parts[0], self.parts[-1]
        first = first.scaled(pre, np.ones(first.post_shape[0]))
        last = last.scaled(np.ones(last.pre_shape[0]), post)
        return replace(self, parts=(first, *self.parts[1:-1], last))

    def rectified(self) -> Individual:
        """Return the same synapses, with 0 in place of negative weights: one by one, across all maps."""
        return Individual.of(self, np.maximum(self.synapses()[2], 0))


def compose(parts: Sequence[Connectivity]) -> Connectivity:
    """Join linear maps in a row, folding them where one map of the usual kind does exactly the same.

    Average pooling and a convolution make one convolution, unless its window would reach past the border
    where the two in a row do not; what only scales channels goes into its neighbour; what a dense map follows
    makes one dense map, unless it ignores a neuron.

    Parameters
    ----------
    parts : sequence of Connectivity
        In the order in which the signal passes them.

    Returns
    -------
    Connectivity
        A `Composition` if it takes more than one part.
    """
    joined = [parts[0]]
    for part in parts[1:]:
        folded = _fold(joined[-1], part)
        joined[-1:] = [joined[-1], part] if folded is None else [folded]
    if len(joined) == 1:
        return joined[0]
    return Composition(parts[0].pre_shape, parts[-1].post_shape, tuple(joined))


def _fold(first: Connectivity, second: Connectivity) -> Connectivity | None:
    if isinstance(second, Dense):
        if not first.fan_out().all():
            return None
        return Dense(first.pre_shape, second.post_shape, first.pulled_back(second.weight))
    if not (isinstance(first, Window) and isinstance(second, Window)):
        return None
    if (factors := _factors(first)) is not None:
        return second.scaled(factors, np.ones(second.post_shape[0]))
    if (factors := _factors(second)) is not None:
        return first.scaled(np.ones(first.pre_shape[0]), factors)
    pooled = isinstance(first, Pooling) or isinstance(second, Pooling)
    if not pooled or any(_reaches_past(first, second, axis) for axis in (0, 1)):
        return None
    first_kernel, second_kernel = _kernel(first), _kernel(second)
    if first_kernel is None or second_kernel is None:
        return None
    # The one that pools has a kernel for each channel alone; it is repeated for the channels of the other.
    if isinstance(second, Pooling):
        groups = first.groups if isinstance(first, Convolution) else first.pre_shape[0]
    else:
        groups = second.groups if isinstance(second, Convolution) else second.pre_shape[0]
        first_kernel = first_kernel.reshape(groups, 1, -1, *first.window)
        first_kernel = np.repeat(first_kernel, len(second_kernel) // groups, axis=1).reshape(
            *second_kernel.shape[:2], *first.window
        )
    size = [(n - 1) * step + m for n, step, m in zip(second.window, first.stride, first.window, strict=True)]
    kernel = np.zeros((len(second_kernel), first_kernel.shape[1], *size))
    for y, x in np.ndindex(*second.window):
        rows = slice(y * first.stride[0], y * first.stride[0] + first.window[0])
        columns = slice(x * first.stride[1], x * first.stride[1] + first.window[1])
        kernel[:, :, rows, columns] += first_kernel * second_kernel[:, :, y, x, None, None]
    stride = first.stride[0] * second.stride[0], first.stride[1] * second.stride[1]
    top, left, bottom, right = (
        a + step * b for a, step, b in zip(first.padding, first.stride * 2, second.padding, strict=True)
    )
    below, beside = (_unseen(first, second, axis) for axis in (0, 1))
    padding = top, left, -below or bottom, -beside or right
    return Convolution(first.pre_shape, second.post_shape, stride, padding, kernel, groups)


def _factors(connectivity: Window) -> NDArray[np.float64] | None:
    """Return the factors of a convolution that only scales each channel; None of any other."""
    if not isinstance(connectivity, Convolution):
        return None
    one_to_one = connectivity.groups == len(connectivity.kernel) == connectivity.pre_shape[0]
    if not (
        one_to_one and connectivity.window == connectivity.stride == (1, 1) and not any(connectivity.padding)
    ):
        return None
    return connectivity.kernel.ravel()


def _kernel(connectivity: Window) -> NDArray[np.float64] | None:
    """Return the kernel; None of a pooling whose windows at the border count fewer pixels."""
    if isinstance(connectivity, Convolution):
        return connectivity.kernel
    assert isinstance(connectivity, Pooling)
    weight = connectivity.weight_onto()
    if np.ptp(weight, axis=(1, 2)).any():
        return None
    return np.broadcast_to(weight[:, :1, :1, None], (len(weight), 1, *connectivity.window))


def _reaches_past(first: Window, second: Window, axis: int) -> bool:
    """Whether the second map reads past the first one's output where that would see pixels, or skips some."""
    n_seen = _seen(first, second, axis)
    window, stride = first.window[axis], first.stride[axis]
    lows = [m * stride - first.padding[axis] for m in _beyond(first, second, axis)]
    return stride > window or any(low < n_seen and low + window > 0 for low in lows)


def _unseen(first: Window, second: Window, axis: int) -> int:
    """Return how many of the last rows a folded window must not see, because the two maps do not."""
    rest = first.pre_shape[1 + axis] - _seen(first, second, axis)
    return rest if any(m > 0 for m in _beyond(first, second, axis)) else max(0, -first.padding[2 + axis])


def _seen(first: Window, second: Window, axis: int) -> int:
    """Return how many rows there are up to the last one that the second map can see through the first."""
    n_in = first.pre_shape[1 + axis] + min(first.padding[2 + axis], 0)
    n_middle = first.post_shape[1 + axis] + min(second.padding[2 + axis], 0)
    return min(n_in, (n_middle - 1) * first.stride[axis] + first.window[axis] - first.padding[axis])


def _beyond(first: Window, second: Window, axis: int) -> list[int]:
    """Return the rows that the second map reads before and behind those of the first one's output."""
    n_middle = first.post_shape[1 + axis] + min(second.padding[2 + axis], 0)
    start = -second.padding[axis]
    stop = start + (second.post_shape[1 + axis] - 1) * second.stride[axis] + second.window[axis]
    return [m for m in range(start, stop) if not 0 <= m < n_middle]

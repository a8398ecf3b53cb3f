"""Connectivity of two populations: procedural (a kernel and its geometry) until a device needs synapses.

Neurons of a population of shape (channels, height, width) are numbered in that order, row by row.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy import sparse

Shape = tuple[int, ...]
Padding = tuple[int, int, int, int]
Synapses = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Connectivity(ABC):
    """A linear map from the spikes of one population to the currents of another.

    Parameters
    ----------
    pre_shape, post_shape : tuple of int
        Shapes of the two populations; the first number counts the channels.
    """

    pre_shape: Shape
    post_shape: Shape

    @property
    @abstractmethod
    def geometry(self) -> tuple[object, ...]:
        """What decides which neurons are connected, whatever the weights."""

    @abstractmethod
    def synapses(self) -> Synapses:
        """Every synapse: presynaptic neuron, postsynaptic neuron, weight; ordered by pre, then post.

        Which synapses there are follows from `geometry` alone: a weight of zero is a synapse too.
        """

    @abstractmethod
    def scaled(self, pre: NDArray[np.float64], post: NDArray[np.float64]) -> Self:
        """Multiply the weights by one factor a presynaptic and one a postsynaptic channel."""

    @abstractmethod
    def rectified(self) -> Connectivity:
        """Return the same synapses, with 0 in place of negative weights."""

    def fan_out(self) -> NDArray[np.int64]:
        """Number of synapses of each presynaptic neuron, shape (n_pre,)."""
        return np.bincount(self.synapses()[0], minlength=prod(self.pre_shape))

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return int(self.fan_out().sum())

    def matrix(self) -> sparse.csr_array:
        """The weights as a sparse matrix of shape (n_post, n_pre)."""
        from scipy import sparse

        pre, post, weight = self.synapses()
        return sparse.csr_array((weight, (post, pre)), shape=(prod(self.post_shape), prod(self.pre_shape)))


@dataclass(frozen=True, eq=False)
class _Window(Connectivity):
    """A window that slides over the presynaptic image.

    Output row ``o`` and tap ``k`` read input row ``o * stride + k - padding``, where that lies in the image.
    """

    stride: tuple[int, int]
    padding: Padding

    @property
    @abstractmethod
    def window(self) -> tuple[int, int]:
        """Height and width of the window."""

    def _taps(self, axis: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return (output, input, tap) along an axis, for every tap that lies inside the image."""
        n_in, n_out = self.pre_shape[1 + axis], self.post_shape[1 + axis]
        output, tap = np.divmod(np.arange(n_out * self.window[axis]), self.window[axis])
        source = output * self.stride[axis] + tap - self.padding[axis]
        inside = (source >= 0) & (source < n_in)
        return output[inside], source[inside], tap[inside]

    def _fan_out_of_a_channel(self) -> NDArray[np.int64]:
        """How many windows see each pixel, shape (height * width,)."""
        rows, columns = (np.bincount(self._taps(a)[1], minlength=self.pre_shape[1 + a]) for a in (0, 1))
        return np.outer(rows, columns).ravel()

    def _expand(
        self, pre_channel: NDArray[np.int64], post_channel: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], ...]:
        """Cross pairs of channels with all positions: (pre, post, pair, row tap, column tap), flat."""
        (out_y, in_y, tap_y), (out_x, in_x, tap_x) = self._taps(0), self._taps(1)
        pair, y, x = np.ix_(np.arange(len(pre_channel)), np.arange(len(out_y)), np.arange(len(out_x)))
        (_, height, width), (_, post_height, post_width) = self.pre_shape, self.post_shape
        pre = (pre_channel[pair] * height + in_y[y]) * width + in_x[x]
        post = (post_channel[pair] * post_height + out_y[y]) * post_width + out_x[x]
        flat = (np.broadcast_to(part, pre.shape).ravel() for part in (pre, post, pair, tap_y[y], tap_x[x]))
        return tuple(flat)


@dataclass(frozen=True, eq=False)
class Convolution(_Window):
    """A convolution (as deep learning uses the word: a correlation with the kernel).

    Parameters
    ----------
    kernel : ndarray of float64, shape (channels_out, channels_in / groups, height, width)
        Weights.
    stride : (int, int)
        Rows and columns between two windows.
    padding : (int, int, int, int)
        Silent rows above, columns left, rows below, columns right of the image.
    groups : int
        The channels fall into this many groups that do not see each other.
    """

    kernel: NDArray[np.float64]
    groups: int = 1

    @property
    def window(self) -> tuple[int, int]:
        """Height and width of the kernel."""
        return self.kernel.shape[2], self.kernel.shape[3]

    @property
    def geometry(self) -> tuple[object, ...]:
        """What decides which neurons are connected, whatever the weights."""
        shapes = (self.pre_shape, self.post_shape, self.kernel.shape)
        return ("convolution", *shapes, self.stride, self.padding, self.groups)

    def synapses(self) -> Synapses:
        """Every synapse: presynaptic neuron, postsynaptic neuron, weight."""
        channels_out, group_size = self.kernel.shape[:2]
        post_channel, within = np.divmod(np.arange(channels_out * group_size), group_size)
        pre_channel = post_channel // (channels_out // self.groups) * group_size + within
        pre, post, pair, tap_y, tap_x = self._expand(pre_channel, post_channel)
        return _ordered(pre, post, self.kernel[post_channel[pair], within[pair], tap_y, tap_x])

    def fan_out(self) -> NDArray[np.int64]:
        """Number of synapses of each presynaptic neuron, shape (n_pre,)."""
        return np.tile(self._fan_out_of_a_channel() * (self.post_shape[0] // self.groups), self.pre_shape[0])

    def scaled(self, pre: NDArray[np.float64], post: NDArray[np.float64]) -> Self:
        """Multiply the weights by one factor a presynaptic and one a postsynaptic channel."""
        by_group = np.repeat(pre.reshape(self.groups, -1), self.post_shape[0] // self.groups, axis=0)
        return replace(self, kernel=self.kernel * by_group[:, :, None, None] * post[:, None, None, None])

    def rectified(self) -> Convolution:
        """Return the same synapses, with 0 in place of negative weights."""
        return replace(self, kernel=np.maximum(self.kernel, 0))


@dataclass(frozen=True, eq=False)
class Pooling(_Window):
    """Average pooling, each channel for itself.

    Parameters
    ----------
    window : (int, int)
        Height and width of the window.
    stride, padding
        As in `Convolution`.
    count_include_pad : bool
        Whether the mean counts the pixels of the padding.
    gain : ndarray of float64, shape (channels,)
        Factor on the mean of each channel.
    """

    size: tuple[int, int]
    gain: NDArray[np.float64]
    count_include_pad: bool = False

    @property
    def window(self) -> tuple[int, int]:
        """Height and width of the window."""
        return self.size

    @property
    def geometry(self) -> tuple[object, ...]:
        """What decides which neurons are connected, whatever the weights."""
        return ("pooling", self.pre_shape, self.post_shape, self.size, self.stride, self.padding)

    def synapses(self) -> Synapses:
        """Every synapse: presynaptic neuron, postsynaptic neuron, weight."""
        channels = np.arange(self.pre_shape[0])
        pre, post, _, _, _ = self._expand(channels, channels)
        return _ordered(pre, post, self.weight_onto().ravel()[post])

    def weight_onto(self) -> NDArray[np.float64]:
        """Return the weight of all synapses onto each neuron, of shape `post_shape`."""
        rows, columns = (np.bincount(self._taps(a)[0], minlength=self.post_shape[1 + a]) for a in (0, 1))
        counted = np.full(self.post_shape[1:], prod(self.size))
        if not self.count_include_pad:
            counted = np.outer(rows, columns)
        weight: NDArray[np.float64] = self.gain[:, None, None] / counted
        return weight

    def fan_out(self) -> NDArray[np.int64]:
        """Number of synapses of each presynaptic neuron, shape (n_pre,)."""
        return np.tile(self._fan_out_of_a_channel(), self.pre_shape[0])

    def scaled(self, pre: NDArray[np.float64], post: NDArray[np.float64]) -> Self:
        """Multiply the weights by one factor a presynaptic and one a postsynaptic channel."""
        return replace(self, gain=self.gain * pre * post)

    def rectified(self) -> Pooling:
        """Return the same synapses, with 0 in place of negative weights."""
        return replace(self, gain=np.maximum(self.gain, 0))


@dataclass(frozen=True, eq=False)
class Dense(Connectivity):
    """All to all.

    Parameters
    ----------
    weight : ndarray of float64, shape (n_post, n_pre)
        Weights.
    """

    weight: NDArray[np.float64]

    @property
    def geometry(self) -> tuple[object, ...]:
        """What decides which neurons are connected, whatever the weights."""
        return ("dense", self.pre_shape, self.post_shape)

    def synapses(self) -> Synapses:
        """Every synapse: presynaptic neuron, postsynaptic neuron, weight."""
        post, pre = np.indices(self.weight.shape)
        return _ordered(pre.ravel(), post.ravel(), self.weight.ravel())

    def fan_out(self) -> NDArray[np.int64]:
        """Number of synapses of each presynaptic neuron, shape (n_pre,)."""
        return np.full(self.weight.shape[1], self.weight.shape[0])

    def scaled(self, pre: NDArray[np.float64], post: NDArray[np.float64]) -> Self:
        """Multiply the weights by one factor a presynaptic and one a postsynaptic channel."""
        columns = np.repeat(pre, prod(self.pre_shape[1:]))
        rows = np.repeat(post, prod(self.post_shape[1:]))
        return replace(self, weight=self.weight * columns * rows[:, None])

    def rectified(self) -> Dense:
        """Return the same synapses, with 0 in place of negative weights."""
        return replace(self, weight=np.maximum(self.weight, 0))


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

    def scaled(self, pre: NDArray[np.float64], post: NDArray[np.float64]) -> Self:
        """Multiply the weights by one factor a presynaptic and one a postsynaptic channel."""
        first, last = self.parts[0], self.parts[-1]
        first = first.scaled(pre, np.ones(first.post_shape[0]))
        last = last.scaled(np.ones(last.pre_shape[0]), post)
        return replace(self, parts=(first, *self.parts[1:-1], last))

    def rectified(self) -> Individual:
        """Return the same synapses, with 0 in place of negative weights: one by one, across all maps."""
        return Individual.of(self, np.maximum(self.synapses()[2], 0))


@dataclass(frozen=True, eq=False)
class Individual(Connectivity):
    """The synapses of another connectivity, each with a weight of its own.

    Parameters
    ----------
    like : Connectivity
        Which synapses there are.
    weight : ndarray of float64, shape (n_synapses,)
        In the order of ``like.synapses()``.
    """

    like: Connectivity
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, like: Connectivity, weight: NDArray[np.float64]) -> Individual:
        """Give every synapse of a connectivity another weight."""
        return cls(like.pre_shape, like.post_shape, like, weight)

    @property
    def geometry(self) -> tuple[object, ...]:
        """What decides which neurons are connected, whatever the weights."""
        return ("individual", self.like.geometry)

    def synapses(self) -> Synapses:
        """Every synapse: presynaptic neuron, postsynaptic neuron, weight."""
        pre, post, _ = self.like.synapses()
        return pre, post, self.weight

    def fan_out(self) -> NDArray[np.int64]:
        """Number of synapses of each presynaptic neuron, shape (n_pre,)."""
        return self.like.fan_out()

    def scaled(self, pre: NDArray[np.float64], post: NDArray[np.float64]) -> Self:
        """Multiply the weights by one factor a presynaptic and one a postsynaptic channel."""
        sender, receiver, _ = self.like.synapses()
        factor = pre[sender // prod(self.pre_shape[1:])] * post[receiver // prod(self.post_shape[1:])]
        return replace(self, weight=self.weight * factor)

    def rectified(self) -> Individual:
        """Return the same synapses, with 0 in place of negative weights."""
        return replace(self, weight=np.maximum(self.weight, 0))


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
        return Dense(first.pre_shape, second.post_shape, (first.matrix().T @ second.weight.T).T)
    if not (isinstance(first, _Window) and isinstance(second, _Window)):
        return None
    if (factors := _factors(first)) is not None:
        return second.scaled(factors, np.ones(second.post_shape[0]))
    if (factors := _factors(second)) is not None:
        return first.scaled(np.ones(first.pre_shape[0]), factors)
    pooled = isinstance(first, Pooling) or isinstance(second, Pooling)
    if not pooled or any(_reaches_past(first, second, axis) for axis in (0, 1)):
        return None
    one, other = _kernel(first), _kernel(second)
    if one is None or other is None:
        return None
    # The one that pools has a kernel for each channel alone; it is repeated for the channels of the other.
    if isinstance(second, Pooling):
        groups = first.groups if isinstance(first, Convolution) else first.pre_shape[0]
    else:
        groups = second.groups if isinstance(second, Convolution) else second.pre_shape[0]
        one = one.reshape(groups, 1, -1, *first.window)
        one = np.repeat(one, len(other) // groups, axis=1).reshape(*other.shape[:2], *first.window)
    size = [(n - 1) * step + m for n, step, m in zip(second.window, first.stride, first.window, strict=True)]
    kernel = np.zeros((len(other), one.shape[1], *size))
    for y, x in np.ndindex(*second.window):
        rows = slice(y * first.stride[0], y * first.stride[0] + first.window[0])
        columns = slice(x * first.stride[1], x * first.stride[1] + first.window[1])
        kernel[:, :, rows, columns] += one * other[:, :, y, x, None, None]
    stride = first.stride[0] * second.stride[0], first.stride[1] * second.stride[1]
    top, left, bottom, right = (
        a + step * b for a, step, b in zip(first.padding, first.stride * 2, second.padding, strict=True)
    )
    return Convolution(first.pre_shape, second.post_shape, stride, (top, left, bottom, right), kernel, groups)


def _factors(connectivity: _Window) -> NDArray[np.float64] | None:
    """Return the factors of a convolution that only scales each channel; None of any other."""
    if not isinstance(connectivity, Convolution):
        return None
    one_to_one = connectivity.groups == len(connectivity.kernel) == connectivity.pre_shape[0]
    if not (
        one_to_one and connectivity.window == connectivity.stride == (1, 1) and not any(connectivity.padding)
    ):
        return None
    return connectivity.kernel.ravel()


def _kernel(connectivity: _Window) -> NDArray[np.float64] | None:
    """Return the kernel; None of a pooling whose windows at the border count fewer pixels."""
    if isinstance(connectivity, Convolution):
        return connectivity.kernel
    assert isinstance(connectivity, Pooling)
    weight = connectivity.weight_onto()
    if np.ptp(weight, axis=(1, 2)).any():
        return None
    return np.broadcast_to(weight[:, :1, :1, None], (len(weight), 1, *connectivity.window))


def _reaches_past(first: _Window, second: _Window, axis: int) -> bool:
    """Whether the second map reads past the first one's output where pixels remain, or skips some."""
    n_in, n_middle, n_out = first.pre_shape[1 + axis], first.post_shape[1 + axis], second.post_shape[1 + axis]
    start = -second.padding[axis]
    stop = start + (n_out - 1) * second.stride[axis] + second.window[axis]
    beyond = [m for m in range(start, stop) if not 0 <= m < n_middle]
    window, stride = first.window[axis], first.stride[axis]
    lows = [m * stride - first.padding[axis] for m in beyond]
    return stride > window or any(low < n_in and low + window > 0 for low in lows)


def _ordered(pre: NDArray[np.int64], post: NDArray[np.int64], weight: NDArray[np.float64]) -> Synapses:
    order = np.lexsort((post, pre))
    return pre[order].astype(np.int32), post[order].astype(np.int32), weight[order].astype(np.float64)

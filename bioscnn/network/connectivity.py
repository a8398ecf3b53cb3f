"""Connectivity of two populations: procedural (a kernel and its geometry) until a device needs synapses.

Neurons of a population of shape (channels, height, width) are numbered in that order, row by row.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from bioscnn.network.relation import Relation, Shape, fan_out_of_any

if TYPE_CHECKING:
    from scipy import sparse

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

    @property
    @abstractmethod
    def relations(self) -> tuple[Relation, ...]:
        """Which neurons are connected: those in any of these."""

    @abstractmethod
    def pulled_back(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the dense map that does at once what this one and a dense one behind it do.

        Parameters
        ----------
        weight : ndarray of float64, shape (n, n_post)
            Of the dense map behind.

        Returns
        -------
        ndarray of float64, shape (n, n_pre)
        """

    def fan_out(self) -> NDArray[np.int64]:
        """Number of synapses of each presynaptic neuron, shape (n_pre,); no synapse is listed."""
        return fan_out_of_any(self.relations)

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
class Window(Connectivity):
    """A window that slides over the presynaptic image.

    Output row ``o`` and tap ``k`` read input row ``o * stride + k - padding``, where that lies in the image.
    A negative padding below or on the right is that many rows or columns that no window sees.
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
        inside = (source >= 0) & (source < n_in + min(self.padding[2 + axis], 0))
        return output[inside], source[inside], tap[inside]

    def _relation(self, channels: NDArray[np.bool_]) -> Relation:
        """Return which neurons the windows connect, for pairs of channels."""
        seen = []
        for axis in (0, 1):
            output, source, _ = self._taps(axis)
            seen.append(np.zeros((self.post_shape[1 + axis], self.pre_shape[1 + axis]), np.bool_))
            seen[axis][output, source] = True
        return Relation(channels, *seen)

    def _reads(self, y: int, x: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Return the windows whose tap (y, x) lies in the image, and the pixels that these taps read."""
        windows, pixels = [], []
        for axis, tap in enumerate((y, x)):
            output, source, taps = self._taps(axis)
            output, source = output[taps == tap], source[taps == tap]
            step, n = self.stride[axis], len(output)
            first, pixel = (int(output[0]), int(source[0])) if n else (0, 0)
            windows.append(slice(first, first + n))
            pixels.append(slice(pixel, pixel + step * n, step))
        return (windows[0], windows[1]), (pixels[0], pixels[1])

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
class Convolution(Window):
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

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Which neurons are connected."""
        channels_out, group_size = self.kernel.shape[:2]
        before, behind = np.arange(self.pre_shape[0]), np.arange(channels_out)
        groups = behind[:, None] // (channels_out // self.groups) == before // group_size
        return (self._relation(groups),)

    def pulled_back(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the dense map that does at once what this one and a dense one behind it do."""
        n, channels_out = len(weight), len(self.kernel)
        behind = weight.reshape(n, self.groups, channels_out // self.groups, *self.post_shape[1:])
        kernel = self.kernel.reshape(self.groups, channels_out // self.groups, -1, *self.window)
        whole = np.zeros((n, self.groups, kernel.shape[2], *self.pre_shape[1:]))
        for y, x in np.ndindex(*self.window):
            windows, pixels = self._reads(y, x)
            whole[:, :, :, *pixels] += np.einsum(
                "ngoyx,goi->ngiyx", behind[:, :, :, *windows], kernel[:, :, :, y, x], optimize=True
            )
        return whole.reshape(n, -1)

    def scaled(self, pre: NDArray[np.float64], post: NDArray[np.float64]) -> Self:
        """Multiply the weights by one factor a presynaptic and one a postsynaptic channel."""
        by_group = np.repeat(pre.reshape(self.groups, -1), self.post_shape[0] // self.groups, axis=0)
        return replace(self, kernel=self.kernel * by_group[:, :, None, None] * post[:, None, None, None])

    def rectified(self) -> Convolution:
        """Return the same synapses, with 0 in place of negative weights."""
        return replace(self, kernel=np.maximum(self.kernel, 0))


@dataclass(frozen=True, eq=False)
class Pooling(Window):
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

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Which neurons are connected."""
        return (self._relation(np.eye(self.pre_shape[0], dtype=np.bool_)),)

    def pulled_back(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the dense map that does at once what this one and a dense one behind it do."""
        behind = weight.reshape(-1, *self.post_shape) * self.weight_onto()
        whole = np.zeros((len(weight), *self.pre_shape))
        for y, x in np.ndindex(*self.window):
            windows, pixels = self._reads(y, x)
            whole[:, :, *pixels] += behind[:, :, *windows]
        return whole.reshape(len(weight), -1)

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

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Which neurons are connected."""
        return (Relation.all_to_all(self.pre_shape, self.post_shape),)

    def pulled_back(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the dense map that does at once what this one and a dense one behind it do."""
        return weight @ self.weight

    def scaled(self, pre: NDArray[np.float64], post: NDArray[np.float64]) -> Self:
        """Multiply the weights by one factor a presynaptic and one a postsynaptic channel."""
        columns = np.repeat(pre, prod(self.pre_shape[1:]))
        rows = np.repeat(post, prod(self.post_shape[1:]))
        return replace(self, weight=self.weight * columns * rows[:, None])

    def rectified(self) -> Dense:
        """Return the same synapses, with 0 in place of negative weights."""
        return replace(self, weight=np.maximum(self.weight, 0))


def _ordered(pre: NDArray[np.int64], post: NDArray[np.int64], weight: NDArray[np.float64]) -> Synapses:
    order = np.lexsort((post, pre))
    return pre[order].astype(np.int32), post[order].astype(np.int32), weight[order].astype(np.float64)

"""A convolutional layer of neurons that fire at most once per image: spikes, potentials, plasticity.

A map is one kernel at every place of its input. In equations, with the spike times :math:`t_j` of the inputs
in the receptive field of a neuron and weights :math:`w_j` between 0 and 1:

    integrate-and-fire   V(t) = sum_j w_j H(t - t_j)                        as published
    leaky                tau_m dV/dt = R_m I - V,  tau_s dI/dt = -I,  I += J w_j at t_j

V is in units of the postsynaptic potential (PSP) that a synapse of weight 1 makes, so that a threshold is
a number of PSPs. A neuron fires when V > V_th, once. The neurons of all maps at one place inhibit each
other: the first that fires silences the others. Of several in one step, the highest potential wins; of
equal ones, that of the first map.

Plasticity: of each map the neuron that fires first learns for all of its map. It keeps the neurons of all
maps within a radius from learning.

    w += a_plus w (1 - w)    where the input fired before the neuron
    w -= a_minus w (1 - w)   where it fired later or not at all

References
----------
Kheradpisheh, Ganjtabesh, Thorpe and Masquelier (2018), STDP-based spiking deep convolutional neural networks
for object recognition, Neural Networks 99:56, https://doi.org/10.1016/j.neunet.2017.12.005.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.stdp.convolutional.compiled import Membrane, Shape, library

SILENT = 255
"""The time of a neuron that does not fire; steps are smaller."""

Times = NDArray[np.uint8]
Weights = NDArray[np.float32]


@dataclass(frozen=True)
class Leak:
    """Time constants of a leaky membrane and of its synapses, in steps."""

    tau_m: float
    tau_s: float

    def __post_init__(self) -> None:
        if not 0 < self.tau_s < self.tau_m:
            raise ValueError(f"0 < tau_s < tau_m is needed, not {self.tau_s} and {self.tau_m}")

    @property
    def charge(self) -> float:
        """Current times resistance that a spike adds, in units of the highest potential that it makes."""
        ratio = self.tau_m / self.tau_s
        return float(ratio ** (self.tau_m / (self.tau_m - self.tau_s)))

    def step(self) -> tuple[float, float, float]:
        """Return what a step leaves of V and of I, and what it adds to V per unit of I."""
        left_V, left_I = np.exp(-1 / self.tau_m), np.exp(-1 / self.tau_s)
        rise = self.charge * self.tau_s / (self.tau_m - self.tau_s) * (left_V - left_I)
        return float(left_V), float(left_I), float(rise)


@dataclass(frozen=True)
class Layer:
    """How spikes become potentials and spikes.

    Parameters
    ----------
    threshold : float
        In units of the PSP of a synapse of weight 1.
    n_steps : int
        Steps of an image, at most 254. A spike of step k makes a neuron fire in step k + 1 at the soonest.
    leak : Leak, optional
        None for neurons that do not leak.
    """

    threshold: float
    n_steps: int
    leak: Leak | None = None

    def first_spikes(self, times: Times, weights: Weights) -> Times:
        """Return when the neurons of a layer fire.

        Parameters
        ----------
        times : ndarray of uint8, shape (n_images, channels, height, width)
            Step in which each input fires; `SILENT` for never.
        weights : ndarray of float32, shape (channels, kernel, kernel, maps)
            Of odd kernels; beyond the border of the image nothing fires.

        Returns
        -------
        ndarray of uint8, shape (n_images, maps, height, width)
            At most one map fires at a place.
        """
        shape, times, weights = self._checked(times, weights)
        out = np.empty((len(times), shape.maps, shape.out_height, shape.out_width), np.uint8)
        library().first_spikes(*self._given(shape), _at(weights), _at(times), _long(len(times)), _at(out))
        return out

    def peak_potentials(self, times: Times, weights: Weights, parts: tuple[int, int]) -> NDArray[np.float32]:
        """Return the highest potentials of neurons without a threshold.

        Parameters
        ----------
        times, weights : ndarray
            As of `first_spikes`.
        parts : tuple of int
            Rows and columns of the parts into which the image is divided, as equally as it can be.

        Returns
        -------
        ndarray of float32, shape (n_images, rows, columns, maps)
            Of each map in each part, in units of the PSP of a synapse of weight 1.
        """
        shape, times, weights = self._checked(times, weights)
        rows, columns = (
            np.arange(length) * n // length
            for length, n in zip((shape.out_height, shape.out_width), parts, strict=True)
        )
        part = np.ascontiguousarray(rows[:, None] * parts[1] + columns, np.int32)
        out = np.empty((len(times), *parts, shape.maps), np.float32)
        library().peak_potentials(
            *self._given(shape), _at(weights), _at(times), _long(len(times)),
            _at(part), ctypes.c_int32(parts[0] * parts[1]), _at(out),
        )  # fmt: skip
        return out

    def learn(
        self, times: Times, weights: Weights, rates: NDArray[np.float32], *, radius: int, winners: int
    ) -> tuple[Weights, NDArray[np.int64]]:
        """Return the weights after images have been seen, one after the other.

        Parameters
        ----------
        times, weights : ndarray
            As of `first_spikes`.
        rates : ndarray of float32, shape (n_images, 2)
            a_plus and a_minus at each image.
        radius : int
            A neuron that learns keeps others from it up to this far, in rows and columns.
        winners : int
            Neurons that learn from an image, at most.

        Returns
        -------
        weights : ndarray of float32, shape (channels, kernel, kernel, maps)
        wins : ndarray of int64, shape (maps,)
            Images from which each map has learned.
        """
        shape, times, weights = self._checked(times, weights)
        rates = np.ascontiguousarray(rates, np.float32)
        if rates.shape != (len(times), 2):
            raise ValueError(f"{len(times)} images, but rates of shape {rates.shape}")
        learned, wins = weights.copy(), np.zeros(shape.maps, np.int64)
        library().learn(
            *self._given(shape), _at(learned), _at(times), _long(len(times)), _at(rates),
            ctypes.c_int32(radius), ctypes.c_int32(winners), _at(wins),
        )  # fmt: skip
        return learned, wins

    def _checked(self, times: Times, weights: Weights) -> tuple[Shape, Times, Weights]:
        times, weights = np.ascontiguousarray(times, np.uint8), np.ascontiguousarray(weights, np.float32)
        if times.ndim != 4 or weights.ndim != 4 or times.shape[1] != weights.shape[0]:
            raise ValueError(f"spike times of shape {times.shape} and weights of shape {weights.shape}")
        channels, kernel, across, maps = weights.shape
        if kernel != across or kernel % 2 == 0:
            raise ValueError(f"a kernel of {kernel} x {across} is not square and odd")
        if not 0 < self.n_steps < SILENT:
            raise ValueError(f"{self.n_steps} steps are not 1 to {SILENT - 1}")
        height, width = times.shape[2:]
        leaky = self.leak is not None
        sizes = (channels, height, width, maps, kernel, kernel // 2, height, width, self.n_steps, leaky)
        return Shape(*sizes), times, weights

    def _given(self, shape: Shape) -> tuple[Any, Any]:
        step = self.leak.step() if self.leak else (1.0, 0.0, 0.0)
        return ctypes.byref(shape), ctypes.byref(Membrane(self.threshold, *step))


def pool(times: Times, size: int) -> Times:
    """Return the spikes of a layer that passes on the first spike of each square of neurons, one step later.

    Parameters
    ----------
    times : ndarray of uint8, shape (n_images, maps, height, width)
    size : int
        Width of a square; squares do not overlap, and the last ones may be cut off by the border.

    Returns
    -------
    ndarray of uint8, shape (n_images, maps, ceil(height/size), ceil(width/size))

    Examples
    --------
    >>> pool(np.array([[[[7, 255, 255], [3, 9, 255]]]], np.uint8), 2)[0, 0]
    array([[  4, 255]], dtype=uint8)
    """
    height, width = times.shape[2:]
    beyond = [(0, 0), (0, 0), (0, -height % size), (0, -width % size)]
    whole = np.pad(times, beyond, constant_values=SILENT)
    first = np.full((*times.shape[:2], whole.shape[2] // size, whole.shape[3] // size), SILENT, np.uint8)
    for row in range(size):
        for column in range(size):
            np.minimum(first, whole[:, :, row::size, column::size], out=first)
    return np.where(first < SILENT - 1, first + np.uint8(1), np.uint8(SILENT))


def _at(array: NDArray[Any]) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


def _long(number: int) -> ctypes.c_int64:
    return ctypes.c_int64(number)

"""What the maps of a network have learned: their fields in the image, and their orientation selectivity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioscnn.stdp.convolutional.network import Architecture

ORIENTATIONS = 16
"""Directions of stripes, from 0 to 180 degrees."""

_PERIODS = (4.0, 6.0, 8.0)  # of the stripes, pixels: about twice the width of the centres to that of a field


class Tuning(NamedTuple):
    """How features answer to stripes of different orientations."""

    selectivity: NDArray[np.float64]  # of each feature, 0 to 1
    preferred: NDArray[np.float64]  # orientation of the stripes, degrees, 0 to 180


def first_fields(network: Architecture, weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return what the maps of the first layer see in the image.

    Parameters
    ----------
    network : Architecture
        Its retina is used.
    weights : ndarray, shape (2, kernel, kernel, maps)
        Of the first layer.

    Returns
    -------
    ndarray of float64, shape (maps, size, size)
        The kernels of the cells, each times its weight, added up: light where light excites.
    """
    kernel, maps = weights.shape[1], weights.shape[3]
    reach = network.retina.size
    fields = np.zeros((maps, kernel + reach - 1, kernel + reach - 1))
    for cell, of_cell in zip(network.retina.cells, np.asarray(weights, np.float64), strict=True):
        for i in range(kernel):
            for j in range(kernel):
                fields[:, i : i + reach, j : j + reach] += of_cell[i, j][:, None, None] * cell.kernel
    return fields


def second_fields(
    network: Architecture, first: NDArray[np.floating], second: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return what the maps of the second layer see in the image, shape (maps, size, size).

    The fields of first-layer maps, each times its weight, at the middle of the squares that are pooled.
    """
    fields = first_fields(network, first)
    kernel, step, reach = second.shape[1], network.first.pool, fields.shape[1]
    size = (kernel - 1) * step + reach
    found = np.zeros((second.shape[3], size, size))
    for i in range(kernel):
        for j in range(kernel):
            part = np.einsum("cm,cyx->myx", np.asarray(second[:, i, j], np.float64), fields)
            found[:, i * step : i * step + reach, j * step : j * step + reach] += part
    return found


def tuning(fields: NDArray[np.floating]) -> Tuning:
    """Return how selective features are for the orientation of stripes, and for which.

    The response to an orientation is the largest one to sinusoidal stripes of several widths and all phases,
    as a linear filter's. The selectivity is one minus the circular variance,
    ``|sum r exp(2i theta)| / sum r``: 0 for what answers to all orientations alike, 1 for one alone.

    Parameters
    ----------
    fields : ndarray, shape (n, size, size)
        From `first_fields`.

    References
    ----------
    Ringach, Shapley and Hawken (2002), Orientation selectivity in macaque V1: diversity and laminar
    dependence, Journal of Neuroscience 22:5639.
    """
    size = fields.shape[1]
    centred = fields - fields.mean(axis=(1, 2), keepdims=True)
    place = np.arange(size) - size // 2
    theta = np.arange(ORIENTATIONS) * np.pi / ORIENTATIONS
    responses = np.zeros((len(fields), ORIENTATIONS))
    for k, angle in enumerate(theta):
        # Stripes along `angle` change across it.
        across = place[None, :] * np.sin(angle) + place[:, None] * np.cos(angle)
        for period in _PERIODS:
            wave = np.exp(2j * np.pi * across / period)
            responses[:, k] = np.maximum(responses[:, k], np.abs(np.einsum("nyx,yx->n", centred, wave)))
    # A threshold sharpens what a linear filter does: neurons fire above half of their largest response.
    above = np.maximum(responses - 0.5 * responses.max(axis=1, keepdims=True), 0)
    resultant = (above * np.exp(2j * theta)).sum(axis=1) / np.maximum(above.sum(axis=1), 1e-12)
    return Tuning(np.abs(resultant), np.degrees(np.angle(resultant) / 2) % 180)

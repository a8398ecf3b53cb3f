"""Contrast gain control: an image, or what cells make of it, in units of its own range or in fixed units.

A retina adapts to the contrast of what it sees (Shapley and Victor 1978). Here each image sets its own gain,
at once and for the whole image. That is a stage of its own, which pixels can have as well as cells: a
comparison of cells with pixels says something of filters only where both have it, or neither.

References
----------
Shapley and Victor (1978), The effect of contrast on the transfer properties of cat retinal ganglion cells,
Journal of Physiology 285:275.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def gain_control(
    responses: NDArray[np.float32], full_response: Sequence[float] | None = None
) -> NDArray[np.float32]:
    """Return the excitation of cells, relative to the most excited cell of the same kind, or in fixed units.

    Parameters
    ----------
    responses : ndarray of float32, shape (n, n_kinds, height, width)
        Coefficients, from `bioscnn.encoding.responses`.
    full_response : sequence of float, optional
        Coefficient of each kind that becomes 1, whatever the image; larger ones become 1 too. If not given,
        the largest of each map.

    Returns
    -------
    ndarray of float32, same shape
        Positive coefficients over the largest of their map or in fixed units, 0 to 1; negative ones become 0.
    """
    positive = np.maximum(responses, 0)
    if full_response is not None:
        units = np.asarray(full_response, np.float32)
        return np.minimum(positive / units[:, None, None], 1)
    largest = positive.max(axis=(2, 3), keepdims=True)
    result: NDArray[np.float32] = positive / np.where(largest > 0, largest, 1)
    return result


def stretched(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return images whose darkest pixel is 0 and whose brightest is 1.

    Parameters
    ----------
    images : ndarray of float32, shape (n, channels, height, width)
        Intensities. All channels of an image have one range, so that a colour keeps its hue as far as it can.

    Returns
    -------
    ndarray of float32, same shape
        ``(x - min) / (max - min)`` of each image. A constant image has no contrast: it becomes 0, as cells
        are silent before it.

    Examples
    --------
    >>> stretched(np.array([[[[0.25, 0.5, 0.75]]], [[[0.5, 0.5, 0.5]]]], np.float32))[:, 0, 0]
    array([[0. , 0.5, 1. ],
           [0. , 0. , 0. ]], dtype=float32)
    """
    lowest, highest = (end(images, axis=(1, 2, 3), keepdims=True) for end in (np.min, np.max))
    spread = highest - lowest
    result: NDArray[np.float32] = (images - lowest) / np.where(spread > 0, spread, 1)
    return result

"""Names beside the points of a panel, none on another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

DIRECTIONS = np.deg2rad([90, 45, 270, 315, 135, 225, 0, 180, 20, 340, 160, 200])
"""In which a name may stand from its point, the best first: above it, or below; intervals lie beside it."""

RADII = (0.07, 0.14, 0.24, 0.36, 0.5, 0.66, 0.84)
"""How far off, in inches, the nearest first."""


def place_names(
    points: ArrayLike,
    names: Sequence[str],
    width: float,
    height: float,
    size: float,
    *,
    intervals: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Find a place for the name of each point where it covers no other name, no point and no interval.

    Names are placed one by one, in their order, each as near to its point as those before it allow; where
    no place is free, the one that covers least is taken.

    Parameters
    ----------
    points : array_like, shape (n, 2)
        From the lower left corner of the panel, in inches.
    names : sequence of str, length n
        What to write.
    width, height : float
        Of the panel, in inches.
    size : float
        Of the text, in typographic points.
    intervals : array_like, shape (n, 2), optional
        Left and right end of a horizontal line through each point, in inches.

    Returns
    -------
    ndarray of float64, shape (n, 4)
        Left, lower, right and upper end of each name, in inches.
    """
    points = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    drawn = np.hstack([points - 0.035, points + 0.035])
    if intervals is not None:
        low, high = np.asarray(intervals, dtype=np.float64).T
        drawn = np.vstack([drawn, np.column_stack([low, points[:, 1] - 0.02, high, points[:, 1] + 0.02])])
    taken = np.empty((0, 4))
    for point, name in zip(points, names, strict=True):
        boxes = _candidates(point, *text_size(name, size))
        outside = (
            np.maximum(-boxes[:, :2], 0) + np.maximum(boxes[:, 2:] - (width, height), 0)
        ).sum(axis=1)  # fmt: skip
        covered = _overlap(boxes, taken) + _overlap(boxes, drawn)
        # The order of the candidates decides between places that are equally free.
        best = int(np.argmin(np.round(covered + 0.2 * outside, 5)))
        taken = np.vstack([taken, boxes[best]])
    return taken


def shortened(name: str, most: int = 20) -> str:
    """Return a name of at most so many characters, its middle left out.

    Examples
    --------
    >>> shortened("a name that nobody would give to a class")
    'a name tha…o a class'
    """
    end_length = (most - 1) // 2
    return (
        name if len(name) <= most else f"{name[: most - end_length - 1].strip()}…{name[-end_length:].strip()}"
    )


def text_size(text: str, size: float) -> tuple[float, float]:
    """Return width and height of a line of text of a size in typographic points, in inches."""
    from matplotlib.textpath import TextPath

    extent = TextPath((0, 0), text or " ", size=size).get_extents()
    return float(extent.width) / 72 + 0.02, 1.15 * size / 72


def _candidates(point: NDArray[np.float64], wide: float, tall: float) -> NDArray[np.float64]:
    """Return the boxes in which a name may stand, the best first, shape (n_candidates, 4)."""
    boxes = []
    for radius in RADII:
        for direction in DIRECTIONS:
            across, up = np.cos(direction), np.sin(direction)
            # The nearest end of the box lies at the radius; from straight below or above, its middle.
            left = point[0] + radius * across - wide * (0.5 - 0.5 * np.clip(1.5 * across, -1, 1))
            lower = point[1] + radius * up - tall * (0.5 - 0.5 * np.clip(1.5 * up, -1, 1))
            boxes.append((left, lower, left + wide, lower + tall))
    return np.array(boxes)


def _overlap(boxes: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the area of each box that others cover, shape (n_boxes,), square inches."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    areas: NDArray[np.float64] = np.prod(np.maximum(high - low, 0), axis=2).sum(axis=1)
    return areas

"""The arithmetic of sliding a window over an image: sizes, padding, patches."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bioscnn.errors import UserError

Pair = tuple[int, int]
Padding = tuple[int, int, int, int]
NO_PADDING: Padding = (0, 0, 0, 0)


def window_grid(image: Pair, kernel: Pair, stride: Pair, padding: Padding) -> Pair:
    """Count the positions of a window on a padded image.

    Parameters
    ----------
    image, kernel, stride : (int, int)
        Height and width of the image and of the window, and the steps between windows, in pixels.
    padding : (int, int, int, int)
        Pixels added at the top, left, bottom and right, the order of ONNX.

    Returns
    -------
    (int, int)
        Windows down and across; where the stride does not divide, the rest of the image is left out.

    Raises
    ------
    UserError
        If the window is larger than the padded image, or most windows would lie on padding alone.

    Examples
    --------
    >>> window_grid((28, 28), (3, 3), (2, 2), (0, 0, 0, 0))
    (13, 13)
    """
    top, left, bottom, right = padding
    rest = (image[0] + top + bottom - kernel[0], image[1] + left + right - kernel[1])
    if min(rest) < 0:
        raise UserError(
            f"a window of {kernel[0]} x {kernel[1]} does not fit on an image of {image[0]} x {image[1]}",
            key="kernel",
            value=kernel,
            expected=f"at most {image[0] + top + bottom} x {image[1] + left + right}, the padded image",
            fix="use a smaller window, or larger images",
        )
    widest = tuple(side + window for side, window in zip(image, kernel, strict=True))
    if max(top, bottom) > widest[0] or max(left, right) > widest[1]:
        raise UserError(
            f"padding by far wider than an image of {image[0]} x {image[1]}",
            key="padding",
            value=padding,
            expected=f"at most {widest[0]} rows and {widest[1]} columns on a side, the image and a window",
        )
    return rest[0] // stride[0] + 1, rest[1] // stride[1] + 1


def windows(
    x: NDArray[np.floating], kernel: Pair, stride: Pair, padding: Padding, fill: float = 0.0
) -> NDArray[np.floating]:
    """Cut padded images into windows.

    Parameters
    ----------
    x : ndarray of float, shape (n, channels, height, width)
        The images.
    kernel, stride, padding
        As in `window_grid`.
    fill : float
        What the padding holds.

    Returns
    -------
    ndarray of float, shape (n, channels, windows down, windows across, *kernel)
        A read-only view of the padded images.
    """
    top, left, bottom, right = padding
    if any(padding):
        x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)
    view = sliding_window_view(x, (1, 1, *kernel))
    return view[:, :, :: stride[0], :: stride[1], 0, 0]


def whole_numbers(key: str, value: Iterable[int], length: int, least: int) -> tuple[int, ...]:
    """Return the numbers of a kernel, stride or padding as plain integers.

    Raises
    ------
    UserError
        Naming `key`, if they are not `length` whole numbers of at least `least`.

    Examples
    --------
    >>> whole_numbers("stride", [2, 2], length=2, least=1)
    (2, 2)
    """
    numbers = tuple(value)
    if len(numbers) != length or any(int(number) != number or number < least for number in numbers):
        raise UserError(f"not a {key}", key=key, value=numbers, expected=f"{length} whole numbers >= {least}")
    return tuple(int(number) for number in numbers)

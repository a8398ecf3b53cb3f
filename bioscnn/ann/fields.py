"""What the layers of a trained network share: shapes, arrays that cannot change, checked geometry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.windows import whole_numbers
from bioscnn.errors import UserError

Shape = tuple[int, ...]
Array = NDArray[np.floating]


def freeze(layer: object, name: str, ndim: int, length: int | None = None) -> None:
    """Replace a field of a layer by a read-only float32 copy of `ndim` dimensions."""
    array = np.array(getattr(layer, name), dtype=np.float32, order="C")
    if array.ndim != ndim or array.size == 0 or (length is not None and len(array) != length):
        expected = f"{ndim} dimensions, none of them empty"
        if length is not None:
            expected = f"shape ({length},)"
        raise UserError(f"{name} has the wrong shape", key=name, value=array.shape, expected=expected)
    array.setflags(write=False)
    object.__setattr__(layer, name, array)


def freeze_geometry(layer: object, **lengths: int) -> None:
    """Replace the kernel, stride and padding of a layer by tuples of integers."""
    for name, length in lengths.items():
        least = 0 if name == "padding" else 1
        object.__setattr__(layer, name, whole_numbers(name, getattr(layer, name), length, least))


def image_shape(shape: Shape, layer: object) -> tuple[int, int, int]:
    """Return (channels, height, width).

    Raises
    ------
    UserError
        If the shape is not that of an image.
    """
    if len(shape) != 3:
        raise UserError(
            f"{type(layer).__name__} needs an image",
            value=shape,
            expected="an input of shape (channels, height, width)",
        )
    return shape[0], shape[1], shape[2]


def single(value: float) -> float:
    """Round to the shortest decimal of the same float32, so that an ONNX file returns the same number.

    Examples
    --------
    >>> single(20e-3)
    0.02
    """
    return float(str(np.float32(value)))

"""What the arrays of an outcome look like: an outcome may have been measured elsewhere, or be damaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

Form = Mapping[str, str]
"""Arrays by name: kind and axes, such as ``"class rules trials"``. An axis is its length, or a name that
stands for one length, or ``*`` for any; an array whose name ends in ``?`` may be missing; the array ``*`` is
all others.
"""

KINDS = {"class": "iu", "int": "iu", "float": "f", "bytes": "u"}

ONNX: Form = {"onnx": "bytes *"}
"""A trained network."""


def fits(outcome: Mapping[str, NDArray[Any]], form: Form) -> bool:
    """Return whether an outcome has the arrays of a form."""
    lengths: dict[str, int] = {}
    required = {name for name in form if name != "*" and not name.endswith("?")}
    if not required <= outcome.keys():
        return False
    for name, array in outcome.items():
        described = form.get(name) or form.get(f"{name}?") or form.get("*")
        if described is None:
            return False
        kind, *axes = described.split()
        if array.dtype.kind not in KINDS[kind] or (kind == "bytes" and array.dtype.itemsize != 1):
            return False
        if len(axes) != array.ndim or (kind == "class" and array.min(initial=0) < 0):
            return False
        for axis, length in zip(axes, array.shape, strict=True):
            if axis == "*":
                continue
            if length != (int(axis) if axis.isdecimal() else lengths.setdefault(axis, length)):
                return False
    return True

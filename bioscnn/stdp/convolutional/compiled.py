"""The compiled functions of ``layer.cpp``: built once per machine, cached, and called with NumPy arrays."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import ClassVar

from bioscnn.errors import UserError

SOURCE = Path(__file__).with_name("layer.cpp")


class Shape(ctypes.Structure):
    """Sizes of a layer, as in ``layer.cpp``."""

    _fields_: ClassVar = [
        (name, ctypes.c_int32)
        for name in ("channels", "height", "width", "maps", "kernel", "padding", "out_height", "out_width",
                     "steps", "leaky")
    ]  # fmt: skip


class Membrane(ctypes.Structure):
    """Threshold, and what a step does to a leaky membrane, as in ``layer.cpp``."""

    _fields_: ClassVar = [(name, ctypes.c_float) for name in ("threshold", "decay_V", "decay_I", "I_to_V")]


class _Library:
    """What decides what the compiled library looks like, for `bioscnn.simulation.program`."""

    arguments: ClassVar[tuple[str, ...]] = ()

    def key(self) -> str:
        from bioscnn.simulation.shape import made_by

        own = SOURCE.read_bytes() + Path(__file__).read_bytes()
        parts = [*made_by(), hashlib.sha256(own).hexdigest()]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]

    def write(self, folder: Path) -> list[list[str]]:
        from bioscnn.simulation.build import COMPILER_FLAGS

        folder.mkdir(parents=True)
        compiler = os.environ.get("CXX", "g++")
        return [[compiler, *COMPILER_FLAGS, "-shared", "-fPIC", str(SOURCE), "-o", "main"]]


@cache
def library() -> ctypes.CDLL:
    """Return the compiled functions; the first call on a machine takes a few seconds.

    Raises
    ------
    UserError
        Without a C++ compiler, or if the cache folder cannot be written or holds something damaged.
    """
    from bioscnn.simulation.program import build, obtain

    shape = _Library()
    program = obtain(shape) or build(shape, _Library.write)
    try:
        loaded = ctypes.CDLL(str(program.executable))
    except OSError as error:
        raise UserError(
            "the compiled layers cannot be loaded",
            file=program.executable,
            value=str(error),
            fix="remove that folder: it is made anew",
        ) from None
    for name in ("first_spikes", "peak_potentials", "learn"):
        getattr(loaded, name).restype = None
    return loaded

"""Arrays in an npz file, of which some rows are read without the others.

An npz file is a zip file of npy files; an npy file is a header, which says type and shape, and the numbers.
Nothing in either is run: NumPy reads the header as a literal, and objects are refused.
"""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from bioscnn.datasets.contents import FETCH_AGAIN
from bioscnn.errors import UserError
from bioscnn.files import LARGEST_UNPACKED, NPY_DAMAGE, require_file
from bioscnn.large_arrays import large_array

MOST_PACKED = 100
"""Bytes of an npz file of more than `LARGEST_UNPACKED` for each of its bytes on the disk, at most."""

MOST_ROWS = 10**7
"""Examples or events in a file that has fewer bytes on the disk: labels take more memory than in the file."""

_PIECE = 1 << 24  # bytes read at a time


@dataclass(frozen=True)
class NpyMember:
    """An array in an npz file, not read yet."""

    file: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def rows(self, chosen: NDArray[np.int64]) -> NDArray[Any]:
        """Return some rows in the order given; the others pass by.

        Raises
        ------
        UserError
            If the file ends early or is damaged.
        """
        chosen_rows = large_array((len(chosen), *self.shape[1:]), self.dtype)
        if not len(chosen):
            return chosen_rows
        order = np.argsort(chosen, kind="stable")
        in_order = chosen[order]
        size = max(1, self.dtype.itemsize * math.prod(self.shape[1:]))
        at_once = max(1, _PIECE // size)
        try:
            with zipfile.ZipFile(self.file) as archive, archive.open(f"{self.name}.npy") as member:
                npy_header(member)
                place = 0
                for first in range(0, int(in_order[-1]) + 1, at_once):
                    count = min(at_once, self.shape[0] - first)
                    content = np.frombuffer(member.read(count * size), self.dtype)
                    piece = content.reshape(count, *self.shape[1:])
                    end = int(np.searchsorted(in_order, first + count))
                    chosen_rows[order[place:end]] = piece[in_order[place:end] - first]
                    place = end
        except NPY_DAMAGE as error:
            raise self.damaged(error) from error
        return chosen_rows

    def damaged(self, error: BaseException) -> UserError:
        """Return the error of an array that cannot be read."""
        return UserError(
            "the npz file is damaged", file=self.file, key=self.name, value=str(error), fix=FETCH_AGAIN
        )


def open_npz(file: Path) -> dict[str, NpyMember]:
    """Return the arrays of an npz file by name, none of them read.

    Raises
    ------
    UserError
        If there is no such file, it is no npz file, it unpacks to far more than it is, or an array holds
        Python objects or nothing, is stored column by column, or is not of the length that its header says.
    """
    members = {}
    require_file(file, expected="an npz file")
    try:
        with zipfile.ZipFile(file) as archive:
            size = file.stat().st_size
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > max(LARGEST_UNPACKED, MOST_PACKED * size):
                raise UserError(
                    "the file unpacks to far more than it is",
                    file=file,
                    value=f"{unpacked:,} bytes of {size:,}",
                    expected=f"at most {LARGEST_UNPACKED:,}, or {MOST_PACKED} for each byte of the file",
                    fix="store it without compression, by numpy.savez",
                )
            for entry in archive.infolist():
                if not entry.filename.endswith(".npy"):
                    continue
                name = entry.filename.removesuffix(".npy")
                with archive.open(entry) as stored:
                    shape, by_columns, dtype = npy_header(stored)
                    length = entry.file_size - stored.tell()
                members[name] = NpyMember(file, name, shape, dtype)
                if dtype.hasobject:
                    raise UserError("Python objects are not read", file=file, key=name, value=str(dtype))
                if not dtype.itemsize:
                    raise UserError("values of no size", file=file, key=name, value=str(dtype))
                if shape and shape[0] > max(MOST_ROWS, size):
                    raise UserError(
                        "more rows than the file has bytes",
                        file=file,
                        key=name,
                        value=f"{shape[0]:,}",
                        expected=f"at most {MOST_ROWS:,} rows, or one for each byte of the file",
                        fix="store it without compression, by numpy.savez",
                    )
                if by_columns and len(shape) > 1:
                    raise UserError(
                        "an array that is stored column by column",
                        file=file,
                        key=name,
                        fix=f"store numpy.ascontiguousarray({name})",
                    )
                if length != dtype.itemsize * math.prod(shape):
                    raise ValueError(f"{name} has {length} bytes of numbers")
    except FileNotFoundError:
        raise UserError("no such file", file=file, key="dataset.name", expected="an npz file") from None
    except NPY_DAMAGE as error:
        raise UserError(
            "not an intact npz file", file=file, value=str(error), expected="arrays x and y, of numpy.savez"
        ) from error
    return members


def npy_header(stored: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read the header of an npy file: shape, whether it is stored column by column, and type."""
    readers: dict[Any, Any] = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    version: Any = npy.read_magic(stored)  # type: ignore[no-untyped-call]
    if version not in readers:
        raise ValueError(f"npy format {version}")
    shape, by_columns, dtype = readers[version](stored)
    return shape, by_columns, dtype

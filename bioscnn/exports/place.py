"""Where an export goes, and that it is whole or not there at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bioscnn.errors import UserError
from bioscnn.files import scratch_for_results, unwritable_is_told

if TYPE_CHECKING:
    from h5py import File


def is_hdf5(path: Path, earlier: Callable[[File], bool]) -> bool:
    """Return whether a path is an HDF5 file, and one of which `earlier` is true."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return earlier(file)
    except (OSError, KeyError, ValueError, RuntimeError):
        return False


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path, whose file takes the place of `path` when all went well.

    Raises
    ------
    UserError
        If the path is a folder, or its folder does not exist or cannot be written.
    """
    if path.is_dir():
        raise UserError("a file is written, and this is a folder", file=path, fix=f"write {path / 'NAME'}")
    if not path.parent.is_dir():
        raise UserError("the folder does not exist", file=path.parent, fix="make it, or choose another --out")
    with unwritable_is_told(path.parent), scratch_for_results(path.parent, ".export") as scratch:
        yield scratch / path.name
        (scratch / path.name).replace(path)

"""Where an export goes, and that it is whole or not there at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bioscnn.errors import UserError
from bioscnn.files import free_place, scratch_for_results, unwritable_is_told
from bioscnn.hdf5 import DAMAGE, open_hdf5

if TYPE_CHECKING:
    from h5py import File


def place_of_hdf5(
    out: Path | None, usual: Path, earlier: Callable[[File], bool], only: Sequence[str] | None
) -> Path:
    """Return where an HDF5 file may be written: as `free_place`, where `earlier` knows our own exports.

    It reads `only` some members of the root, as `open_hdf5` does.
    """

    def ours(path: Path) -> bool:
        try:
            with open_hdf5(path, only=only) as file:
                return earlier(file)
        except (*DAMAGE, UserError):
            return False

    return free_place(out, usual, ours)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path, whose file takes the place of `path` when all went well.

    Raises
    ------
    UserError
        If its folder does not exist or cannot be written.
    """
    if not path.parent.is_dir():
        raise UserError("the folder does not exist", file=path.parent, fix="make it, or choose another --out")
    with unwritable_is_told(path.parent), scratch_for_results(path.parent, ".export") as scratch:
        yield scratch / path.name
        (scratch / path.name).replace(path)

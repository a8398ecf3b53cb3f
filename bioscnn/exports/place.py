"""Where an export goes, and that it is whole or not there at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bioscnn.errors import UserError
from bioscnn.files import scratch_for_results, unwritable_is_told


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

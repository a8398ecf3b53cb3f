"""Where data sets are looked for: in the data folder, which the user keeps, then among the downloads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from bioscnn.caches import cache_folder
from bioscnn.errors import UserError
from bioscnn.files import path_of

VARIABLE = "BIOSCNN_DATA"


def data_folder(data: Path | None) -> Path | None:
    """Return the data folder: ``data``, else what BIOSCNN_DATA says, else None.

    Raises
    ------
    UserError
        If the folder does not exist.
    """
    key = "data" if data is not None else VARIABLE
    named = data if data is not None else os.environ.get(VARIABLE)
    if not named:
        return None
    folder = path_of(named, "data", "the path of a data folder")
    if not folder.is_dir():
        raise UserError(
            "no such data folder",
            file=folder,
            key=key,
            fix="give the folder above MNIST/, or none at all for the embedded digits",
        )
    return folder


def places(folder: Path | None) -> Iterator[tuple[Literal["data folder", "downloaded"], Path]]:
    """Return where real recordings and photographs are looked for, in that order."""
    if folder is not None:
        yield "data folder", folder
    yield "downloaded", cache_folder()

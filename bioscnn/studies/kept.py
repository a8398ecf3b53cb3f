"""What was computed, kept in a file so that it need not be computed again."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from bioscnn.files import write_npz

Decided = dict[str, NDArray[np.int64]]
"""Classes by the name of what chose them; the first axis are trials."""


def kept(path: Path) -> dict[str, NDArray[Any]] | None:
    """Return what `bioscnn.files.write_npz` wrote; None if it is not there or damaged."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, BadZipFile):
        return None


def keep_decided(decided: Decided, path: Path) -> None:
    """Write classes that trials were given to an .npz file.

    Raises
    ------
    UserError
        If it cannot be written.
    """
    write_npz(path, {name: classes.astype(np.int16) for name, classes in decided.items()})


def kept_decided(path: Path) -> Decided | None:
    """Return what `keep_decided` wrote; None if it is not there or damaged."""
    found = kept(path)
    return None if found is None else {name: classes.astype(np.int64) for name, classes in found.items()}

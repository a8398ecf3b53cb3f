"""Classes that trials were given, kept in a file so that they need not be computed again."""

from __future__ import annotations

import io
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from bioscnn.files import write_atomically

Decided = dict[str, NDArray[np.int64]]
"""Classes by the name of what chose them; the first axis are trials."""


def keep(decided: Decided, path: Path) -> None:
    """Write classes to an .npz file.

    Raises
    ------
    UserError
        If it cannot be written.
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: classes.astype(np.int16) for name, classes in decided.items()})  # type: ignore[arg-type]
    write_atomically(path, buffer.getvalue())


def kept(path: Path) -> Decided | None:
    """Return what `keep` wrote; None if it is not there or damaged."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            return {name: file[name].astype(np.int64) for name in file.files}
    except (OSError, ValueError, BadZipFile):
        return None

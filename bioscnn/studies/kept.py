"""Classes that trials were given, kept in a file so that they need not be computed again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioscnn.files import read_npz, write_npz

Decided = dict[str, NDArray[np.int64]]
"""Classes by the name of what chose them; the first axis are trials."""


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
    arrays = read_npz(path)
    return None if arrays is None else {name: classes.astype(np.int64) for name, classes in arrays.items()}

"""Files that are either whole or absent."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from bioscnn.errors import UserError


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write a file under a temporary name and move it into place, so that no reader sees half of it.

    Raises
    ------
    UserError
        If the folder does not exist or cannot be written.
    """
    path = Path(path)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    except OSError as error:
        raise UserError(f"cannot write: {error.strerror}", file=path, fix="choose another folder") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        # mkstemp makes files that only their owner can read.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise

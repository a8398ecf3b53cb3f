"""The bytes of a file, gzipped or not."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from bioscnn.errors import UserError

FETCH_AGAIN = "copy or download the file again"


def read_content(path: Path) -> bytes:
    """Read a file, unpacked if its first bytes say gzip, whatever its name.

    Raises
    ------
    UserError
        If the file cannot be read or its gzip stream is damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError("cannot read the file", file=path, value=error.strerror) from error
    return unpack(content, path)


def unpack(content: bytes, file: str | Path) -> bytes:
    """Undo gzip where the first two bytes announce it; ``file`` is named in errors."""
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except EOFError as error:
        raise UserError(
            f"the gzip file is truncated: it ends at byte {len(content)}",
            file=file,
            expected="a complete gzip stream",
            fix=FETCH_AGAIN,
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UserError("the gzip file is damaged", file=file, value=str(error), fix=FETCH_AGAIN) from error

"""The bytes of a file, gzipped or not."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path

from bioscnn.errors import UserError
from bioscnn.files import read_bytes, require_file

FETCH_AGAIN = "copy or download the file again"
MOST_BYTES = 1_000_000_000
"""Of an unpacked file: twenty times the largest of MNIST."""

_GZIP = b"\x1f\x8b"


def read_content(path: Path) -> bytes:
    """Read a file, unpacked if its first bytes say gzip, whatever its name.

    Raises
    ------
    UserError
        If the file cannot be read or its gzip stream is damaged.
    """
    return unpack(read_bytes(path, MOST_BYTES), path)


def read_start(path: Path, length: int) -> bytes:
    """Read the first bytes of what `read_content` returns, without unpacking the rest.

    They are none if the file cannot be read or is damaged; `read_content` says why.
    """
    try:
        require_file(path)
        with path.open("rb") as stored:
            packed = stored.read(2) == _GZIP
            stored.seek(0)
            return (gzip.GzipFile(fileobj=stored) if packed else stored).read(length)
    except (UserError, OSError, EOFError, zlib.error):
        return b""


def unpack(content: bytes, file: str | Path) -> bytes:
    """Undo gzip where the first two bytes announce it; ``file`` is named in errors.

    Raises
    ------
    UserError
        If the gzip stream is damaged, or unpacks to more than `MOST_BYTES`.
    """
    if content[:2] != _GZIP:
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            unpacked = packed.read(MOST_BYTES + 1)
    except EOFError as error:
        raise UserError(
            f"the gzip file is truncated: it ends at byte {len(content)}",
            file=file,
            expected="a complete gzip stream",
            fix=FETCH_AGAIN,
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UserError("the gzip file is damaged", file=file, value=str(error), fix=FETCH_AGAIN) from error
    if len(unpacked) > MOST_BYTES:
        raise UserError(
            "the gzip file unpacks to too much",
            file=file,
            expected=f"at most {MOST_BYTES:,} bytes",
            fix="do not trust this file",
        )
    return unpacked

"""Downloads that are verified, kept, and never left half done under their own name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bioscnn.errors import UserError
from bioscnn.locks import locked

if TYPE_CHECKING:
    from requests import Response

Progress = Callable[[int, int], None]
"""Called with the bytes that are here and the bytes of the whole (0 if unknown)."""

_PIECE = 1 << 16  # bytes; of a piece that is not whole when the connection breaks, nothing is kept
_PATIENCE = 30  # s without a byte


def retrieve(
    urls: Sequence[str],
    md5: str,
    target: Path,
    *,
    otherwise: str,
    resumed: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Return ``target``, downloading it first where it is missing or has another md5.

    The download goes to the name with ``.part``, is checked, and only then gets its own name. Of two
    processes that want the same file, the second waits for the first one's.

    Parameters
    ----------
    urls : sequence of str
        Mirrors of the same file, tried in order.
    md5 : str
        Of the file as served.
    target : path
        Where to keep it.
    otherwise : str
        What the user can do if no mirror delivers the right file.
    resumed : bool
        Whether what has come of a download that breaks off stays, and the next call goes on from there. Of a
        process that was killed it stays in any case.
    progress : callable, optional
        Told of the bytes as they come.

    Raises
    ------
    UserError
        If no mirror delivers the right file, or the folder cannot be written.
    """
    from requests.exceptions import RequestException

    part, failures = target.with_name(f"{target.name}.part"), []
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.with_name(f".{target.name}.lock")):
            if target.is_file() and _md5_of(target) == md5:
                return target
            for url in urls:
                try:
                    _download_rest(url, part, progress)
                    if _md5_of(part) != md5:
                        part.unlink()
                        raise ValueError("the file there has another md5")
                    part.replace(target)
                except (RequestException, ValueError) as error:
                    failures.append(f"{url}: {_reason(error)}")
                    if not resumed:
                        part.unlink(missing_ok=True)
                else:
                    return target
    except OSError as error:
        raise UserError(
            f"cannot download {target.name}: {error.strerror or error}",
            file=target.parent,
            fix="free some space there, or name another cache folder in BIOSCNN_CACHE",
        ) from error
    raise UserError(
        f"cannot download {target.name}",
        value="; ".join(failures),
        expected=f"a file with md5 {md5}",
        fix=otherwise,
    )


def _download_rest(url: str, part: Path, progress: Progress | None) -> None:
    """Append to ``part`` what it lacks, asking again for as long as every answer brings something."""
    from requests.exceptions import ChunkedEncodingError, ConnectionError, Timeout

    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            _append(url, part, before, progress)
        except (ChunkedEncodingError, ConnectionError, Timeout):
            if not part.exists() or part.stat().st_size <= before:
                raise
        else:
            return


def _append(url: str, part: Path, have: int, progress: Progress | None) -> None:
    """Ask for the bytes from ``have`` on; a server that sends all of them starts the file anew."""
    import requests

    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=_PATIENCE) as answer:
        if answer.status_code == 416:
            return  # nothing is lacking; if it is another file, its md5 says so
        answer.raise_for_status()
        begin = _first_byte(answer)
        if begin not in (None, have):
            raise ValueError(f"the server sent the bytes from {begin} on instead of those from {have} on")
        have = begin or 0
        total = have + int(answer.headers.get("Content-Length", -have))
        with part.open("ab" if have else "wb") as file:
            for piece in answer.iter_content(_PIECE):
                file.write(piece)
                have += len(piece)
                if progress is not None:
                    progress(have, total)


def _first_byte(answer: Response) -> int | None:
    """Return where a partial answer begins, or None if it is the whole file."""
    begin = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return int(begin[1]) if begin and answer.status_code == 206 else None


def _md5_of(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, partial(hashlib.md5, usedforsecurity=False)).hexdigest()


def _reason(error: OSError | ValueError) -> str:
    from requests.exceptions import ConnectionError

    return "no connection" if isinstance(error, ConnectionError) else str(error)

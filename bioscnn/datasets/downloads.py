"""Downloads that are verified, kept, and never left half done under their own name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bioscnn.errors import UserError

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

    The download goes to a temporary name, is checked, and only then gets its own name, so that a failed
    or wrong download leaves nothing behind.

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
        Whether a download that breaks off goes on where it stopped, in the next call too: what has come
        stays beside ``target`` under its name and ``.part``.
    progress : callable, optional
        Told of the bytes as they come, if ``resumed``.

    Raises
    ------
    UserError
        If no mirror delivers the right file.
    """
    import pooch

    def resume(url: str, output: str, _: object) -> None:
        part = target.with_name(f"{target.name}.part")
        _download_rest(url, part, progress)
        part.replace(output)

    failures = []
    for url in urls:
        try:
            pooch.retrieve(
                url,
                f"md5:{md5}",
                fname=target.name,
                path=target.parent,
                downloader=resume if resumed else None,
            )
        except (OSError, ValueError) as error:
            failures.append(f"{url}: {_reason(error)}")
        else:
            return target
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
            raise OSError(f"the server sent the bytes from {begin} on instead of those from {have} on")
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


def _reason(error: OSError | ValueError) -> str:
    from requests.exceptions import ConnectionError, RequestException

    if isinstance(error, ConnectionError):
        return "no connection"
    if isinstance(error, ValueError) and not isinstance(error, RequestException):
        return "the file there has another md5"
    return str(error)

"""Downloads that are verified, kept, and never left half done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bioscnn.errors import UserError


def retrieve(urls: Sequence[str], md5: str, target: Path, *, otherwise: str) -> Path:
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

    Raises
    ------
    UserError
        If no mirror delivers the right file.
    """
    import pooch

    failures = []
    for url in urls:
        try:
            pooch.retrieve(url, f"md5:{md5}", fname=target.name, path=target.parent)
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


def _reason(error: OSError | ValueError) -> str:
    from requests.exceptions import ConnectionError, RequestException

    if isinstance(error, ConnectionError):
        return "no connection"
    if isinstance(error, ValueError) and not isinstance(error, RequestException):
        return "the file there has another md5"
    return str(error)

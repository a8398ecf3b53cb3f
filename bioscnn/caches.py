"""Where downloads, compiled programs, and texts and arrays that tell when they are damaged are kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bioscnn.errors import UserError
from bioscnn.files import read_npz, write_atomically, write_npz


def cache_folder() -> Path:
    """Return the cache folder, absolute: ``BIOSCNN_CACHE`` if set, else the platform's own place."""
    import platformdirs

    return Path(os.environ.get("BIOSCNN_CACHE") or platformdirs.user_cache_dir("bioscnn")).absolute()


def keep_text(path: Path, text: str) -> None:
    """Write a text behind its hash; nothing is kept where the folder cannot be written."""
    with suppress(OSError, UserError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, f"{_hash(text)}\n{text}".encode())


def kept_text(path: Path) -> str | None:
    """Return a text that `keep_text` has written; None if it is not there, or damaged."""
    with suppress(OSError, UnicodeDecodeError):
        written, _, text = path.read_bytes().decode().partition("\n")
        if written == _hash(text):
            return text
    return None


def kept_arrays(
    kind: str,
    decided_by: str,
    compute: Callable[[], dict[str, Any]],
    fits: Callable[[dict[str, Any]], bool],
) -> dict[str, Any]:
    """Return arrays by name from the cache folder, or compute them and keep them there.

    Parameters
    ----------
    kind : str
        Folder in the cache folder.
    decided_by : str
        Hash of all that decides them, their code included.
    compute : callable
        Returns them.
    fits : callable
        Whether what was read can be what `compute` returns; if not, it is computed again.
    """
    path = cache_folder() / kind / f"{decided_by}.npz"
    stored = read_npz(path)
    if stored is not None and fits(stored):
        return stored
    arrays = compute()
    with suppress(OSError, UserError):  # where the folder cannot be written, they are computed each time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_npz(path, arrays)
    return arrays


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]

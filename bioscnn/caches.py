"""Where downloads and compiled programs are kept between runs, and texts that tell when they are damaged."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from bioscnn.errors import UserError
from bioscnn.files import write_atomically


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


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]

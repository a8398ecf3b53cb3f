"""Where downloads, compiled programs, and texts and arrays that tell when they are damaged are kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.errors import UserError
from bioscnn.files import read_npz, write_atomically, write_npz

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
    key: str,
    shapes: Mapping[str, tuple[int, ...]],
    dtype: str,
    compute: Callable[[], dict[str, NDArray[Any]]],
) -> dict[str, NDArray[Any]]:
    """Return arrays from the cache folder, or compute them and keep them there.

    Parameters
    ----------
    kind : str
        Folder in the cache folder.
    key : str
        Hash of all that decides the arrays, their code included.
    shapes : mapping
        Of all arrays, by name. A file with others, or with numbers that are not finite, is not used.
    dtype : str
        Of all arrays, such as ``"float64"``.
    compute : callable
        Returns the arrays by name.
    """
    path = cache_folder() / kind / f"{key}.npz"
    stored = read_npz(path)
    if stored is not None and _are(stored, shapes, dtype):
        return stored
    arrays = compute()
    keep_arrays(path, arrays)
    return arrays


def keep_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays; where the folder cannot be written, nothing is kept, and they are computed each time."""
    with suppress(OSError, UserError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_npz(path, arrays)


def _are(arrays: Mapping[str, NDArray[Any]], shapes: Mapping[str, tuple[int, ...]], dtype: str) -> bool:
    """Whether arrays have these names and shapes and this type, and all of their numbers are finite."""
    from numpy import isfinite

    return {name: array.shape for name, array in arrays.items()} == dict(shapes) and all(
        array.dtype == dtype and isfinite(array).all() for array in arrays.values()
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]

"""Folder trees of recordings: one folder a class, one file a recording."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError


@dataclass(frozen=True)
class Numbered:
    """The files of some classes, each with the number of the image that it shows."""

    paths: list[Path]
    labels: NDArray[np.int64]  # position of the class, shape (n,)
    numbers: NDArray[np.int64]  # as in the file names, from 1, shape (n,)


def subfolder(folder: Path, name: str) -> Path | None:
    """Return the subfolder of that name, whatever its case, hyphens and underscores, or None.

    ``N-MNIST``, ``N_MNIST`` and ``nmnist`` are one name.
    """
    if not folder.is_dir():
        return None
    alike = (path for path in folder.iterdir() if _plain(path.name) == _plain(name) and path.is_dir())
    return min(alike, default=None)


def list_numbered(folders: Sequence[Path], name: str, largest: Sequence[int]) -> Numbered:
    """List the files of each class, in the order of their numbers, without reading any.

    Parameters
    ----------
    folders : sequence of path
        One a class. A folder that does not exist is a class without files.
    name : str
        What the files are called, such as ``"image_0000.bin"``, zeros for the digits of the number. Files
        with another ending are left alone.
    largest : sequence of int
        The largest number of each class.

    Raises
    ------
    UserError
        If a file has the right ending and another name.
    """
    pattern, ending = re.compile(re.sub("0+", r"([0-9]+)", re.escape(name))), Path(name).suffix
    numbered = []
    for label, folder in enumerate(folders):
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.suffix != ending or path.name.startswith("."):
                continue
            match = pattern.fullmatch(path.name)
            if not match or not 1 <= int(match[1]) <= largest[label] or len(path.name) != len(name):
                digits = name.count("0")
                raise UserError(
                    "not a file of this data set",
                    file=path,
                    expected=f"a name from {name.replace('0' * digits, f'{1:0{digits}}')} "
                    f"to {name.replace('0' * digits, f'{largest[label]:0{digits}}')}",
                    fix="move it elsewhere",
                )
            numbered.append((label, int(match[1]), path))
    numbered.sort()
    return Numbered(
        [path for _, _, path in numbered],
        np.array([label for label, _, _ in numbered], np.int64),
        np.array([number for _, number, _ in numbered], np.int64),
    )


def turns(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return an order in which the classes take turns, each in its own order, so that any front is balanced.

    Examples
    --------
    >>> turns(np.array([0, 0, 0, 1, 1])).tolist()
    [0, 3, 1, 4, 2]
    """
    rank = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        rank[rows] = np.arange(len(rows))
    order: NDArray[np.int64] = np.lexsort((labels, rank))
    return order


def wrong_layout(folder: Path, expected: str) -> UserError:
    """Return the error of a folder that holds something else than it should."""
    return UserError(
        "the folder has another layout", file=folder, value=_some(folder.iterdir()), expected=expected
    )


def _some(paths: Iterable[Path]) -> str:
    names = sorted(f"{path.name}/" if path.is_dir() else path.name for path in paths)
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "") or "nothing"


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")

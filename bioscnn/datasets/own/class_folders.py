"""Folders of files, one folder a class, in parts ``train``, ``validation`` and ``test`` or in none."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets.own.classes import check_classes
from bioscnn.datasets.own.splits import ALL
from bioscnn.errors import UserError

PARTS = {name: name for name in ("train", "validation", "test")} | dict.fromkeys(
    ("val", "valid"), "validation"
)
"""Names of folders that are parts, and of which."""

CLUTTER = ("thumbs.db", "desktop.ini")
"""Files that systems leave behind, in lower case; and hidden ones."""


@dataclass(frozen=True, eq=False)
class ClassFolders:
    """The files of a data set, none of them read.

    Parameters
    ----------
    root : Path
        The folder.
    paths : list of Path
        The files of each part, class by class, in the order of their names.
    labels : ndarray of int64, shape (n,)
        Class of each file.
    classes : tuple of str
        Names of the classes: those of the folders, in order.
    part_rows : dict of ndarray of int64
        Rows of each part; of `ALL` if there are none.
    """

    root: Path
    paths: list[Path]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    part_rows: dict[str, NDArray[np.int64]]


def list_classes(root: Path, endings: Sequence[str]) -> ClassFolders:
    """List a folder per class, in parts or in none, without reading a file.

    Folders named train, validation (or val, valid) and test are parts if there are no others, and hold
    the folders of the classes.

    Parameters
    ----------
    root : Path
        The folder.
    endings : sequence of str
        Of the names of files that are read, in lower case.

    Raises
    ------
    UserError
        If there is no such folder, it has another layout, a class is empty or in one part alone, a file has
        another ending, leaves the folder by a link, or is there twice.
    """
    if not root.is_dir():
        raise UserError("no such folder", file=root, key="dataset.name", expected="a folder per class")
    parts = _parts(root) or {ALL: root}
    classes: tuple[str, ...] | None = None
    paths: list[Path] = []
    labels: list[int] = []
    part_rows: dict[str, NDArray[np.int64]] = {}
    seen: dict[tuple[int, int], Path] = {}
    inside = root.resolve()
    for part, folder in parts.items():
        class_folders = list(_folders(folder))
        _refuse_loose(folder, endings)
        own = check_classes([class_folder.name for class_folder in class_folders], folder)
        if classes is not None and own != classes:
            differing = sorted(set(own) ^ set(classes))
            raise UserError(
                "the parts have other classes",
                file=folder,
                key="class",
                value=", ".join(differing[:5]),
                expected="the same folders of classes in each part",
            )
        classes, start = own, len(paths)
        for label, of_class in enumerate(class_folders):
            files = list(_files(of_class, endings, inside, seen))
            if not files:
                raise UserError(
                    "a class without examples",
                    file=of_class,
                    expected=f"files {', '.join(f'*{ending}' for ending in endings)}",
                    fix="remove the folder, or put examples into it",
                )
            paths += files
            labels += [label] * len(files)
        part_rows[part] = np.arange(start, len(paths))
    assert classes is not None
    return ClassFolders(root, paths, np.array(labels, np.int64), classes, part_rows)


def _parts(root: Path) -> dict[str, Path]:
    """Return the folders that are parts; none if there are others, or they hold no folders of classes."""
    folders = list(_folders(root))
    parts = {PARTS.get(folder.name.lower(), ""): folder for folder in folders}
    whole = len(parts) == len(folders) and "" not in parts and all(list(_folders(part)) for part in folders)
    return parts if whole and ("train" in parts or "test" in parts) else {}


def _folders(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _refuse_loose(folder: Path, endings: Sequence[str]) -> None:
    """Refuse examples that lie in no class."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in endings and not path.name.startswith(".") and path.is_file():
            raise UserError(
                "an example that belongs to no class",
                file=path,
                expected="a folder per class, with the examples in it",
                fix="move it into the folder of its class, or elsewhere",
            )


def _refuse_outside(path: Path, inside: Path) -> None:
    try:
        target = path.resolve()
    except (OSError, RuntimeError) as error:  # links in a circle
        raise UserError("a link that leads nowhere", file=path, fix="remove it") from error
    if not target.is_relative_to(inside):
        raise UserError(
            "a link that leaves the folder",
            file=path,
            value=str(target),
            expected=f"files below {inside}",
            fix="copy what it names into the folder",
        )


def _files(
    folder: Path, endings: Sequence[str], inside: Path, seen: dict[tuple[int, int], Path]
) -> Iterator[Path]:
    """Yield the examples of a class, each once."""
    _refuse_outside(folder, inside)
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name.lower() in CLUTTER:
            continue
        if path.is_symlink():
            _refuse_outside(path, inside)
        try:
            status = path.stat()
        except OSError as error:
            raise UserError("cannot read the file", file=path, value=error.strerror) from error
        if stat.S_ISDIR(status.st_mode):
            raise UserError(
                "a folder in the folder of a class",
                file=path,
                expected="a folder per class, in parts train, validation (val, valid) and test, or in none",
                fix="move its files into the folder of their class, or give the parts these names alone",
            )
        if not stat.S_ISREG(status.st_mode) or path.suffix.lower() not in endings:
            raise UserError(
                "no file that is read here",
                file=path,
                expected=f"in the folder of a class, {', '.join(f'*{ending}' for ending in endings)} alone",
                fix="convert it, or move it elsewhere",
            )
        first_path = seen.setdefault((status.st_dev, status.st_ino), path)
        if first_path is not path and os.name != "nt":
            raise UserError(
                "one file is an example twice, and could be in training and in testing",
                file=path,
                value=str(first_path),
                fix="remove one of the two links",
            )
        yield path

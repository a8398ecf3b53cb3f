"""Images and labels in an npz file: x and y, or x_train, y_train, x_test, y_test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets.own.class_folders import PARTS
from bioscnn.datasets.own.classes import MOST, check_labels, check_labels_header, classes_of
from bioscnn.datasets.own.npy_stream import NpyMember, open_npz
from bioscnn.datasets.own.splits import ALL, SPLITS
from bioscnn.errors import UserError
from bioscnn.files import NPY_DAMAGE

NAMES = "classes"
"""Array of the names of the classes, which may be left out."""

_EXPECTED = "x and y; or x_train, y_train, x_test, y_test, and, if you like, x_validation, y_validation"


@dataclass(frozen=True, eq=False)
class NpzArrays:
    """Images of an npz file, which are read when they are asked for.

    Parameters
    ----------
    images : dict of NpyMember
        Images of each part.
    labels : ndarray of int64, shape (n,)
        Of all parts, one after the other.
    classes : tuple of str
        Their names.
    part_rows : dict of ndarray of int64
        Rows of each part.
    """

    images: Mapping[str, NpyMember]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    part_rows: dict[str, NDArray[np.int64]]

    def examples(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return images of one part, shape (n, channels, height, width): uint8, or float32 from 0 to 1."""
        part = next(name for name, own in self.part_rows.items() if np.isin(rows[0], own))
        member = self.images[part]
        images = member.rows(rows - self.part_rows[part][0])
        if images.ndim == 3:
            images = images[:, None]
        if images.dtype == np.uint8:
            return images
        images = images.astype(np.float32, copy=False)
        _check_range(images, member)
        return images


def find_arrays(file: Path) -> NpzArrays:
    """Find the images and read the labels of an npz file.

    Raises
    ------
    UserError
        If arrays are missing, are of a part beside data without parts, or of another kind, shape or length.
    """
    members = open_npz(file)
    plain = "x" in members or "y" in members
    named = [part for part in SPLITS if f"x_{part}" in members or f"y_{part}" in members]
    parts = {ALL: ""} if plain else {part: f"_{part}" for part in named}
    for name in (f"{array}_{part}" for part in PARTS for array in "xy"):
        if name in members and name[1:] not in parts.values():
            raise UserError(
                "an array that would be left out",
                file=file,
                key=name,
                expected=_EXPECTED,
                fix="name the arrays so, or store what does not belong to them in another file",
            )
    images: dict[str, NpyMember] = {}
    labels, part_rows, first = [], {}, 0
    for part, ending in parts.items():
        for name in (f"x{ending}", f"y{ending}"):
            if name not in members:
                raise _missing(file, members, name)
        own = _images_of(members[f"x{ending}"], images)
        stored = members[f"y{ending}"]
        check_labels_header(stored.shape, stored.dtype, own.shape[0], file, stored.name)
        numbers = check_labels(stored.rows(np.arange(stored.shape[0])), own.shape[0], file, stored.name)
        images[part], part_rows[part] = own, np.arange(first, first + len(numbers))
        labels.append(numbers)
        first += len(numbers)
    if not labels or not first:
        raise _missing(file, members, "x")
    every = np.concatenate(labels)
    return NpzArrays(images, every, classes_of(every, _names(members), file), part_rows)


def _images_of(member: NpyMember, others: Mapping[str, NpyMember]) -> NpyMember:
    shape, kind = member.shape, member.dtype
    one_or_three = len(shape) == 3 or (len(shape) == 4 and shape[1] in (1, 3))
    last = len(shape) == 4 and shape[1] not in (1, 3) and shape[3] in (1, 3)
    if not (kind == np.uint8 or kind.kind == "f") or not one_or_three or 0 in shape:
        raise UserError(
            "no images",
            file=member.file,
            key=member.name,
            value=f"{kind} of shape {shape}",
            expected="uint8 or float of shape (n, height, width) or (n, channels, height, width), "
            "channels 1 or 3",
            fix=f"store {member.name}.transpose(0, 3, 1, 2)" if last else None,
        )
    for other_part in others.values():
        if (shape[1:], kind) != (other_part.shape[1:], other_part.dtype):
            raise UserError(
                "the parts have images of different kinds",
                file=member.file,
                key=member.name,
                value=f"{kind} of shape {shape[1:]}",
                expected=f"{other_part.dtype} of shape {other_part.shape[1:]}, as {other_part.name}",
            )
    return member


def _check_range(images: NDArray[np.float32], member: NpyMember) -> None:
    """Refuse what is no intensity, and say how it becomes one without loss."""
    if not np.isfinite(images).all():
        raise UserError("a value that is no number", file=member.file, key=member.name, expected="0 to 1")
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > 1:
        raise UserError(
            "intensities out of range",
            file=member.file,
            key=member.name,
            value=f"{low:.6g} to {high:.6g}",
            expected="0 to 1 (uint8: 0 to 255)",
            fix=f"store ({member.name} - low)/(high - low), with low and high of the training part; the "
            "network sees the old numbers with dataset.scale = high - low, dataset.mean = -low",
        )


def _names(members: Mapping[str, NpyMember]) -> list[str] | None:
    if NAMES not in members:
        return None
    stored = members[NAMES]
    if stored.dtype.kind != "U" or len(stored.shape) != 1:
        raise UserError(
            "names of another kind",
            file=stored.file,
            key=NAMES,
            value=f"{stored.dtype} of shape {stored.shape}",
            expected="text, one name for each class",
        )
    few = min(stored.shape[0], MOST + 1)  # of more, as many as are needed to refuse them
    names = stored.rows(np.arange(few))
    try:
        return [str(name) for name in names]
    except NPY_DAMAGE as error:  # numbers that no character has
        raise stored.damaged(error) from error


def _missing(file: Path, members: Mapping[str, NpyMember], name: str) -> UserError:
    array_names = ", ".join(sorted(members)[:8]) or "no arrays"
    return UserError("an array is missing", file=file, key=name, value=array_names, expected=_EXPECTED)

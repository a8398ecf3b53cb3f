"""A data set of a user's own by its name in a study, such as ``"folder:photographs"``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets.events import EventSet
from bioscnn.datasets.images import ImageSet
from bioscnn.datasets.own.class_folders import list_classes
from bioscnn.datasets.own.event_formats import ENDINGS as EVENT_ENDINGS
from bioscnn.datasets.own.event_formats import OwnRecording
from bioscnn.datasets.own.idx_pairs import find_pairs
from bioscnn.datasets.own.npz_arrays import find_arrays
from bioscnn.datasets.own.photographs import ENDINGS, Colour, Fit, read_photographs
from bioscnn.datasets.own.splits import Split, split_up
from bioscnn.errors import UserError
from bioscnn.files import path_of

_OF_SPLITS = ("validation_share", "test_share", "split_seed")
KEYS_OF_KINDS = {
    "folder": ("size", "colour", "fit", *_OF_SPLITS),
    "idx": _OF_SPLITS,
    "npz": _OF_SPLITS,
    "events": ("size", *_OF_SPLITS),
}
"""Kinds of own data, by the word before the colon, and the keys of ``[dataset]`` that each has."""

Kind = Literal["folder", "idx", "npz", "events"]


def kind_and_path(name: str) -> tuple[Kind, str] | None:
    """Return kind and path of own data, or None for the name of a data set that bioscnn knows.

    Examples
    --------
    >>> kind_and_path("folder:photographs")
    ('folder', 'photographs')
    >>> kind_and_path("mnist")
    """
    kind, colon, path = name.partition(":")
    return (cast(Kind, kind), path) if colon and kind in KEYS_OF_KINDS else None


def with_kind(path: str) -> str | None:
    """Return a path with the kind of data that seems to lie there, ``"folder:photographs"``; None of no data.

    For a message: a path that was given without a kind is never read.
    """
    place = path_of(path)
    try:
        if place.is_file():
            return f"npz:{path}" if place.suffix == ".npz" else None
        first = next((found for found in place.rglob("*") if found.is_file()), None)
    except (OSError, ValueError):  # a name that no file can have
        return None
    if first is None:
        return None
    kind: Kind = "events" if first.suffix in (".bin", ".npy", ".npz") else "folder"
    return f"{'idx' if 'ubyte' in first.name else kind}:{path}"


class Contents(Protocol):
    """Index of a user's data: label of every example, names of the classes, and the parts that are given."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class of every example, shape (n,)."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""

    @property
    def part_rows(self) -> Mapping[str, NDArray[np.int64]]:
        """Rows of the parts that the data come in."""


@dataclass(frozen=True)
class OwnData:
    """Images or recordings of a user's own: where they are, how they are read, how they are split.

    Parameters
    ----------
    kind : str
        ``"folder"``: a folder per class with JPEG, PNG, TIFF, PGM or PPM files; ``"idx"``: a folder with
        pairs of IDX files; ``"npz"``: a file with arrays x and y; ``"events"``: a folder per class with
        recordings.
    path : Path
        The folder or file.
    size : tuple of int, optional
        Height and width: to which photographs are resized, or of the sensor of recordings, pixels.
    colour : str
        ``"grey"`` or ``"rgb"``: what photographs become.
    fit : str
        ``"pad"``, ``"crop"`` or ``"stretch"``: how photographs of another aspect ratio are resized.
    validation_share, test_share : float
        Share of each class that is drawn for validation and testing, where the data do not have the part.
    split_seed : int
        Of the draw.

    Examples
    --------
    >>> OwnData("folder", Path("photographs"), size=(32, 32)).load("test")  # doctest: +SKIP
    """

    kind: Kind
    path: Path
    size: tuple[int, int] | None = None
    colour: Colour = "grey"
    fit: Fit = "pad"
    validation_share: float = 0.15
    test_share: float = 0.15
    split_seed: int = 1

    @property
    def name(self) -> str:
        """Name of the folder or file, without a suffix."""
        return self.path.stem or self.kind

    @property
    def recorded(self) -> bool:
        """Whether it consists of recordings of an event camera."""
        return self.kind == "events"

    @cached_property
    def contents(self) -> Any:
        """What was found; images and recordings are not read yet."""
        try:
            if self.kind == "idx":
                return find_pairs(self.path)
            if self.kind == "npz":
                return find_arrays(self.path)
            return list_classes(self.path, EVENT_ENDINGS if self.recorded else ENDINGS)
        except OSError as error:
            raise UserError(
                "cannot read the data", file=error.filename or self.path, value=error.strerror
            ) from error

    @cached_property
    def splits(self) -> dict[str, Split]:
        """The parts by name; one that is empty is not there."""
        contents: Contents = self.contents
        shares = {"validation": self.validation_share, "test": self.test_share}
        return split_up(
            contents.labels, contents.classes, contents.part_rows, shares, self.split_seed, self.path
        )

    def count(self, split: str) -> int:
        """Return how many examples a split has; 0 if there is none."""
        return len(self.splits[split].rows) if split in self.splits else 0

    def load(self, split: str, trials: int | None = None) -> ImageSet | EventSet:
        """Read the first images of a split, or list its first recordings, which are read one by one.

        Parameters
        ----------
        split : str
            ``"train"``, ``"validation"`` or ``"test"``.
        trials : int, optional
            How many; all if left out. The classes take turns, so that any number of them is balanced.

        Returns
        -------
        ImageSet or EventSet
            Its ``source`` says where it is from and how the split was chosen, its ``index`` where in the
            sorted files, or in the arrays, an example is.

        Raises
        ------
        UserError
            If there is no such split, it has fewer examples, or a file cannot be read.
        """
        return self.load_recordings(split, trials) if self.recorded else self.load_images(split, trials)

    def load_images(self, split: str, trials: int | None = None) -> ImageSet:
        """Read the first images of a split; see `load`."""
        rows, labels, source, index = self._chosen(split, trials)
        contents = self.contents
        if self.kind == "folder":
            paths = [contents.paths[row] for row in rows]
            images = read_photographs(paths, self.size, self.colour, self.fit)
        else:
            images = contents.examples(rows)
        return ImageSet(images, labels, contents.classes, self.name, split, source, index)

    def load_recordings(self, split: str, trials: int | None = None) -> EventSet:
        """List the first recordings of a split; see `load`."""
        rows, labels, source, index = self._chosen(split, trials)
        (height, width), contents = self.sensor, self.contents
        files = tuple(OwnRecording(contents.paths[row], (width, height)) for row in rows)
        return EventSet(
            files, labels, contents.classes, (width, height), self.name, split, source, simulated=False,
            index=index,
        )  # fmt: skip

    def _chosen(
        self, split: str, trials: int | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], str, NDArray[np.int64]]:
        """Return the rows of the first examples of a split, their labels, source and places in their part."""
        if split not in self.splits:
            raise UserError(
                f"{self.path.name} has no part for {split}",
                file=self.path,
                key="dataset.split",
                value=split,
                expected=" | ".join(self.splits),
            )
        part, contents = self.splits[split], self.contents
        what = "recordings" if self.recorded else "images"
        if trials is not None and trials > len(part.rows):
            raise UserError(
                f"the {split} part has fewer {what}",
                file=self.path,
                key="dataset.trials",
                value=trials,
                expected=f"at most {len(part.rows)}",
            )
        rows = part.rows[:trials]
        start = next(own[0] for own in contents.part_rows.values() if np.isin(rows[0], own))
        return rows, contents.labels[rows], self.source(split), rows - start

    def source(self, split: str) -> str:
        """Return where a split is from, how many examples it has, and how they were chosen, for people."""
        part, what = self.splits[split], "recordings" if self.recorded else "images"
        return f"{self.kind} {self.path}: {len(part.rows):,} {what}, {part.chosen}"

    @property
    def sensor(self) -> tuple[int, int]:
        """Height and width of the sensor, pixels."""
        if self.size is None:
            raise UserError(
                "the size of the sensor is not known",
                file=self.path,
                key="dataset.size",
                expected="[height, width], pixels",
                fix="write it into the study, such as size = [34, 34]; `bioscnn new` finds it",
            )
        return self.size

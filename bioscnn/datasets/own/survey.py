"""What is found in data of a user's own: sizes, counts, damaged files, examples that are in two parts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets.image_files import DAMAGE, check_header
from bioscnn.datasets.own.duplicates import in_training
from bioscnn.datasets.own.event_formats import read_recording
from bioscnn.datasets.own.own_data import OwnData
from bioscnn.datasets.own.photographs import FORMATS, check_mode, read_photograph
from bioscnn.errors import UserError

LARGEST_SENSOR = (32_767, 32_767)
"""Width and height of a field that holds the events of any camera, pixels."""

LONGEST_SIDE = 64
"""Pixels of the field that is proposed for photographs of different sizes."""


@dataclass(frozen=True)
class Survey:
    """What the examples of a data set have in common.

    Parameters
    ----------
    data : OwnData
        The data, with a size and a colour that fit them.
    channels, height, width : int
        Of the input of a network for them.
    smallest, largest : (int, int)
        Height and width of the smallest and of the largest image, or of the sensor, pixels.
    longest : float
        Duration of the longest recording, s; 0 for images.
    """

    data: OwnData
    channels: int
    height: int
    width: int
    smallest: tuple[int, int]
    largest: tuple[int, int]
    longest: float = 0.0


@dataclass(frozen=True)
class PartCheck:
    """One part, read from beginning to end.

    Parameters
    ----------
    name : str
        ``"train"``, ``"validation"`` or ``"test"``.
    n : int
        Its examples.
    broken : list of UserError
        What is wrong with those that cannot be read.
    in_training : int
        How many of them are in the part train, too, byte by byte.
    """

    name: str
    n: int
    broken: list[UserError]
    in_training: int


def survey(data: OwnData) -> Survey:
    """Look at every example; at photographs, but for the first of each class, as far as size and mode alone.

    Raises
    ------
    UserError
        If the data cannot be read.
    """
    if data.kind == "folder":
        return _survey_photographs(data)
    if data.kind == "events":
        return _survey_recordings(data)
    _, channels, height, width = data.load_images(next(iter(data.splits)), 1).images.shape
    return Survey(data, channels, height, width, (height, width), (height, width))


def _survey_photographs(data: OwnData) -> Survey:
    sizes, colour = [], False
    first_of_class = np.unique(data.contents.labels, return_index=True)[1]
    for k, path in enumerate(data.contents.paths):
        width, height, mode = _header(path)
        if k in first_of_class:
            read_photograph(path, None, "grey", "pad")
        sizes.append((height, width))
        colour = colour or mode not in ("1", "L", "LA")
    by_area = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    alike = by_area[0] == by_area[-1] and max(by_area[0]) <= LONGEST_SIDE
    height, width = sorted(sizes, key=lambda size: (size[0] / size[1], size))[len(sizes) // 2]
    if not alike:
        scale = min(max(by_area[len(by_area) // 2]), LONGEST_SIDE) / max(height, width)
        height, width = max(1, round(scale * height)), max(1, round(scale * width))
    size = data.size or (None if alike else (height, width))
    fitting = replace(data, size=size, colour="rgb" if colour else "grey")
    height, width = fitting.size or (height, width)
    return Survey(fitting, 3 if colour else 1, height, width, by_area[0], by_area[-1])


def _header(path: Path) -> tuple[int, int, str]:
    """Return width, height and mode of an image file; its pixels are not decoded."""
    from PIL import Image

    try:
        with warnings.catch_warnings(action="ignore"):
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                check_header(image, path)
                check_mode(image, path)
                return image.width, image.height, image.mode
    except (*DAMAGE, Image.DecompressionBombError, Warning):
        _, height, width = read_photograph(path, None, "grey", "pad").shape  # says what is wrong
        return width, height, "L"


def _survey_recordings(data: OwnData) -> Survey:
    height, width, longest = 1, 1, 0
    for path in data.contents.paths:
        events = read_recording(path, LARGEST_SENSOR)
        if len(events):
            height, width = max(height, int(events.y.max()) + 1), max(width, int(events.x.max()) + 1)
            longest = max(longest, int(events.t_us[-1]) + 1)
    size = data.size or (height, width)
    return Survey(replace(data, size=size), 2, *size, size, size, longest / 1e6)


def check_parts(data: OwnData) -> list[PartCheck]:
    """Read every example of every part.

    Raises
    ------
    UserError
        If the layout of the data is wrong, so that nothing can be read.
    """
    return [
        PartCheck(
            part,
            len(split.rows),
            list(_broken(data, split.rows)),
            0 if part == "train" else in_training(data, part),
        )
        for part, split in data.splits.items()
    ]


def _broken(data: OwnData, rows: NDArray[np.int64]) -> Iterator[UserError]:
    """Yield the errors of the files of some examples; arrays are judged as a whole."""
    if data.kind in ("idx", "npz"):
        try:
            data.contents.examples(rows)
        except UserError as error:
            yield error
        return
    sensor = LARGEST_SENSOR if data.size is None else data.size[::-1]
    for row in rows:
        path = data.contents.paths[row]
        try:
            if data.recorded:
                read_recording(path, sensor)
                continue
            read_photograph(path, data.size, data.colour, data.fit)
        except UserError as error:
            yield error

"""Simulated recordings, kept in the cache folder so that the same ones are made once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from bioscnn.caches import cache_folder
from bioscnn.datasets.event_files import BYTES, decode, encode
from bioscnn.datasets.events import EventSet, EventStream
from bioscnn.datasets.images import ImageSet
from bioscnn.errors import UserError
from bioscnn.files import read_npz, scratch_folder


@dataclass(frozen=True)
class EncodedRecording:
    """A recording in memory, five bytes an event, which is decoded when it is asked for."""

    content: bytes | memoryview = field(repr=False)
    sensor_size: tuple[int, int]  # width, height, pixels

    def read(self) -> EventStream:
        """Return its events."""
        return decode(self.content, self.sensor_size)


def place_of(images: ImageSet, *made_by: object) -> Path:
    """Return where the recordings of some images are kept, whether they are there or not.

    Parameters
    ----------
    images : ImageSet
    *made_by : object
        All else that the recordings depend on; its ``repr`` counts.
    """
    digest = hashlib.sha256(repr((images.sha256, images.name, images.split, *made_by)).encode())
    digest.update(images.index.astype("<i8").tobytes())
    return cache_folder() / "recordings" / f"{digest.hexdigest()[:20]}.npz"


def keep(recordings: EventSet, path: Path) -> EventSet:
    """Write recordings to a file, whole or not at all, and return them as they will be read from it.

    Raises
    ------
    UserError
        If the folder cannot be written, or five bytes cannot hold an event.
    """
    contents = [encode(stream) for stream in recordings]
    start = np.cumsum([0] + [len(content) // BYTES for content in contents])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(path.parent, f".{path.stem}") as scratch:
            fresh = scratch / path.name
            np.savez(
                fresh,
                events=np.frombuffer(b"".join(contents), np.uint8),
                start=start,
                labels=recordings.labels,
                index=recordings.index,
                classes=np.array(recordings.classes),
                sensor_size=np.array(recordings.sensor_size),
                told=np.array([recordings.name, recordings.split, recordings.source]),
            )
            fresh.replace(path)
    except OSError as error:
        raise UserError(
            "cannot keep the simulated recordings",
            file=path,
            value=error.strerror,
            fix="free some space, or name another cache folder in BIOSCNN_CACHE",
        ) from error
    streams = tuple(EncodedRecording(content, recordings.sensor_size) for content in contents)
    return replace(recordings, recordings=streams)


def read_stored(path: Path) -> EventSet | None:
    """Read what `keep` wrote; None if nothing is there or the file is damaged."""
    arrays = read_npz(path)
    if arrays is None:
        return None
    try:
        start, events = arrays["start"] * BYTES, arrays["events"].data
        width, height = (int(size) for size in arrays["sensor_size"])
        name, split, source = (str(text) for text in arrays["told"])
        recordings = tuple(
            EncodedRecording(events[begin:end], (width, height)) for begin, end in pairwise(start)
        )
        return EventSet(
            recordings,
            arrays["labels"],
            tuple(str(label) for label in arrays["classes"]),
            (width, height),
            name,
            split,
            source,
            simulated=True,
            index=arrays["index"],
        )
    except (ValueError, KeyError, UserError):
        return None

"""HDF5 files from outside: what they may hold, and the one way in which they are opened.

HDF5 itself follows links, reads other files as data, loads filters, and in a damaged file may run in a circle
or crash. So a process of its own looks through the whole file before anything is read here.
"""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.errors import UserError
from bioscnn.files import LARGEST_UNPACKED, free_place, require_file
from bioscnn.forks import attempted

if TYPE_CHECKING:
    from h5py import File

DEEPEST = 20
"""Most groups inside each other."""

MOST = 20_000
"""Most groups and data sets of a file."""

GZIP, LZF = 1, 32000
FILTERS = {GZIP: 1032, 2: 1, 3: 1, LZF: 88}
"""Filters that HDF5 and h5py bring along, shuffle and checksum too, and how many bytes one can stand for."""

LONGEST = 200_000
"""Most strings of an array: the edges of a NIR graph are two each."""

ROWS = 100
"""Rows of strings in memory at a time."""

LARGEST_ATTRIBUTE = 2**16
"""Most bytes of an attribute; a string in it counts as 16."""

LARGEST_CHUNK = 2**26
"""Most bytes that are unpacked together, unless an array is larger."""

MOST_PACKED = 1100
"""Bytes that one byte of a file can stand for at most, with room to spare."""

MOST_AT_ONCE = 2**28
"""Bytes that one chunk may become whatever it holds; of larger ones it is looked at."""

DAMAGE = (OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError, OverflowError,
          MemoryError)  # fmt: skip
"""What h5py and NumPy raise, whatever a file holds in the place of what is looked for."""

SECONDS, SECONDS_PER_BYTE = 8, 1e-7
"""Processor time in which a file has been looked through, unless it leads in a circle."""

WAIT = 60
"""Seconds of the clock that this may take on a busy machine."""


def open_hdf5(source: Path | bytes, *, only: Sequence[str] | None = None, track_order: bool = False) -> File:
    """Open an HDF5 file from outside for reading, once all that it holds has been looked at.

    It holds numbers and strings, which lie in this very file: no links but the names of its own groups and
    data sets, one each; no external storage, no virtual data sets, no filters but those that HDF5 brings
    along; sizes that fit its bytes.

    Parameters
    ----------
    source : Path or bytes
        The file, or its content.
    only : sequence of str, optional
        Attributes and members of the root: they alone are looked at, and may be read; all if not given.
    track_order : bool
        Whether groups are read in the order in which they were written.

    Raises
    ------
    UserError
        If it holds something else; of another key the name of the group or data set.
    OSError, ValueError
        If it is missing, damaged, or no HDF5 file.
    """
    import h5py

    if isinstance(source, Path):
        require_file(source)
    refusal = _judged(source, only)
    if refusal is not None:
        if refusal["problem"] is None:
            raise OSError(refusal["value"])
        raise UserError(**refusal, file=source if isinstance(source, Path) else None)
    return h5py.File(_opened(source), "r", track_order=track_order)


def place_of_hdf5(
    out: Path | None, usual: Path, earlier: Callable[[File], bool], only: Sequence[str] | None
) -> Path:
    """Return where an HDF5 file may be written: as `free_place`, where `earlier` knows our own exports.

    It reads `only` some members of the root, as `open_hdf5` does.
    """

    def ours(path: Path) -> bool:
        try:
            with open_hdf5(path, only=only) as file:
                return earlier(file)
        except (*DAMAGE, UserError):
            return False

    return free_place(out, usual, ours)


def _opened(source: Path | bytes) -> Any:
    return source if isinstance(source, Path) else io.BytesIO(source)


def _judged(source: Path | bytes, only: Sequence[str] | None) -> dict[str, Any] | None:
    """Return why a file is refused, as another process finds; None if it is not."""
    size = source.stat().st_size if isinstance(source, Path) else len(source)
    seconds = round(SECONDS + size * SECONDS_PER_BYTE)
    with suppress(TimeoutError):
        return _verdict_of(attempted(partial(_judge, source, only), seconds, WAIT + seconds))
    # It waits for a lock that a thread of this process held, or cannot be copied: another interpreter.
    words = [str(seconds), json.dumps(only), *([os.fspath(source)] if isinstance(source, Path) else [])]
    given = {"stdin": subprocess.DEVNULL} if isinstance(source, Path) else {"input": source}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "bioscnn.hdf5", *words],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=WAIT + seconds, check=False, **given,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return _verdict_of(None)
    return _verdict_of(json.loads(done.stdout) if done.returncode == 0 else None)


def _verdict_of(found: list[Any] | None) -> dict[str, Any] | None:
    """Return why a file is refused: what was found, or that its reader died."""
    if found is None:
        return {"problem": "a damaged HDF5 file, in which the HDF5 library runs in a circle or crashes",
                "expected": f"one that is looked through in {SECONDS} s"}  # fmt: skip
    refusal: dict[str, Any] | None = found[0]
    return refusal


def _judge(source: Path | bytes, only: Sequence[str] | None) -> list[Any]:
    """Look through a file; the only element of the list says why it is refused, or is None."""
    import h5py

    try:
        with h5py.File(_opened(source), "r") as file:
            size = len(source) if isinstance(source, bytes) else source.stat().st_size
            _Look(size).root(file, only)
    except UserError as error:
        names = ("problem", "key", "value", "expected", "fix")
        return [{name: getattr(error, name) for name in names}]
    except DAMAGE as error:
        return [{"problem": None, "value": " ".join(str(error).split())}]
    return [None]


class _Look:
    """Looks through a file, and counts what it holds.

    Parameters
    ----------
    size : int
        Bytes of the file.
    """

    def __init__(self, size: int) -> None:
        self._left, self._room = max(LARGEST_UNPACKED, size), MOST_PACKED * max(10**5, size)
        self._seen: set[int] = set()

    def root(self, file: File, only: Sequence[str] | None) -> None:
        self._object(file, "/", only)
        for name in file if only is None else set(only).intersection(file):
            self._member(file, name, name, 1)

    def _member(self, group: Any, name: str, place: str, depth: int) -> None:
        import h5py

        if depth > DEEPEST:
            raise UserError("groups are too deep inside each other", key=place, expected=f"{DEEPEST} at most")
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            value = type(link).__name__
            raise UserError("a link to elsewhere, which is not followed", key=place, value=value)
        item = group[name]
        if isinstance(item, h5py.Dataset):
            self._dataset(item, place)
        elif not isinstance(item, h5py.Group):
            raise UserError("neither a group nor a data set", key=place, value=type(item).__name__)
        self._object(item, place)
        if isinstance(item, h5py.Group):
            for inside in item:
                self._member(item, inside, f"{place}/{inside}", depth + 1)

    def _object(self, item: Any, place: str, only: Sequence[str] | None = None) -> None:
        """Look at what groups and data sets have in common."""
        import h5py

        address = h5py.h5o.get_info(item.id).addr
        if address in self._seen:
            raise UserError("a group or data set that has another name already", key=place)
        self._seen.add(address)
        if len(self._seen) > MOST:
            raise UserError("too many groups and data sets", key=place, expected=f"{MOST:,} at most")
        for name in item.attrs if only is None else set(only).intersection(item.attrs):
            stored = item.attrs.get_id(name)
            _require_plain(stored.dtype, f"{place}, {name}")
            if stored.get_storage_size() > LARGEST_ATTRIBUTE:
                raise UserError("an attribute that is too large", key=f"{place}, {name}")
            item.attrs[name]

    def _dataset(self, dataset: Any, place: str) -> None:
        if dataset.external or dataset.is_virtual:
            raise UserError("the data lie in another file, which is not read", key=place)
        filters = dataset.id.get_create_plist()
        kinds = [filters.get_filter(number)[0] for number in range(filters.get_nfilters())]
        for kind in kinds:
            if kind not in FILTERS:
                raise UserError("a compression that is a program of its own", key=place, value=kind,
                                expected="gzip or lzf")  # fmt: skip
        if sum(FILTERS[kind] > 1 for kind in kinds) > 1:
            raise UserError("data that were packed more than once", key=place)
        text = _require_plain(dataset.dtype, place)
        if dataset.shape is None:
            raise UserError("an empty data set", key=place)
        stored = dataset.id.get_storage_size()
        self._room -= dataset.nbytes
        if (
            dataset.nbytes > MOST_PACKED * max(10**5, stored)
            or self._room < 0
            or (text and dataset.size > LONGEST)
        ):
            raise UserError("an array that is too large for what the file holds of it", key=place,
                            value=str(dataset.shape))  # fmt: skip
        if dataset.chunks is not None:
            self._chunks(dataset, place, kinds)
        if text:
            self._texts(dataset, place)

    def _chunks(self, dataset: Any, place: str, kinds: Sequence[int]) -> None:
        """Look at each chunk, of which HDF5 would unpack whatever comes out."""
        unpacked = prod(dataset.chunks) * dataset.dtype.itemsize
        ratio = max((FILTERS[kind] for kind in kinds), default=1)
        large: list[tuple[int, ...]] = []

        def too_large(chunk: Any) -> bool | None:
            if chunk.size * ratio > max(MOST_AT_ONCE, unpacked):
                large.append(chunk.chunk_offset)
            return True if chunk.size > 2 * unpacked + 2**12 else None

        if (
            unpacked > max(LARGEST_CHUNK, dataset.nbytes)
            or dataset.id.chunk_iter(too_large)
            or (large and GZIP not in kinds)
            or any(_becomes_more(dataset, offset, unpacked) for offset in large)
        ):
            raise UserError("chunks that are too large", key=place, value=str(dataset.chunks))

    def _texts(self, dataset: Any, place: str) -> None:
        """Read strings a few rows at a time: many may lie in the file as one."""
        for first in range(0, len(dataset) if dataset.ndim else 1, ROWS):
            rows = dataset[first : first + ROWS] if dataset.ndim else dataset[()]
            self._left -= sum(map(len, rows.flat if dataset.ndim else [rows]))
            if self._left < 0:
                raise UserError("the strings of the file are too long", key=place)


def _becomes_more(dataset: Any, offset: tuple[int, ...], unpacked: int) -> bool:
    """Return whether a chunk of gzip becomes more than it should, checksums apart."""
    most = unpacked + 64
    packed = dataset.id.read_direct_chunk(offset)[1]
    with suppress(zlib.error):  # HDF5 will say that it is damaged
        return len(zlib.decompressobj().decompress(packed, most + 1)) > most
    return False


def _require_plain(dtype: Any, place: str) -> bool:
    """Refuse what is neither numbers nor strings; return whether it is strings."""
    import h5py

    text = h5py.check_string_dtype(dtype) is not None
    if not text and dtype.kind not in "iufb":
        raise UserError("neither numbers nor strings", key=place, value=str(dtype),
                        expected="numbers or strings")  # fmt: skip
    return text


def _main(seconds: str, only: str, path: str | None = None) -> None:
    """Look through a file as a program of its own, and print why it is refused."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source = sys.stdin.buffer.read() if path is None else Path(path)
    print(json.dumps(_judge(source, json.loads(only))))


if __name__ == "__main__":
    _main(*sys.argv[1:])

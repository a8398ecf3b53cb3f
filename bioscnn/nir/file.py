"""The HDF5 file of a NIR graph, read as plain numbers, arrays and names.

`nir.read` follows soft and external links, lets HDF5 load filters, reads whatever size a file states, and
recurses as deep as it goes. Here only what a graph consists of is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np

from bioscnn.errors import UserError
from bioscnn.files import LARGEST_UNPACKED

Tree = dict[str, Any]
"""Groups as dictionaries; numbers and arrays of float64 or int64; strings, and arrays of them."""

DEEPEST = 20
"""Most groups inside each other."""

MOST = 100_000
"""Most groups and data sets of a file."""

FILTERS = {1, 2, 3, 4, 6, 32000}
"""Filters that HDF5 and h5py bring along: gzip, shuffle, checksum, szip, scale-offset, lzf."""

LONGEST = 200_000
"""Most strings of an array: the edges of a graph are two each."""


def read_tree(path: Path) -> Tree:
    """Read the graph of a NIR file.

    Parameters
    ----------
    path : Path
        A file that `nir.write` has written.

    Returns
    -------
    dict
        What is below ``/node``.

    Raises
    ------
    UserError
        If there is no such file, it is no NIR file, refers to others, or holds what no graph consists of.
    """
    import h5py

    if path.exists() and not path.is_file():
        raise UserError("no file", file=path, value="a folder" if path.is_dir() else "no regular file",
                        expected="a .nir file, as nir.write makes it")  # fmt: skip
    if not path.is_file():
        beside = ", ".join(sorted(p.name for p in path.parent.glob("*.nir"))[:20]) or "no .nir file"
        raise UserError("no such network", file=path, expected=f"{path.parent} has {beside}")
    try:
        _check_heaps(path)
        with h5py.File(path, "r") as file:
            node = file.get("node") if isinstance(file.get("node", getlink=True), h5py.HardLink) else None
            if not isinstance(node, h5py.Group):
                raise UserError(
                    "not a NIR file", file=path, expected='a group "node", as nir.write makes it',
                    fix="export the graph again with nir.write",
                )  # fmt: skip
            return _Reader(path, max(LARGEST_UNPACKED, path.stat().st_size)).group(node, "node", 0)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, UnicodeError, MemoryError) as error:
        raise UserError(
            f"not a NIR file: {' '.join(str(error).split())}", file=path, expected="HDF5, from nir.write"
        ) from None


ROWS = 100
"""Rows of strings in memory at a time."""


_HEAP = b"GCOL\x01\0\0\0"
"""How a heap of strings begins in an HDF5 file."""


def _check_heaps(path: Path) -> None:
    """Refuse a file whose strings HDF5 would look for without end.

    A heap is a row of objects: number, references, size, and the object. HDF5 1.14 walks along the sizes
    without a look at where they lead: a free space of size 0, in a damaged file, leads nowhere.
    """
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        heap = content.find(_HEAP)
        while heap >= 0:
            place, end = heap + 16, heap + int.from_bytes(content[heap + 8 : heap + 16], "little")
            while place + 16 <= end:
                number = int.from_bytes(content[place : place + 2], "little")
                size = int.from_bytes(content[place + 8 : place + 16], "little")
                place += 16 + -(-size // 8) * 8 if number else size
                if (not size and not number) or place > min(end, len(content)):
                    raise ValueError("its heaps of strings are damaged")
            heap = content.find(_HEAP, heap + 8)


@dataclass
class _Reader:
    """Reads groups and data sets, and counts them.

    Parameters
    ----------
    path : Path
        The file.
    most_bytes : int
        That its data sets may unpack to together.
    """

    path: Path
    most_bytes: int
    seen: int = field(default=0, init=False)
    n_bytes: int = field(default=0, init=False)

    def refuse(self, problem: str, key: str, **details: Any) -> UserError:
        return UserError(problem, file=self.path, key=key, **details)

    def group(self, group: Any, name: str, depth: int) -> Tree:
        """Read a group, and what it holds itself: links to elsewhere are not followed."""
        import h5py

        if depth > DEEPEST:
            raise self.refuse("groups are too deep inside each other", name, expected=f"{DEEPEST} at most")
        members: Tree = {}
        for key in group:
            inside = f"{name}/{key}"
            self.seen += 1
            if self.seen > MOST:
                raise self.refuse("too many groups and data sets", inside, expected=f"{MOST:,} at most")
            link = group.get(key, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise self.refuse(
                    "a link to another place or file is not followed", inside, value=type(link).__name__,
                    fix="write the graph again with nir.write, which makes no links",
                )  # fmt: skip
            item = group[key]
            if isinstance(item, h5py.Group):
                members[key] = self.group(item, inside, depth + 1)
            elif isinstance(item, h5py.Dataset):
                members[key] = self.dataset(item, inside)
            else:
                raise self.refuse("neither a group nor a data set", inside, value=type(item).__name__)
        return members

    def dataset(self, dataset: Any, name: str) -> Any:
        """Read numbers or strings, whose size is looked at before."""
        import h5py

        if dataset.external or dataset.is_virtual:
            raise self.refuse("the data lie in another file, which is not read", name)
        plist = dataset.id.get_create_plist()
        for number in range(plist.get_nfilters()):
            if plist.get_filter(number)[0] not in FILTERS:
                raise self.refuse(
                    "a compression that is a program of its own", name, value=plist.get_filter(number)[0],
                    expected="gzip, as nir.write uses it",
                )  # fmt: skip
        text = h5py.check_string_dtype(dataset.dtype)
        if text is None and dataset.dtype.kind not in "iufb":
            raise self.refuse(
                "neither numbers nor strings", name, value=str(dataset.dtype), expected="numbers or strings"
            )
        if dataset.shape is None:
            raise self.refuse("an empty data set", name)
        self.n_bytes += 64 * dataset.size if text else dataset.size * max(8, dataset.dtype.itemsize)
        if self.n_bytes > self.most_bytes or (text and dataset.size > LONGEST):
            raise self.refuse(
                "the arrays of the file are too large", name, value=dataset.shape,
                expected=f"at most {self.most_bytes / 1e9:.3g} GB in all",
            )  # fmt: skip
        if text:
            return self.strings(dataset, name)
        wide = np.int64 if dataset.dtype.kind in "iub" else np.float64
        with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is refused later, by name
            values = np.asarray(dataset[()]).astype(wide)
        return values if values.ndim else values.item()

    def strings(self, dataset: Any, name: str) -> Any:
        """Read strings a few rows at a time: many may lie in the file as one."""
        if dataset.ndim == 0:
            return self.string(dataset[()], name)
        texts: list[str] = []
        for first in range(0, len(dataset), ROWS):
            texts += [self.string(text, name) for text in np.ravel(dataset[first : first + ROWS])]
        return np.array(texts, dtype=object).reshape(dataset.shape)

    def string(self, text: bytes | str, name: str) -> str:
        """Return a string."""
        self.n_bytes += len(text)
        if self.n_bytes > self.most_bytes:
            raise self.refuse("the strings of the file are too long", name)
        return text.decode("utf-8") if isinstance(text, bytes) else text

"""The HDF5 file of a NIR graph, read as plain numbers, arrays and names.

`nir.read` follows soft and external links, lets HDF5 load filters, reads whatever size a file states, and
recurses as deep as it goes. Here `hdf5.open_hdf5` looks through the file first.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bioscnn.errors import UserError
from bioscnn.files import LARGEST_UNPACKED
from bioscnn.hdf5 import DAMAGE, ROWS, open_hdf5

Tree = dict[str, Any]
"""Groups as dictionaries; numbers and arrays of float64 or int64; strings, and arrays of them."""


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
        with open_hdf5(path) as file:
            node = file.get("node")
            if not isinstance(node, h5py.Group):
                raise UserError(
                    "not a NIR file", file=path, expected='a group "node", as nir.write makes it',
                    fix="export the graph again with nir.write",
                )  # fmt: skip
            return _Reader(path, max(LARGEST_UNPACKED, path.stat().st_size)).group(node, "node")
    except DAMAGE as error:
        raise UserError(
            f"not a NIR file: {' '.join(str(error).split())}", file=path, expected="HDF5, from nir.write"
        ) from None


@dataclass
class _Reader:
    """Reads groups and data sets, and counts their bytes.

    Parameters
    ----------
    path : Path
        The file.
    left : int
        Bytes that its data sets may unpack to together.
    """

    path: Path
    left: int

    def group(self, group: Any, name: str) -> Tree:
        """Read a group, and what it holds."""
        import h5py

        return {
            key: self.group(item, f"{name}/{key}") if isinstance(item, h5py.Group)
            else self.dataset(item, f"{name}/{key}")
            for key, item in group.items()
        }  # fmt: skip

    def dataset(self, dataset: Any, name: str) -> Any:
        """Read numbers or strings, whose size is looked at before."""
        text = dataset.dtype.kind not in "iufb"
        self.count(64 * dataset.size if text else dataset.size * max(8, dataset.dtype.itemsize), name)
        if text:
            return self.strings(dataset, name)
        wide = np.int64 if dataset.dtype.kind in "iub" else np.float64
        with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is refused later, by name
            values = np.asarray(dataset[()]).astype(wide)
        return values if values.ndim else values.item()

    def count(self, n_bytes: int, name: str) -> None:
        """Refuse what is too large together."""
        self.left -= n_bytes
        if self.left < 0:
            raise UserError("the arrays of the file are too large", file=self.path, key=name)

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
        self.count(len(text), name)
        return text.decode("utf-8") if isinstance(text, bytes) else text

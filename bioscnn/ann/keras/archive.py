"""Open a Keras 3 archive: a zip file of a configuration (JSON) and of weights (HDF5), both bounded."""

from __future__ import annotations

import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.room import check_room
from bioscnn.errors import UserError
from bioscnn.hdf5 import DAMAGE, open_hdf5

LARGEST_CONFIG = 8 * 2**20
"""A configuration of more bytes is not read; those of the largest networks have some hundred thousand."""
LARGEST_WEIGHTS = 2**30
"""Weights of more bytes are not read."""
LARGEST_NUMBER = 1e30
"""Weights of a larger magnitude are refused: what is computed with them is not finite in single precision."""

_MOST_PACKED = 64
"""Bytes that one stored byte of weights may stand for; Keras does not pack them."""

_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError,
    RuntimeError, OSError, MemoryError,
)  # fmt: skip


class Weights:
    """The weights of an archive, of which each array is read when its layer is.

    Parameters
    ----------
    path : path
        The archive, for errors.
    file : h5py.File
        The file of weights in it.
    """

    def __init__(self, path: Path, file: Any) -> None:
        self._path, self._file = path, file
        self._left = LARGEST_WEIGHTS

    def of(self, place: str, name: str) -> tuple[NDArray[Any], ...]:
        """Return the arrays of a layer in their order.

        Parameters
        ----------
        place : str
            Where in the file they lie, such as ``"layers/conv2d"``.
        name : str
            Name of the layer, which the file repeats.

        Raises
        ------
        UserError
            If they are not plain numbers in this very file, not finite, or of another layer.
        """
        group = self._file
        for part in [*place.split("/"), "vars"]:
            group = self._member(group, part)
            if group is None:
                return ()
        stored_name = group.attrs.get("name", name)
        if not isinstance(stored_name, str) or stored_name != name:
            value = (
                stored_name
                if isinstance(stored_name, str)
                else f"an attribute name that is no text: {stored_name!r}"
            )
            raise UserError("the weights are those of another layer", key=place, value=value, expected=name)
        arrays: list[NDArray[Any]] = []
        while (dataset := self._member(group, str(len(arrays)))) is not None:
            arrays.append(self._array(dataset, f"{place}/vars/{len(arrays)}"))
        return tuple(arrays)

    def _member(self, group: Any, part: str) -> Any:
        """Return a member of a group, None if it is missing."""
        import h5py

        return group.get(part) if isinstance(group, h5py.Group) else None

    def _array(self, dataset: Any, place: str) -> NDArray[Any]:
        import h5py

        if not isinstance(dataset, h5py.Dataset):
            raise UserError(
                "not an array of weights", key=place, value=type(dataset).__name__, expected="a dataset"
            )
        if dataset.dtype.kind not in "fiu":
            raise UserError(f"weights of type {dataset.dtype}", key=place, expected="real numbers")
        self._left -= dataset.size * max(dataset.dtype.itemsize, 4)
        if self._left < 0:
            raise UserError(
                "weights larger than 1 GB", file=self._path, key=place, value=dataset.shape,
                fix="use a smaller network",
            )  # fmt: skip
        if dataset.size * dataset.dtype.itemsize > _MOST_PACKED * dataset.id.get_storage_size():
            raise UserError("numbers of the weights are missing in the file", key=place, value=dataset.shape,
                            fix="save the model again with Keras")  # fmt: skip
        values = np.asarray(dataset[()])
        if not np.isfinite(values).all():
            raise UserError(
                f"{np.count_nonzero(~np.isfinite(values))} of {values.size} weights are not finite",
                key=place,
                expected="finite numbers",
                fix="train again with a smaller learning rate",
            )
        require_moderate(values, place)
        return values


def require_moderate(values: NDArray[Any], place: str) -> None:
    """Refuse numbers of a network with which single precision overflows."""
    largest = max(abs(float(values.max())), abs(float(values.min()))) if values.size else 0.0
    if not largest <= LARGEST_NUMBER:
        raise UserError(
            "a number of the network is too large for single precision",
            key=place,
            value=largest,
            expected=f"at most {LARGEST_NUMBER:g}",
            fix="train again with a smaller learning rate",
        )


@contextmanager
def opened(path: Path) -> Iterator[tuple[Mapping[str, Any], Weights]]:
    """Open an archive, and give its configuration and its weights.

    Raises
    ------
    UserError
        If it is missing, damaged, no archive of Keras 3, or unpacks to more than is read.
    """
    if path.is_dir():
        raise UserError(
            "a folder, not a file", file=path, fix='save the model with model.save("network.keras")'
        )
    if not path.is_file():
        raise UserError("no such file", file=path)
    try:
        with zipfile.ZipFile(path) as packed:
            config, metadata = (_json(path, packed, name) for name in (_CONFIG, _METADATA))
            _require_keras_3(path, metadata)
            content = _content(path, packed, _WEIGHTS, LARGEST_WEIGHTS)
    except _DAMAGE as error:
        problem = f"no Keras archive, or damaged: {str(error) or repr(error)}"
        raise UserError(problem, file=path, fix='save it again with model.save("network.keras")') from None
    try:
        file = open_hdf5(content)
    except DAMAGE as error:
        raise UserError(f"the weights are damaged: {error}", file=path, key=_WEIGHTS) from None
    except UserError as error:
        raise error.but(file=path, key=", ".join(filter(None, [_WEIGHTS, error.key]))) from None
    with file:
        yield config, Weights(path, file)


def _content(path: Path, packed: zipfile.ZipFile, name: str, largest: int) -> bytes:
    """Return a member of the archive, which is never written to the disk."""
    if name not in packed.namelist():
        raise UserError(
            "no archive of Keras 3",
            file=path,
            value=sorted(packed.namelist())[:8],
            expected=f"{_CONFIG}, {_METADATA} and {_WEIGHTS} in it",
            fix='save the model with Keras 3: model.save("network.keras")',
        )
    size = packed.getinfo(name).file_size  # of which zipfile gives no byte more, however much is packed
    if size > largest:
        raise UserError(
            "larger than is read", file=path, key=name, value=f"{size} bytes",
            expected=f"at most {largest} bytes",
        )  # fmt: skip
    check_room((size,), "a file in the archive", itemsize=1, file=path, key=name)
    with packed.open(name) as member:
        return member.read()


def _json(path: Path, packed: zipfile.ZipFile, name: str) -> Mapping[str, Any]:
    try:
        read = json.loads(_content(path, packed, name, LARGEST_CONFIG))
    except (ValueError, RecursionError) as error:
        raise UserError(f"not JSON: {error}", file=path, key=name) from None
    if not isinstance(read, dict):
        raise UserError("not a JSON object", file=path, key=name)
    return read


def _require_keras_3(path: Path, metadata: Mapping[str, Any]) -> None:
    version = str(metadata.get("keras_version", "unknown"))
    if not version.startswith("3."):
        raise UserError(
            "an archive of another Keras",
            file=path,
            key="keras_version",
            value=version,
            expected="3",
            fix='load it with Keras 3 (pip install "keras>=3") and save it again',
        )

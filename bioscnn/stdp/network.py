"""A learned network as a file: arrays in an .npz, and a card beside it that says how they came about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.files import make_folder, path_of, read_npz, require_file, write_json, write_npz
from bioscnn.fingerprint import hash_of

SUFFIX = ".npz"

CARD = ("rule", "n_inputs", "classes", "weights_sha256", "data", "command")
"""Keys that every card has."""


LABELS_FOR = "say what its neurons stand for"
"""What labels do, if the card says nothing else."""


@dataclass(frozen=True, eq=False)
class LearnedNetwork:
    """A network that has learned.

    Parameters
    ----------
    file : Path
        Where it lies.
    arrays : mapping of ndarray
        What it has learned, by name.
    card : mapping
        How: ``rule``, ``n_inputs``, ``classes``, and what the rule says.
    """

    file: Path
    arrays: Mapping[str, NDArray[Any]]
    card: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Of the file, without its suffix."""
        return self.file.stem

    @property
    def labels_for(self) -> str:
        """What was learned from labels."""
        return str(self.card.get("labels_for", LABELS_FOR))

    @property
    def sha256(self) -> str:
        """Hash of names and contents of all arrays."""
        return hash_of_arrays(self.arrays)

    def array(self, name: str, *shape: int | None) -> NDArray[Any]:
        """Return an array that has to be there.

        Parameters
        ----------
        name : str
            Its name.
        *shape : int or None
            What its shape has to be; None where any length will do.

        Raises
        ------
        UserError
            If it is not there, or has another shape.
        """
        found = self.arrays.get(name)
        fits = found is not None and len(shape) == found.ndim
        if not (fits and all(want in (None, n) for want, n in zip(shape, found.shape, strict=True))):  # type: ignore[union-attr]
            raise UserError(
                "an array of the network is missing or of the wrong size",
                file=self.file,
                key=name,
                value="none" if found is None else list(found.shape),
                expected=f"an array of shape {list(shape)}",
                fix="train the network again",
            )
        assert found is not None
        return found


def hash_of_arrays(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return the hash of arrays and their names."""
    return hash_of(*(part for name in sorted(arrays) for part in (name, arrays[name])))


def locate(name_or_path: str | Path) -> Path:
    """Return the file of a shipped network, or of a path.

    Raises
    ------
    UserError
        If it is no path of an .npz file, and no shipped network has this name.
    """
    path = path_of(name_or_path, "learning.network", "the name of a shipped network, or a path")
    if path.suffix == SUFFIX:
        return path
    folder = Path(str(files("bioscnn") / "models"))
    known = sorted(file.stem for file in folder.glob(f"*{SUFFIX}"))
    if str(path) not in known:
        raise UserError(
            "no such learned network",
            key="learning.network",
            value=str(path),
            expected=f"a shipped one ({', '.join(known)}) or the path of an {SUFFIX} file",
        )
    return folder / f"{path}{SUFFIX}"


def write_network(file: Path, arrays: Mapping[str, NDArray[Any]], card: Mapping[str, Any]) -> None:
    """Write a network and its card; errors as of `bioscnn.files.write_atomically`."""
    make_folder(file.parent)
    write_npz(file, arrays)
    write_json(file.with_suffix(".json"), dict(card) | {"weights_sha256": hash_of_arrays(arrays)})


def read_network(
    name_or_path: str | Path, rule: str, n_inputs: int, classes: tuple[str, ...]
) -> LearnedNetwork:
    """Read a network and hold it against its card and the images that it is to see.

    Parameters
    ----------
    name_or_path : str or Path
        A shipped network, or an .npz file.
    rule : str
        By which it has to have learned.
    n_inputs : int
        Pixels of an image.
    classes : tuple of str
        Classes of the images.

    Raises
    ------
    UserError
        If it is not there or damaged, was learned by another rule, or does not fit the images.
    """
    file = locate(name_or_path)
    require_file(file)
    arrays = read_npz(file)
    if arrays is None:
        fix = "train it first: bioscnn train STUDY" if not file.exists() else "train it again"
        what = "no such network file" if not file.exists() else "the file of the network is damaged"
        raise UserError(what, file=file, fix=fix)
    card = _card(file.with_suffix(".json"))
    found = LearnedNetwork(file, arrays, card)
    wanted = {"rule": rule, "n_inputs": n_inputs, "classes": list(classes), "weights_sha256": found.sha256}
    for key, value in wanted.items():
        if card.get(key) != value:
            raise UserError(
                "the network does not fit the study" if key != "weights_sha256"
                else "the card beside the network describes other weights",
                file=file.with_suffix(".json"),
                key=key,
                value=card.get(key),
                expected=str(value),
                fix="name a network that was trained for these images, or train one: bioscnn train STUDY",
            )  # fmt: skip
    return found


def _card(path: Path) -> dict[str, Any]:
    """Return the card of a network, which has all keys of `CARD`."""
    fix = "put the card of its training beside the network"
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"the card of the network cannot be read: {error}", file=path, fix=fix) from None
    missing = [key for key in CARD if not (isinstance(card, dict) and key in card)]
    if missing:
        raise UserError("not the card of a learned network", file=path, key=missing[0], fix=fix)
    found: dict[str, Any] = card
    return found

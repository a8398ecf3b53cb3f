"""A learned network as a file: arrays in an .npz, and a card beside it that says how they came about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from bioscnn.errors import UserError
from bioscnn.files import make_folder, path_of, read_npz, read_text, require_file, write_json, write_npz
from bioscnn.fingerprint import hash_of

SUFFIX = ".npz"

LABELS_FOR = "say what its neurons stand for"
"""What labels do, if the card says nothing else."""


class TrainedOn(BaseModel):
    """Of a card: the images that a network learned from."""

    dataset: str
    split: str
    n: int


class Card(BaseModel):
    """What the card beside every network says, and what it may say; each rule adds its own."""

    rule: str
    n_inputs: int
    classes: list[str]
    weights_sha256: str
    data: TrainedOn
    command: str
    image_shape: list[int] | None = None
    images_seen: int | None = None
    labels_used: int | None = None
    labels_for: str = LABELS_FOR
    equations: dict[str, str] = {}
    curve: list[tuple[int, float]] = []
    curve_of: str = ""


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
    arrays: Mapping[str, NDArray[Any]] = field(repr=False)
    card: Mapping[str, Any] = field(repr=False)

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
        """Return an array that has to be there; parameters and errors as of `array_of`."""
        return array_of(self.file, self.arrays, name, *shape)


def array_of(
    file: Path, arrays: Mapping[str, NDArray[Any]], name: str, *shape: int | None, finite: bool = True
) -> NDArray[Any]:
    """Return an array that a file has to hold.

    Parameters
    ----------
    file : Path
        Where it was read.
    arrays : mapping of ndarray
        What was read.
    name : str
        Its name.
    *shape : int or None
        What its shape has to be; None where any length will do.
    finite : bool
        Whether all its numbers have to be finite.

    Raises
    ------
    UserError
        If it is not there, has another shape, or holds something else than numbers.
    """
    found = arrays.get(name)
    if (
        found is None
        or len(shape) != found.ndim
        or any(want not in (None, n) for want, n in zip(shape, found.shape, strict=True))
    ):
        raise UserError(
            "an array of the network is missing or of the wrong size",
            file=file,
            key=name,
            value="none" if found is None else list(found.shape),
            expected=f"an array of shape {list(shape)}",
            fix="train the network again",
        )
    if found.dtype.kind not in "fiu" or (finite and not np.isfinite(found).all()):
        raise UserError(
            "an array of the network holds something else than numbers", file=file, key=name,
            expected="finite numbers", fix="train the network again",
        )  # fmt: skip
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
            fix="train it first: bioscnn train STUDY; it says with what to run the study then",
        )
    return folder / f"{path}{SUFFIX}"


def read_checkpoint(path: Path | None, training: str) -> Mapping[str, NDArray[Any]] | None:
    """Return the arrays of a checkpoint; None where there is none.

    Raises
    ------
    UserError
        If it is another training's, or damaged.
    """
    if path is None or not path.exists():
        return None
    arrays = read_npz(path)
    if arrays is None or str(arrays.get("training")) != training:
        raise UserError(
            "this is no checkpoint of this training",
            file=path,
            fix="remove it to begin anew, or train with the settings, images and seed that it is of",
        )
    return arrays


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


def refuse_other_keys(network: LearnedNetwork, keys: Mapping[str, tuple[object, object]]) -> None:
    """Refuse a study of which a key of ``[learning]`` has another value than that of its network.

    Parameters
    ----------
    network : LearnedNetwork
        Named in the error.
    keys : mapping of (object, object)
        By key: the value of the study, and that with which the network was trained.
    """
    for key, (ours, its) in keys.items():
        if ours != its:
            raise UserError(
                "the network was trained with another value of a key of the study", file=network.file,
                key=f"learning.{key}", value=ours, expected=str(its),
                fix="write that value, or train the network of the study: bioscnn train STUDY",
            )  # fmt: skip


def _card(path: Path) -> dict[str, Any]:
    """Return the card of a network, which is a `Card`."""
    fix = "put the card of its training beside the network"
    try:
        text = read_text(path)
        card: dict[str, Any] = json.loads(text)
        Card.model_validate_json(text, strict=True)
    except ValidationError as error:
        found = error.errors()[0]
        raise UserError(
            f"not the card of a learned network: {found['msg']}", file=path,
            key=".".join(map(str, found["loc"])) or None, fix=fix,
        ) from None  # fmt: skip
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"the card of the network cannot be read: {error}", file=path, fix=fix) from None
    return card

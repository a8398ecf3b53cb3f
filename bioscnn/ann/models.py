"""Find a network by name or by file: the shipped ones, and the user's own."""

from __future__ import annotations

import errno
import json
from difflib import SequenceMatcher
from importlib.resources import files
from pathlib import Path
from typing import Any

from bioscnn.ann.formats import READ, refuse_format
from bioscnn.ann.graph import LayerGraph
from bioscnn.errors import UserError
from bioscnn.files import path_of, read_text

_TEXT, _LIST, _OBJECT = ((str,), "a text"), ((list,), "a list"), ((dict,), "an object")
KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    **dict.fromkeys(("name", "command", "stage", "started_from", "weights_sha256"), _TEXT),
    **dict.fromkeys(("classes", "epochs"), _LIST),
    **dict.fromkeys(("settings", "training", "data", "encoding", "recordings", "validation"), _OBJECT),
    "teacher": ((str, type(None)), "a text, or null"),
}
"""What keys of a card hold that are read of it, and their name in JSON; others may be there too."""


def shipped_models() -> list[str]:
    """Return the names of the networks that come with bioscnn, sorted."""
    return sorted(path.stem for path in _folder().glob("*.onnx"))


def read_model(name_or_path: str | Path) -> LayerGraph:
    """Read a shipped network by its name, or a file, and hold it against its card if it has one.

    Parameters
    ----------
    name_or_path : str or path
        A name such as ``"mnist-small"``, or a path that ends in ``.onnx`` or ``.keras``.

    Returns
    -------
    LayerGraph

    Raises
    ------
    UserError
        If there is no such network, it cannot be read (see `read_onnx` and `read_keras`), or its card names
        other weights.
    """
    from bioscnn.ann.keras.reader import read_keras
    from bioscnn.ann.onnx.reader import read_onnx

    path = locate(name_or_path)
    if not path.exists():
        fix = "train it first, bioscnn train STUDY, or give the path of one that is there"
        raise UserError("no such network file", file=path, fix=fix)
    if path.suffix == ".nir":
        raise no_ann(path)
    graph, card = (read_keras if path.suffix == ".keras" else read_onnx)(path), read_card(path)
    described = None if card is None else card.get("weights_sha256")
    if described not in (None, graph.sha256()):
        raise UserError(
            "the card beside the network describes other weights",
            file=path.with_suffix(".json"),
            key="weights_sha256",
            value=described,
            expected=f"{graph.sha256()}, the weights in {path.name}",
            fix="put the two files of one training side by side, or remove the card",
        )
    return graph


def no_ann(path: Path) -> UserError:
    """Return the error of what needs a trained ANN and is given a NIR graph."""
    return UserError(
        "a NIR graph is a spiking network already, and this is about a trained ANN that becomes one",
        file=path,
        expected="a shipped network, or an .onnx or .keras file",
        fix="bioscnn run, plan, compare and devices take NIR graphs",
    )


def read_card(name_or_path: str | Path) -> dict[str, Any] | None:
    """Read what is known of a network: the JSON file beside it.

    Parameters
    ----------
    name_or_path : str or path
        As in `read_model`.

    Returns
    -------
    dict or None
        How it was trained and how well it classifies; None without such a file.

    Raises
    ------
    UserError
        If there is no such network, or its card is none.
    """
    path = locate(name_or_path).with_suffix(".json")
    try:
        card = json.loads(read_text(path))
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise UserError(f"not a JSON file: {error}", file=path) from None
    if not isinstance(card, dict):
        raise UserError("not the card of a network", file=path, expected="a JSON object")
    for key, (kinds, expected) in KINDS.items():
        if key in card and not isinstance(card[key], kinds):
            raise UserError(
                "not the card of a network", file=path, key=key, value=card[key], expected=expected
            )
    return card


def _refuse_impossible(path: Path) -> None:
    """Refuse what the system takes for no path at all: names that are too long, or hold a null."""
    try:
        path.stat()
        return
    except ValueError as error:
        problem = str(error)
    except OSError as error:
        if error.errno not in (errno.ENAMETOOLONG, errno.ELOOP):
            return
        problem = str(error.strerror)
    raise UserError(
        f"no path of a network: {problem}",
        key="model",
        value=str(path),
        expected=f"a shipped network, or a path of {', '.join(READ)} or .nir",
    )


def locate(name_or_path: str | Path) -> Path:
    """Return the file of a shipped network or of a path.

    Raises
    ------
    UserError
        If there is no shipped network of this name, or the file is of a kind that is not read.
    """
    if isinstance(name_or_path, str | Path):
        _refuse_impossible(Path(name_or_path))
    path = path_of(name_or_path, "network", "the name of a shipped network, or a path")
    if path.suffix in (*READ, ".nir"):
        return path
    name = str(path)
    shipped = shipped_models()
    if name not in shipped:
        if path.suffix == ".npz" or (_folder() / f"{name}.npz").is_file():
            raise UserError(
                "a network that learned by its own spikes is no trained ANN, which could be converted",
                key="model",
                value=name,
                expected=f"a shipped network, or a path of {', '.join(READ)} or .nir",
                fix="bioscnn run takes it, as the learning.network of a study such as mnist-stdp",
            )
        refuse_format(path)
        nearest = sorted(shipped, key=lambda shipped_name: -SequenceMatcher(None, name, shipped_name).ratio())
        raise UserError(
            "no such network",
            key="model",
            value=name,
            expected=f"a shipped network ({', '.join(nearest)}) or a path of {', '.join(READ)} or .nir",
        )
    return _folder() / f"{name}.onnx"


def _folder() -> Path:
    return Path(str(files("bioscnn") / "models"))

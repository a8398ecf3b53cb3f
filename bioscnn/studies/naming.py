"""Names of the folders of results: what was changed in the study, in words, and a hash."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePath

from bioscnn.datasets.own import kind_and_path

LONGEST = 36
"""Most characters of the words: with a hash, a path to a report then fits a terminal of 80 columns."""

AS_WRITTEN = "as-written"


def label_of(changed: Iterable[tuple[str, object]]) -> str:
    """Return the changes of a study as words for the name of a folder.

    Parameters
    ----------
    changed : iterable of (str, object)
        Keys that differ from those of the study file, by their full names, and their values.

    Returns
    -------
    str
        Of letters, digits and ``-_.+``, the neuron first; at most `LONGEST` characters, changes that find no
        room only counted.

    Examples
    --------
    >>> label_of([("neuron.t_ref", "5 ms"), ("dataset.trials", 500)])
    't_ref-5-ms-trials-500'
    >>> label_of([])
    'as-written'
    """
    neuron_first = sorted(changed, key=lambda key_and_value: key_and_value[0] != "neuron.model")
    parts = [part for key, value in neuron_first if (part := _part(key, value))]
    taken: list[str] = []
    for place, part in enumerate(parts):
        rest = len(parts) - place - 1
        room = LONGEST - len("-".join([*taken, ""])) - (len(f"-and-{rest}-more") if rest else 0)
        if len(part) > room and taken:
            return "-".join([*taken, f"and-{rest + 1}-more"])
        taken.append(part[: max(1, room)].strip("-."))
    return "-".join(taken) or AS_WRITTEN


def _part(key: str, value: object) -> str:
    """Return a key and its value in words; of ``neuron.model``, the table says more than the key."""
    *tables, name = key.split(".")
    if name in ("model", "kind", "name") and tables:
        name = tables[-1]
    elif tables and tables[0] == "noise":
        name = "-".join([*tables[1:], name])
    if isinstance(value, list):
        value = "-".join(map(str, value)) or "none"
    text = str(value)
    own = kind_and_path(text) if name == "dataset" else None
    text = text if own is None else f"{own[0]}-{PurePath(own[1]).name}"
    text = PurePath(text).stem if text.endswith((".onnx", ".toml")) else text
    return re.sub(r"[^A-Za-z0-9_.+]+", "-", f"{name}-{text}").strip("-.")


def result_folder(parent: Path, label: str, key: str) -> Path:
    """Return the folder of the results with a hash, ``<label>-<key>``, or the one that they have already.

    The same results may be described in other words: what one study file says, another has to change.
    """
    existing = sorted(parent.glob(f"*-{key}"))
    return existing[0] if existing else parent / f"{label}-{key}"

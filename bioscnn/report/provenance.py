"""What it takes to do an experiment again, as the last section of every page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bioscnn.report.formats import plain
from bioscnn.report.inline import Inline, code, joined


def provenance_rows(source: Mapping[str, Any]) -> list[tuple[str, Inline]]:
    """Return the provenance of a page, a name and a text each.

    Parameters
    ----------
    source : mapping
        Such as the contents of a ``summary.json``. It has ``command``, ``commit`` (None if not run from a
        checkout), ``dirty`` (whether there were changes that are not in the commit), ``machine`` and
        ``versions``; the other keys of `SIMPLE` and `CHECKSUMS` where they apply.
    """
    commit = source["commit"]
    changed = ", with uncommitted changes" if source["dirty"] else ""
    rows: list[tuple[str, Inline]] = [("Command", code(source["command"]))]
    rows += [(name, form(source[key])) for key, (name, form) in SIMPLE.items() if _has(source, key)]
    rows.append(("Commit", (code(commit), changed) if commit else "not run from a checkout"))
    rows += [(name, _checksums(source[key])) for key, name in CHECKSUMS.items() if _has(source, key)]
    rows += [(f"Machine: {name}", plain(value)) for name, value in source["machine"].items()]
    rows.append(("Versions", ", ".join(f"{name} {version}" for name, version in source["versions"].items())))
    return rows


def _has(source: Mapping[str, Any], key: str) -> bool:
    return source.get(key) not in (None, "", [], {})


def _checksums(value: str | Mapping[str, str]) -> Inline:
    if isinstance(value, str):
        return code(value)
    return joined(tuple((f"{name}: ", code(sha256)) for name, sha256 in value.items()), "\n")


SIMPLE = {
    "started": ("Started", plain),
    "seconds": ("Time", lambda seconds: f"{seconds:.0f} s"),
    "time": ("Time", plain),
    "seed": ("Seed", plain),
    "device": ("Device", plain),
    "programs": ("Compiled programs", plain),
    "dataset": ("Data set", plain),
    "gain_control": ("Gain control", plain),
    "network": ("Network", plain),
    "noise": ("Noise", plain),
}
"""Names of the keys that need few words; ``time`` is for what needs more than a number of seconds."""

CHECKSUMS = {
    "data_sha256": "Data, SHA-256",
    "weights_sha256": "Weights, SHA-256",
    "weights": "Weights, SHA-256",
    "inputs": "Inputs of the simulation, hash",
    "code": "Code of the simulation, hash",
    "collapsed_sha256": "Time-collapsed CNN, SHA-256",
}
"""Names of the checksums; each is one, or one by the name of its file or network."""

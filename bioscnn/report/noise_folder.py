"""The files of a noise study, read and checked."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.report.files import read_json, read_table

if TYPE_CHECKING:
    import pandas as pd

FIX = "type its `bioscnn noise` again: what is done already is kept"

ACCURACY = {
    "contestant": "text", "method": "text", "noise": "text", "acts_on": "text", "severity": "number",
    "amount": "text", "accuracy": "share", "low": "number", "high": "number", "latency_ms": "number",
    "spikes": "number", "n": "number", "seeds": "number",
}  # fmt: skip
"""Columns of ``accuracy.csv``: one row a contestant, method, noise and severity."""

COMPARISONS = {
    "question": "text", "first": "text", "second": "text", "noise": "text", "acts_on": "text",
    "difference": "number", "low": "number", "high": "number", "p": "share", "n": "number",
}  # fmt: skip
"""Columns of ``comparisons.csv``: one row a question and condition; `first` less `second`.

``p_holm``, p corrected for all comparisons, may stand beside ``p``.
"""

SUMMARY = (
    "study", "dataset", "title", "source", "simulated", "n", "seeds", "contestants", "noises", "verdict",
    "readout", "duration_ms", "dt_ms", "device", "seconds", "data_sha256", "weights", "command", "commit",
    "dirty", "versions", "machine",
)  # fmt: skip

ROUNDING = 1e-9
"""So far beyond 0 or 1 an end of an interval may lie; means of many resamples do."""


@dataclass(frozen=True, eq=False)
class NoiseStudy:
    """A finished noise study.

    Parameters
    ----------
    accuracy, comparisons : DataFrame
        Contents of ``accuracy.csv`` and ``comparisons.csv``.
    summary : dict
        Contents of ``summary.json``.
    names : list of str, length n
        Noises that act on images or events.
    pictures : ndarray of uint8, shape (n, 6, height, width)
        An example at severities 0 to 5 of each.
    """

    accuracy: pd.DataFrame
    comparisons: pd.DataFrame
    summary: dict[str, Any]
    names: list[str]
    pictures: NDArray[np.uint8] = field(repr=False)

    @property
    def main(self) -> str:
        """The contestant that is judged by itself."""
        return str(self.summary["contestants"][0]["name"])

    @property
    def chance(self) -> float | None:
        """Accuracy of guessing, if the study tells it."""
        value = self.summary.get("chance")
        return None if value is None else float(value)

    @property
    def severity(self) -> int:
        """The severity at which kinds are compared: the middle one, 3 of 1 to 5, the upper one of two."""
        tried = sorted({int(severity) for severity in self.accuracy["severity"]} - {0})
        return tried[len(tried) // 2]

    @property
    def ann(self) -> pd.DataFrame:
        """Rows of the trained network of the first contestant."""
        rows = self.accuracy
        return rows[(rows["contestant"] == self.main) & (rows["method"] == "ann")]

    def of(
        self, contestant: str, noise: str = "clean", severity: int = 0, *, method: str = "spiking"
    ) -> pd.Series:
        """Return the row of a contestant in a condition."""
        rows = self.accuracy
        chosen = (rows["contestant"] == contestant) & (rows["method"] == method)
        return rows[chosen & (rows["noise"] == noise) & (rows["severity"] == severity)].iloc[0]


def read_noise(folder: Path) -> NoiseStudy:
    """Read the folder of a noise study.

    Raises
    ------
    UserError
        If a file is missing or damaged, or the files do not belong together.
    """
    if not folder.is_dir():
        raise UserError("no such study", file=folder, fix="give the folder that a noise study wrote")
    accuracy = read_table(folder / "accuracy.csv", ACCURACY, FIX, optional=("amount", "latency_ms", "spikes"))
    comparisons = read_table(folder / "comparisons.csv", COMPARISONS, FIX)
    if "p_holm" in comparisons:
        comparisons = read_table(folder / "comparisons.csv", COMPARISONS | {"p_holm": "share"}, FIX)
    summary = read_json(folder / "summary.json", SUMMARY, FIX)
    names, pictures = _read_pictures(folder / "examples.npz")
    _check_summary(summary, folder / "summary.json")
    _check_accuracy(accuracy, summary, folder / "accuracy.csv")
    order = [contestant["name"] for contestant in summary["contestants"]]
    # The first contestant comes first in the figures too.
    accuracy = accuracy.sort_values("contestant", key=lambda names: names.map(order.index), kind="stable")
    accuracy = accuracy.astype({"severity": int}).reset_index(drop=True)
    accuracy[["low", "high"]] = accuracy[["low", "high"]].clip(0, 1)
    return NoiseStudy(accuracy, comparisons, summary, names, pictures)


def _read_pictures(path: Path) -> tuple[list[str], NDArray[np.uint8]]:
    try:
        # The bytes first: of a damaged file, NumPy would leave the file open.
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as file:
            names, pictures = file["names"], file["pictures"]
    except OSError as error:
        reason = error.strerror or "damaged"
        raise UserError(f"a file of the results cannot be read: {reason}", file=path, fix=FIX) from error
    except (EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"a file of the results is damaged: {error}", file=path, fix=FIX) from error
    fits = pictures.ndim == 4 and pictures.shape[:2] == (len(names), 6) and pictures.dtype == np.uint8
    if len(names) and not fits:
        raise UserError(
            "a file of the results is damaged", file=path, key="pictures",
            value=f"{pictures.dtype} of shape {pictures.shape}",
            expected=f"uint8 of shape ({len(names)}, 6, height, width)", fix=FIX,
        )  # fmt: skip
    return [str(name) for name in names], pictures


def _check_summary(summary: dict[str, Any], path: Path) -> None:
    """Refuse a summary whose lists do not hold what the page names."""
    for key, needed in (
        ("contestants", {"name", "model", "about"}),
        ("noises", {"name", "acts_on", "amounts"}),
    ):
        entries = summary[key]
        whole = isinstance(entries, list) and all(
            isinstance(entry, dict) and needed <= set(entry) for entry in entries
        )
        if not whole or not entries:
            raise UserError(
                "a file of the results is damaged", file=path, key=key,
                expected=f"a list of objects with {', '.join(sorted(needed))}", fix=FIX,
            )  # fmt: skip


def _check_accuracy(accuracy: pd.DataFrame, summary: dict[str, Any], path: Path) -> None:
    """Refuse a table that is not of the summary's contestants and noises, or lacks a clean row."""
    for column, key, more in (("contestant", "contestants", set()), ("noise", "noises", {"clean"})):
        known = {entry["name"] for entry in summary[key]} | more
        strangers = set(accuracy[column]) - known
        if strangers or (key == "contestants" and known - set(accuracy[column])):
            raise UserError(
                "the files of the study do not belong together", file=path, key=column,
                value=", ".join(sorted(strangers or known - set(accuracy[column]))),
                expected=f"the {key} of summary.json: {', '.join(sorted(known))}", fix=FIX,
            )  # fmt: skip
    _check_conditions(accuracy, path)


def _check_conditions(accuracy: pd.DataFrame, path: Path) -> None:
    """Refuse a table that lacks clean inputs, or in which a number or a condition cannot be."""
    import pandas as pd

    keys = ["contestant", "method", "noise", "severity"]
    clean = accuracy[accuracy["noise"] == "clean"]
    twice = bool(accuracy.duplicated(keys).any())
    # Who was asked about anything was asked about clean inputs, and every contestant's spiking network was.
    asked = pd.concat([accuracy, accuracy.assign(method="spiking")])[keys[:2]]
    lacking = set(asked.itertuples(index=False, name=None)) - set(
        clean[keys[:2]].itertuples(index=False, name=None)
    )
    if twice or lacking:
        raise UserError(
            "a file of the results is damaged", file=path, key=", ".join(keys),
            value="a condition twice" if twice else f"no clean inputs of {sorted(lacking)[0][0]}",
            expected="every condition once, clean inputs of every contestant among them", fix=FIX,
        )  # fmt: skip
    known = accuracy["severity"].isin(range(6))
    if not (known & ((accuracy["severity"] == 0) == (accuracy["noise"] == "clean"))).all():
        raise UserError(
            "a file of the results is damaged", file=path, key="severity",
            expected="0 of clean inputs, 1 to 5 of noise", fix=FIX,
        )  # fmt: skip
    for end in ("low", "high"):
        if not accuracy[end].between(-ROUNDING, 1 + ROUNDING).all():
            raise UserError(
                "a file of the results is damaged",
                file=path,
                key=end,
                expected="numbers from 0 to 1",
                fix=FIX,
            )
    if len(clean) == len(accuracy):
        raise UserError("a file of the results is incomplete", file=path, value="no noise", fix=FIX)

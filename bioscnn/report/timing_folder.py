"""The files of a timing study, read and checked."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.files import write_npz
from bioscnn.report.files import read_json, read_table
from bioscnn.spikes import SpikeTrains

if TYPE_CHECKING:
    import pandas as pd

FIX = "type its `bioscnn timing` again: what is done already is kept"

ACCURACY = {
    "layer": "text", "family": "text", "label": "text", "severity": "number", "keeps_counts": "truth",
    "method": "text", "accuracy": "share", "low": "share", "high": "share", "n": "number",
    "difference": "number", "diff_low": "number", "diff_high": "number", "lost": "number", "won": "number",
    "p": "share", "p_holm": "share",
}  # fmt: skip
"""Columns of ``accuracy.csv``: one row a layer, perturbation and method."""

EMPTY_IF_CLEAN = ("difference", "diff_low", "diff_high", "lost", "won", "p", "p_holm")

COMPARISONS = {
    "layer": "text", "first": "text", "second": "text", "n": "number", "difference": "number",
    "diff_low": "number", "diff_high": "number", "lost": "number", "won": "number", "p": "share",
    "p_holm": "share",
}  # fmt: skip
"""Columns of ``comparisons.csv``: one row a layer and pair of methods on clean spikes."""

CONTROLS = {
    "set": "text", "label": "text", "method": "text", "accuracy": "share", "low": "share", "high": "share",
    "n": "number", "chance": "share", "expected": "text", "passed": "truth",
}  # fmt: skip
"""Columns of ``controls.csv``: one row a set, perturbation and decoder."""

INFORMATION = {
    "layer": "text", "response": "text", "bits": "number", "low": "number", "high": "number",
    "shuffled": "number", "neurons": "number",
}  # fmt: skip
"""Columns of ``information.csv``: one row a layer and response, means over its neurons in bits."""

VERDICT = ("controls_passed", "answer", "text", "facts")

SUMMARY = (
    "study", "dataset", "source", "simulated", "n", "classes", "chance", "network", "collapsed_network",
    "duration_ms", "dt_ms", "folds", "seed", "layers", "tests", "seconds", "data_sha256", "weights_sha256",
    "collapsed_sha256", "command", "commit", "dirty", "versions", "machine",
)  # fmt: skip


def write_examples(path: Path, trains: Mapping[str, SpikeTrains], labels: NDArray[np.int64]) -> None:
    """Write the spikes of a few trials, layer by layer, to an .npz file.

    Raises
    ------
    UserError
        If it cannot be written.
    """
    arrays: dict[str, Any] = {"labels": labels, "layers": np.array(list(trains))}
    for name, train in trains.items():
        arrays |= {f"{name}.neuron": train.neuron, f"{name}.step": train.step}
        arrays |= {f"{name}.start": train.trial_start, f"{name}.size": train.size}
        arrays |= {"n_steps": train.n_steps, "dt": train.dt}
    write_npz(path, arrays)


def _read_examples(path: Path) -> tuple[dict[str, SpikeTrains], NDArray[np.int64]]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            trains = {
                name: SpikeTrains(
                    file[f"{name}.neuron"],
                    file[f"{name}.step"],
                    file[f"{name}.start"],
                    int(file[f"{name}.size"]),
                    int(file["n_steps"]),
                    float(file["dt"]),
                )
                for name in file["layers"].tolist()
            }
            return trains, file["labels"]
    except FileNotFoundError:
        raise UserError("a file of the results is missing", file=path, fix=FIX) from None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise UserError(f"a file of the results is damaged: {error}", file=path, fix=FIX) from None


@dataclass(frozen=True, eq=False)
class TimingStudy:
    """A finished timing study.

    Parameters
    ----------
    accuracy, comparisons, controls, information : DataFrame
        Contents of the CSV files of these names; see `ACCURACY`, `COMPARISONS`, `CONTROLS`, `INFORMATION`.
    verdict, summary : dict
        Contents of the JSON files of these names.
    examples : dict of SpikeTrains
        Unperturbed spikes of a few trials, by layer.
    labels : ndarray of int64, shape (n_examples,)
        Their classes.
    """

    accuracy: pd.DataFrame
    comparisons: pd.DataFrame
    controls: pd.DataFrame
    information: pd.DataFrame
    verdict: dict[str, Any]
    summary: dict[str, Any]
    examples: dict[str, SpikeTrains]
    labels: NDArray[np.int64]

    @property
    def layers(self) -> list[str]:
        """Layers whose spikes were perturbed, the input first."""
        return list(self.accuracy["layer"].unique())

    @property
    def failed(self) -> pd.DataFrame:
        """Controls that did not come out as expected."""
        return self.controls[~self.controls["passed"]]

    def of(self, layer: str, method: str) -> pd.DataFrame:
        """Return one method's rows at one layer, those of the clean spikes included."""
        rows = self.accuracy
        return rows[(rows["layer"] == layer) & (rows["method"] == method)]


def read_timing(folder: Path) -> TimingStudy:
    """Read the folder of a timing study.

    Raises
    ------
    UserError
        If a file is missing or damaged, or the files do not belong together.
    """
    if not folder.is_dir():
        raise UserError("no such study", file=folder, fix="give the folder that a timing study wrote")
    study = TimingStudy(
        read_table(folder / "accuracy.csv", ACCURACY, FIX, optional=("severity", *EMPTY_IF_CLEAN)),
        read_table(folder / "comparisons.csv", COMPARISONS, FIX),
        read_table(folder / "controls.csv", CONTROLS, FIX, optional=("expected",)),
        read_table(folder / "information.csv", INFORMATION, FIX),
        read_json(folder / "verdict.json", VERDICT, FIX),
        read_json(folder / "summary.json", SUMMARY, FIX),
        *_read_examples(folder / "examples.npz"),
    )
    _check(study, folder)
    return study


def _check(study: TimingStudy, folder: Path) -> None:
    rows, file = study.accuracy, folder / "accuracy.csv"
    clean = rows["family"] == "clean"
    pairs = {tuple(pair) for pair in rows[["layer", "method"]].to_numpy()}
    lacking = pairs - {tuple(pair) for pair in rows.loc[clean, ["layer", "method"]].to_numpy()}
    if lacking:
        raise UserError(
            "a method has no accuracy on clean spikes", file=file, value=", ".join(min(lacking)), fix=FIX
        )
    bare = set(rows["layer"]) - set(rows.loc[~clean, "layer"])
    if bare:
        raise UserError("nothing was done to a layer's spikes", file=file, value=min(bare), fix=FIX)
    empty = rows.loc[~clean, list(EMPTY_IF_CLEAN)].isna().any()
    if empty.any():
        raise UserError(
            "a perturbed row has an empty cell", file=file, key=", ".join(empty.index[empty]), fix=FIX
        )
    most = int(rows["n"].max())
    if most > study.summary["n"]:
        raise UserError(
            "the files of the study do not belong together", file=file, key="n", value=most,
            expected=f"at most the {study.summary['n']} trials of summary.json", fix=FIX,
        )  # fmt: skip
    if study.verdict["controls_passed"] and len(study.failed):
        raise UserError(
            "the files of the study do not belong together", file=folder / "verdict.json",
            key="controls_passed", value=True,
            expected=f"false: controls.csv has {len(study.failed)} that failed", fix=FIX,
        )  # fmt: skip

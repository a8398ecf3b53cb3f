"""Results of a run, and studies, in the formats of other tools: one file of this package per format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bioscnn.errors import UserError
from bioscnn.export import csv, neo, npz, nwb
from bioscnn.export.activity import Activity, counted_alone

__all__ = ["FORMATS", "Activity", "Format", "counted_alone", "export"]


@dataclass(frozen=True)
class Format:
    """A format that something is exported to.

    Parameters
    ----------
    write : callable
        Writes it: of the path of a run or a study, and of the path to write or None for the default one;
        returns the path that it wrote.
    of_study : bool
        Whether a study file is exported; otherwise it is the folder of a run.
    """

    write: Callable[[Path, Path | None], Path]
    of_study: bool = False


FORMATS = {
    "npz": Format(npz.write),
    "csv": Format(csv.write),
    "neo": Format(neo.write),
    "nwb": Format(nwb.write),
}
"""Every format by the name that ``--to`` takes."""


def export(what: Path, to: str, out: Path | None = None) -> Path:
    """Write the results of a run, or a study, in another format.

    Parameters
    ----------
    what : Path
        Folder of a finished run, or a study file; which of them, the format says.
    to : str
        A key of `FORMATS`.
    out : Path or None
        File to write, for ``csv`` a folder; None for one in the folder of the run: ``run.npz``, ``csv``,
        ``run.nix``, ``run.nwb``.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    UserError
        If there is no such format, run or study, the run kept no spikes, a package is missing, or the file
        cannot be written; nothing half-written stays.
    """
    if to not in FORMATS:
        raise UserError("no such format", key="--to", value=to, expected=" | ".join(FORMATS))
    wanted = FORMATS[to]
    if wanted.of_study == what.is_dir():
        kinds = "study file, such as sims/mnist.toml", "folder of a run, such as results/mnist/latest"
        raise UserError(
            f"{to} is a format of a {'study' if wanted.of_study else 'run'}",
            file=what,
            expected=f"a {kinds[not wanted.of_study]}",
        )
    return wanted.write(what, out)

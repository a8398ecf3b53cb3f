"""Results of a run in the formats of other tools: one file of this package per format."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from bioscnn.errors import UserError
from bioscnn.exports import csv, neo, npz, nwb
from bioscnn.exports.activity import Activity, counted_alone
from bioscnn.report.folder import read_facts

__all__ = ["FORMATS", "Activity", "counted_alone", "export"]


FORMATS: dict[str, Callable[[Path, Path | None], Path]] = {
    "npz": npz.write,
    "csv": csv.write,
    "neo": neo.write,
    "nwb": nwb.write,
}
"""What writes each format, by the name that ``--to`` takes: of the folder of a run, and where to or None."""


def export(what: Path, to: object, out: Path | None = None, changes: Collection[object] = ()) -> Path:
    """Write the results of a run in another format.

    Parameters
    ----------
    what : Path
        Folder of a finished run.
    to : str
        A key of `FORMATS`.
    out : Path or None
        File to write, for ``csv`` a folder; None for one in the folder of the run: ``run.npz``, ``csv``,
        ``run.nix``, ``run.nwb``. What is at a path that is given is never replaced, and of the others an
        earlier export alone.
    changes : collection
        Of keys of a study, which a run does not take.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    UserError
        If there is no such format or run, the run kept no spikes, a package is missing, or the file
        cannot be written; nothing half-written stays.
    """
    if not isinstance(to, str) or to not in FORMATS:
        problem, fix = "no such format", None
        if isinstance(to, str) and to == "nir":
            problem = "nir is a format of the network of a study, not of a run"
            fix = "give the study in place of the run"
        raise UserError(problem, key="--to", value=to, expected=" | ".join((*FORMATS, "nir")), fix=fix)
    if changes:
        raise UserError(
            "a run is exported as it was", key="--set", fix="leave --set away, or run the study again"
        )
    if not what.is_dir():
        raise UserError(
            f"{to} is a format of a run, and this is no folder of one",
            file=what,
            expected="the folder of a run, such as results/mnist/latest",
        )
    read_facts(what)  # refuses results of other kinds
    return FORMATS[to](what, out)

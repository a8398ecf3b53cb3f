"""Exports: results for other tools, networks for other simulators, scripts."""

from __future__ import annotations

from numbers import Integral
from pathlib import Path

from bioscnn.errors import UserError
from bioscnn.exports import export as export_run
from bioscnn.library.arguments import (
    Changes,
    StudyLike,
    and_changes,
    as_path,
    progress_bar,
    require_type,
    settled,
)
from bioscnn.library.result import Result
from bioscnn.library.runs import RunLike, folder_of
from bioscnn.library.studies import read_study
from bioscnn.library.wording import in_python
from bioscnn.script import WrittenScript, write_script
from bioscnn.studies.export import export_nir
from bioscnn.studies.study import Study


@in_python
def export(
    what: RunLike | StudyLike,
    to: str,
    out: str | Path | None = None,
    *,
    changes: Changes | None = None,
    data: str | Path | None = None,
) -> Path:
    """Write what a run recorded for other tools, or the network of a study for other simulators.

    Parameters
    ----------
    what : Result, Study, str or path
        A run or its folder; for ``"nir"`` a study.
    to : str
        ``"npz"``, ``"csv"``, ``"neo"``, ``"nwb"``, or ``"nir"``; see ``docs/export.md``.
    out : path, optional
        The file, for ``"csv"`` a folder; else one in the folder of the run, or here.
    changes, data
        Of a study, as of `bioscnn.run`.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    UserError
        If there is no such format, it cannot hold this, a package is missing, or the file cannot be written;
        nothing half-written stays.
    """
    if isinstance(to, str) and to == "nir" and not isinstance(what, Result):
        study = read_study(what, and_changes(changes, {"dataset.trials": 1}))
        return export_nir(study, as_path(data), as_path(out)).path
    run = Path(f"{what.name}.toml") if isinstance(what, Study) else folder_of(what)
    return export_run(run, to, as_path(out), changes or ())


@in_python
def brian2(
    study: StudyLike,
    changes: Changes | None = None,
    *,
    trials: int = 10,
    data: str | Path | None = None,
    out: str | Path | None = None,
    progress: bool = False,
) -> WrittenScript:
    """Write a study as a plain Brian2 script, which gives the same spikes without bioscnn.

    Parameters
    ----------
    study, changes, data, progress
        As of `bioscnn.run`.
    trials : int
        So many of the study's first trials.
    out : path, optional
        Folder for ``model.py`` and ``model.npz``; else ``STUDY-brian2.npz`` alone is written, here.

    Returns
    -------
    WrittenScript
        Its ``text``, and the paths of ``script`` and ``arrays``.

    Raises
    ------
    UserError
        As of `bioscnn.run`, or if chance that is drawn in the simulation makes the same spikes impossible.
    """
    require_type("trials", trials, Integral, "a whole number")
    if trials < 1:
        raise UserError("a script shows trials", key="trials", value=trials, expected="at least 1")
    loaded, _ = settled(study, changes, data, progress)
    with progress_bar(progress) as watcher:
        return write_script(loaded, as_path(out), trials, as_path(data), watcher)

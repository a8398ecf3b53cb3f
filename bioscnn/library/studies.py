"""Studies: read, and what they need and simulate, before they are run."""

from __future__ import annotations

from pathlib import Path

from bioscnn.files import path_of
from bioscnn.library.arguments import (
    Changes,
    StudyLike,
    as_path,
    as_texts,
    file_of,
    progress_bar,
    require_type,
    settled,
    with_changes,
)
from bioscnn.library.wording import in_python
from bioscnn.studies import Study
from bioscnn.studies import read_study as read_study_file
from bioscnn.studies.new import Code, NewStudy
from bioscnn.studies.new import new_study as write_new_study
from bioscnn.studies.plan import Plan, plan_study
from bioscnn.studies.prepare import Prepared
from bioscnn.studies.prepare import prepare as prepare_study


@in_python
def read_study(study: StudyLike, changes: Changes | None = None) -> Study:
    """Read a study, and change some of its keys.

    Parameters
    ----------
    study : str, path or Study
        A file, or the name of a study that comes with bioscnn, such as ``"mnist"``.
    changes : mapping, optional
        Keys and their values, as in a file: ``{"neuron.t_ref": "1 ms", "dataset.trials": 500}``.

    Returns
    -------
    Study
        Its ``config`` has every key, in SI units; its ``toml()`` is a file.

    Raises
    ------
    UserError
        If there is no such study, a key is unknown (the nearest right one is named), or a value is wrong.

    Examples
    --------
    >>> read_study("mnist", {"neuron.t_ref": "1 ms"}).config.neuron.t_ref
    0.001
    """
    if isinstance(study, Study):
        return with_changes(study, changes)
    return read_study_file(file_of(study), as_texts(changes))


@in_python
def new_study(name: str, data: str | None = None, folder: str | Path = ".", code: Code = "rate") -> NewStudy:
    """Write a commented study file that runs as it is, but for a network that its user has to name.

    Parameters
    ----------
    name : str
        Of the study; the file is ``NAME.toml``.
    data : str, optional
        Own data such as ``"folder:photographs"``, or the name of a shipped study such as ``"nmnist"``, of
        which the file is then a copy; ``"mnist"`` if left out.
    folder : path
        Where to write it; the path of the data is relative to it.
    code : str
        ``"rate"``, or ``"time"`` for one spike per neuron, see docs/time-code.md: of images of one's own.

    Returns
    -------
    NewStudy
        Its ``file``, and in ``sentences`` what was found in the data.

    Raises
    ------
    UserError
        If the file exists, the name is none for a file, the data cannot be read, or the code is not theirs.
    """
    require_type("data", data, str, 'such as "folder:photographs"')
    return write_new_study(name, data, path_of(folder, "folder", "a folder"), code)


@in_python
def plan(
    study: StudyLike,
    changes: Changes | None = None,
    *,
    data: str | Path | None = None,
    progress: bool = False,
) -> Plan:
    """Say what a study needs (neurons, synapses, memory, time) without running it.

    Parameters and errors as of `bioscnn.run`.

    Returns
    -------
    Plan
        ``neurons``, ``synapses``, ``memory_mb``, ``seconds``, ``projections`` ...

    Examples
    --------
    >>> plan("mnist").neurons
    8532
    """
    return plan_study(settled(study, changes, data, progress)[0], as_path(data))


@in_python
def prepare(
    study: StudyLike,
    changes: Changes | None = None,
    *,
    data: str | Path | None = None,
    progress: bool = False,
) -> Prepared:
    """Load what a study simulates, and simulate nothing yet.

    Parameters and errors as of `bioscnn.run`.

    Returns
    -------
    Prepared
        The converted ``network``, the ``stimulus`` of its trials, the ``examples`` with their labels, the
        ``device``, the ``graph`` that was trained and its ``ann_class`` of every example.

    Examples
    --------
    >>> prepare("mnist", {"dataset.trials": 10}).network["output"].shape
    (10,)
    """
    loaded, _ = settled(study, changes, data, progress)
    with progress_bar(progress) as watcher:
        return prepare_study(loaded, as_path(data), watcher)

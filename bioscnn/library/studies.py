"""Studies: read, and what they need and simulate, before they are run."""

from __future__ import annotations

from pathlib import Path

from bioscnn.library.arguments import (
    Changes,
    StudyLike,
    as_path,
    as_texts,
    file_of,
    progress_bar,
    settled,
    with_changes,
)
from bioscnn.library.wording import in_python
from bioscnn.studies import Study
from bioscnn.studies import read_study as read_study_file
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

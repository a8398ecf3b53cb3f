"""Runs: made, explained, and compared."""

from __future__ import annotations

from pathlib import Path

from bioscnn.files import path_of
from bioscnn.ledger import Ledger
from bioscnn.library.arguments import Changes, StudyLike, as_path, progress_bar, run_folder, settled
from bioscnn.library.learned import learned_study, read_learned_run, run_learned_study
from bioscnn.library.result import Result
from bioscnn.library.wording import in_python
from bioscnn.studies.comparison import RunComparison
from bioscnn.studies.run_folder import RunFolder

RunLike = str | Path | Result
"""A run: its folder, or its result."""


@in_python
def run(
    study: StudyLike,
    changes: Changes | None = None,
    *,
    data: str | Path | None = None,
    out: str | Path | None = None,
    results: str | Path = "results",
    progress: bool = False,
) -> Result:
    """Simulate a study and write its report.

    Results that are there already, of the same study, inputs and code, are not simulated again.

    Parameters
    ----------
    study : str, path or Study
        A file, the name of a study that comes with bioscnn, such as ``"mnist"``, or one that has been read.
    changes : mapping, optional
        Keys and their values: ``{"neuron.t_ref": "1 ms", "dataset.trials": 500}``.
    data : path, optional
        A data folder; else BIOSCNN_DATA, downloads, or the embedded data.
    out : path, optional
        Folder of this run; else ``<results>/<study>/<what was changed>-<hash>``.
    results : path
        Folder of all results.
    progress : bool
        Whether a bar is shown.

    Returns
    -------
    Result
        Numbers, decisions, spikes and potentials, and the folder of the report. Of a network that learned
        without labels, such as ``"mnist-stdp"``: numbers and decisions.

    Raises
    ------
    UserError
        If anything that was given does not fit; nothing half-written is left behind then.

    Examples
    --------
    >>> result = run("mnist", {"dataset.trials": 200})  # doctest: +SKIP
    >>> result.decisions["latency_ms"].median()  # doctest: +SKIP
    """
    from bioscnn.studies.run import run_study

    if (learned := learned_study(study, changes)) is not None:
        return run_learned_study(learned, as_path(data), as_path(out), path_of(results), progress)
    loaded, chosen = settled(study, changes, data, progress)
    with progress_bar(progress, loaded.config.dataset.trials) as watcher:
        done = run_study(
            loaded,
            data=as_path(data),
            out=as_path(out),
            results=path_of(results),
            progress=watcher,
            chosen=chosen,
        )
    return Result(done.folder, done.summary)


@in_python
def read_run(folder: str | Path) -> Result:
    """Read the folder of a finished run, such as ``"results/mnist/latest"``.

    Raises
    ------
    UserError
        If it is no run, or a file is missing or damaged.
    """
    place = run_folder(folder)
    if (learned := read_learned_run(place)) is not None:
        return learned
    run = RunFolder.read(place)
    return Result(run.folder, run.summary)


@in_python
def explain(
    run: RunLike,
    *,
    trials: int = 1000,
    jobs: int | None = None,
    data: str | Path | None = None,
    progress: bool = False,
) -> Ledger:
    """Say where the accuracy of a run goes, cause by cause, and add that to its report.

    Parameters
    ----------
    run : str, path or Result
        What `bioscnn.run` returned, or the folder of a run.
    trials : int
        The first so many trials are simulated again.
    jobs : int, optional
        Processes at a time; those of the study if left out.
    data, progress
        As of `bioscnn.run`.

    Returns
    -------
    Ledger
        ``gap`` between trained and spiking network; its ``parts``, which add up to it; the ``first`` cause.

    Raises
    ------
    UserError
        If the folder is no run, its data or weights have changed, or such a run cannot be explained.
    """
    from bioscnn.studies.explain import explain_run

    with progress_bar(progress, trials) as watcher:
        return explain_run(folder_of(run), data=as_path(data), trials=trials, jobs=jobs, progress=watcher)[1]


@in_python
def compare(a: RunLike, b: RunLike) -> RunComparison:
    """Compare two runs of the same trials, whatever else differs: neuron, network, noise, device.

    Parameters
    ----------
    a, b : str, path or Result
        What `bioscnn.run` returned, or folders of runs.

    Returns
    -------
    RunComparison
        ``differences`` of accuracy, latency and spikes with their intervals; ``keys`` that differ;
        ``sentences`` that say it.

    Raises
    ------
    UserError
        If a folder is no run, or the runs are not of the same trials.
    """
    from bioscnn.studies.compare import compare_runs

    return compare_runs(folder_of(a), folder_of(b))


def folder_of(run: RunLike) -> Path:
    """Return the folder of a run."""
    return run.folder if isinstance(run, Result) else run_folder(run)

"""Experiments: many simulations that answer one question."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bioscnn.errors import UserError
from bioscnn.experiments.executors import where_to_compute
from bioscnn.experiments.experiment import Experiment
from bioscnn.experiments.run import Finished, run_experiment
from bioscnn.experiments.sweep import Sweep
from bioscnn.experiments.sweep import read_sweep as read_sweep_file
from bioscnn.files import path_of
from bioscnn.library.arguments import Changes, as_path, as_texts
from bioscnn.library.wording import in_python
from bioscnn.studies.watcher import Unwatched

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False)
class Findings:
    """A finished experiment.

    Parameters
    ----------
    folder : Path
        With ``report.html``, a CSV file per table, and ``summary.json``.
    summary : dict
        Contents of ``summary.json``.
    verdict : tuple of str
        Sentences that answer the question, the first one first.
    tables : dict of DataFrame
        What was measured, by name; units are in the names of the columns.
    failed : dict of str
        What failed, and why.
    """

    folder: Path
    summary: dict[str, Any] = field(repr=False)
    verdict: tuple[str, ...]
    tables: dict[str, DataFrame] = field(repr=False)
    failed: dict[str, str]

    @property
    def report(self) -> Path:
        """The page that shows the experiment."""
        return self.folder / "report.html"


@in_python
def read_sweep(
    file: str | Path, changes: Changes | None = None, gain: Literal["wired", "kept"] | None = None
) -> Sweep:
    """Read a sweep file, for `bioscnn.SweepExperiment`.

    Parameters
    ----------
    file : str or path
        A file (``docs/sweeps.md``), or the name of one that comes with bioscnn: ``"sweeps/mnist-morris"``.
    changes : mapping, optional
        Keys of its study and their values, as of `bioscnn.run`.
    gain : {"wired", "kept"}, optional
        In place of the file's: whether layers keep their gain.

    Raises
    ------
    UserError
        If there is no such file, or it does not say a sweep.
    """
    return read_sweep_file(path_of(file, "file", "the path or the name of a sweep"), as_texts(changes), gain)


@in_python
def conduct(
    experiment: Experiment,
    *,
    jobs: int | None = None,
    dask: str | None = None,
    slurm: int | None = None,
    pbs: int | None = None,
    cluster: Mapping[str, object] | None = None,
    data: str | Path | None = None,
    results: str | Path = "results",
    retry: bool = False,
    keep_spikes: bool = False,
    progress: bool = False,
) -> Findings:
    """Conduct an experiment: measure what is not known yet, analyse, and write its page.

    It goes on where it was stopped, and measures nothing again whose inputs and code are the same.

    Parameters
    ----------
    experiment : Experiment
        Such as ``bioscnn.NoiseExperiment(bioscnn.read_study("mnist"), quick=True)``, or one of your own.
    jobs, slurm, pbs : int, optional
        Processes of this machine, jobs of Slurm, jobs of PBS; else the ``simulation.jobs`` of the study.
    dask : str, optional
        Address of a Dask scheduler.
    cluster : mapping, optional
        What the batch system is told of a job: keyword arguments of dask-jobqueue's cluster.
    data : path, optional
        A data folder; else BIOSCNN_DATA.
    results : path
        Folder of all results.
    retry : bool
        Whether units that failed are measured again.
    keep_spikes : bool
        Whether spikes are kept too: after a change of the readout nothing is simulated again.
    progress : bool
        Whether a bar is shown.

    Returns
    -------
    Findings

    Raises
    ------
    UserError
        If anything that was given does not fit, who computes cannot be reached, or the disk is full.
    """
    from pandas import DataFrame

    if isinstance(experiment, type) or not hasattr(experiment, "plan"):
        expected = 'such as bioscnn.NoiseExperiment(bioscnn.read_study("mnist"))'
        raise UserError("no experiment", key="experiment", value=experiment, expected=expected)
    usual_jobs = experiment.study.config.simulation.jobs
    where = where_to_compute(
        jobs=jobs, dask=dask, slurm=slurm, pbs=pbs, cluster=cluster, usual_jobs=usual_jobs
    )
    bar: Any = nullcontext(Unwatched())
    if progress:
        from bioscnn.terminal import WorkProgress

        bar = WorkProgress()
    with bar as watcher:
        done = run_experiment(
            experiment,
            where=where,
            data=as_path(data),
            results=path_of(results),
            progress=watcher,
            retry=retry,
            keep_spikes=keep_spikes,
        )
    assert isinstance(done, Finished)  # no shard was asked for
    analysis = done.analysis
    tables = {name: DataFrame(list(rows)) for name, rows in analysis.tables.items()}
    return Findings(done.folder, done.summary, tuple(analysis.verdict), tables, dict(analysis.failed))

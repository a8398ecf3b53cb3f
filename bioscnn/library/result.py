"""A finished run: its numbers, the decision of every trial, spikes and potentials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.ledger import Ledger
from bioscnn.network import OUTPUT, READOUT
from bioscnn.report.folder import read_ledger
from bioscnn.spikes import SpikeTrains
from bioscnn.statistics import Estimate, proportion
from bioscnn.studies.paired import TrialResults
from bioscnn.studies.run_folder import RunFolder

if TYPE_CHECKING:
    from pandas import DataFrame

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Result:
    """A finished run.

    Tables and arrays are read from its folder when they are asked for.

    Parameters
    ----------
    folder : Path
        With ``report.html``, ``run.h5``, ``config.toml``, ``provenance.json`` and ``summary.json``.
    summary : dict
        Contents of ``summary.json``: accuracies as [value, low, high], spikes, latency, source of the data.

    Raises
    ------
    UserError
        From every attribute, if the files of the run are damaged.
    """

    folder: Path
    summary: dict[str, Any] = field(repr=False)

    @property
    def report(self) -> Path:
        """The page that shows the run."""
        return self.folder / "report.html"

    @cached_property
    def accuracy(self) -> Estimate:
        """Share of the trials that are right by the readout of the study, with a Wilson 95 % interval."""
        return proportion(self._read(lambda run: TrialResults.of(run).correct))

    @property
    def ledger(self) -> Ledger | None:
        """Where the accuracy goes, once `bioscnn.explain` has found out; else None."""
        explained = read_ledger(self.folder / "ledger.json")
        return None if explained is None else explained[0]

    @cached_property
    def decisions(self) -> DataFrame:
        """One row per trial.

        Columns: ``trial``; ``index`` in the split; ``true_class``, ``true_name``; ``ann_class`` of the
        trained network, if there is one; ``chosen_class`` and ``chosen_name`` at the end of the trial, by the
        readout of the study; ``correct``; ``latency_ms``, from which on that choice is informed and final,
        NaN if no trial comes to a decision; ``spikes`` of all populations.
        """
        return self._read(_decisions)

    @cached_property
    def populations(self) -> DataFrame:
        """One row per population: ``population``, ``neurons``, ``spikes_per_trial``, ``rate_Hz``."""
        return self._read(_populations)

    def spikes(self, population: str = OUTPUT) -> SpikeTrains:
        """Return every spike of a population; its ``table()`` is a DataFrame.

        Raises
        ------
        UserError
            If there is no such population, or the run kept only the number of its spikes.
        """
        return self._read(lambda run: run.stored.spikes(_recorded(run, population, "spikes"), _every(run)))

    def potentials(self, population: str = READOUT) -> NDArray[np.float32]:
        """Return membrane potentials, V above rest, at the end of each step, shape (n_trials, n_steps, size).

        Raises
        ------
        UserError
            If there is no such population, or the run kept none of its potentials.
        """
        return self._read(
            lambda run: run.stored.potentials(_recorded(run, population, "potentials"), _every(run))
        )

    def _read(self, what: Callable[[RunFolder], T]) -> T:
        run = RunFolder.read(self.folder)
        with run.stored:
            run.check()
            return what(run)


def _every(run: RunFolder) -> slice:
    return slice(0, int(run.summary["n_trials"]))


def _recorded(run: RunFolder, population: str, what: str) -> str:
    """Return the name of a population of which spikes or potentials were kept."""
    names = list(run.stored.shapes())
    if population not in names:
        raise UserError(
            "no such population",
            file=run.folder,
            key="population",
            value=population,
            expected=" | ".join(names),
        )
    if not run.stored.has(population, what):
        raise UserError(
            f"the run kept no {what} of this population",
            file=run.folder,
            key="readout.record",
            value=population,
            expected=" | ".join(name for name in names if run.stored.has(name, what)),
            fix='run the study again with {"readout.record": "all"}',
        )
    return population


def _decisions(run: RunFolder) -> DataFrame:
    from pandas import DataFrame

    stored, trials = run.stored, TrialResults.of(run)
    names, label = np.array([str(name) for name in run.provenance["data"]["classes"]]), stored.trials("label")
    columns: dict[str, NDArray[Any]] = {
        "trial": np.arange(len(label)),
        "index": stored.trials("index"),
        "true_class": label,
        "true_name": names[label],
        **({} if run.config.is_nir else {"ann_class": stored.trials("ann_class")}),
        "chosen_class": trials.chosen,
        "chosen_name": names[trials.chosen],
        "correct": trials.correct,
        "latency_ms": np.full(len(label), np.nan) if trials.latency_ms is None else trials.latency_ms,
        "spikes": trials.spikes,
    }
    return DataFrame(columns)


def _populations(run: RunFolder) -> DataFrame:
    from pandas import DataFrame

    shapes, (n_trials, n_steps) = run.stored.shapes(), run.stored.extent()
    names = [name for name in shapes if name != READOUT]
    neurons = np.array([prod(shapes[name]) for name in names])
    per_trial = np.array([run.stored.counts(name)[0].sum() for name in names]) / n_trials
    rate_Hz = per_trial / neurons / (n_steps * run.stored.dt())
    return DataFrame(
        {"population": names, "neurons": neurons, "spikes_per_trial": per_trial, "rate_Hz": rate_Hz}
    )

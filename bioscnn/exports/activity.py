"""Spikes, potentials and decisions of a finished run, with labels and provenance, as exports take them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.readout import decisions, not_finite
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.run_folder import RunFolder

MOST_VOLTS = 1e30
"""Larger potentials are those of a simulation that went to infinity, and have no mV in 32 bits."""

AT_ONCE = 500
"""Trials that are read at a time."""

MOST_BYTES = 4e9
"""Of potentials that are held in memory."""


@dataclass(frozen=True, eq=False)
class Activity:
    """Spikes, potentials and decisions that a run recorded, on one time axis.

    The trials of a simulation follow each other in one run, and so they do here. Times are those of Brian2's
    monitors: a spike of step ``k`` of trial ``j``, and the potential at the end of that step, have the time
    ``(j*n_steps + k)*dt``. (`bioscnn.metrics.to_neo` puts a spike at the end of its step.)

    Parameters
    ----------
    run : RunFolder
        The run.
    shapes : dict of tuple of int
        Shape of each population.
    spikes : dict of SpikeTrains
        Of the populations whose spikes were kept.
    potentials : dict of ndarray of float32, shape (n_trials, n_steps, size)
        Of the populations whose potentials were kept, V above rest, at the end of each step.
    label, index : ndarray of int64, shape (n_trials,)
        True class, place in the split of the data set.
    ann_class : ndarray of int64, shape (n_trials,), or None
        Class that the trained network chose; None of a NIR graph, which was not converted from one.
    decision : ndarray of int64, shape (n_trials, n_steps)
        Class that the study's readout chooses after each step.
    """

    run: RunFolder
    shapes: dict[str, tuple[int, ...]]
    spikes: dict[str, SpikeTrains]
    potentials: dict[str, NDArray[np.float32]]
    label: NDArray[np.int64]
    index: NDArray[np.int64]
    ann_class: NDArray[np.int64] | None
    decision: NDArray[np.int64]

    @classmethod
    def read(cls, folder: Path) -> Activity:
        """Read the folder of a run.

        Raises
        ------
        UserError
            If it is no run, is damaged, kept no spikes, or its potentials are too much for the memory.
        """
        run = RunFolder.read(folder)
        with run.stored as stored:
            run.check()
            (n_trials, n_steps), shapes = stored.extent(), stored.shapes()
            every = slice(0, n_trials)
            with_spikes = [name for name in _firing(run) if stored.has(name, "spikes")]
            with_potentials = [name for name in shapes if stored.has(name, "potentials")]
            if not with_spikes:
                raise UserError(
                    "the run kept no spikes, only how many there were",
                    file=folder,
                    key="readout.record",
                    value=run.config.readout.record,
                    expected='populations whose spikes are kept, or "all"',
                    fix="run the study again with --set readout.record=all",
                )
            size = 4 * n_trials * n_steps * sum(prod(shapes[name]) for name in with_potentials)
            if size > MOST_BYTES:
                raise UserError(
                    "the run kept more potentials than can be exported at once",
                    file=folder,
                    key="readout.record",
                    value=f"{size / 1e9:.1f} GB",
                    expected=f"at most {MOST_BYTES / 1e9:.0f} GB",
                    fix="run the study with fewer trials, or name fewer populations in readout.record",
                )
            parts = [slice(k, min(k + AT_ONCE, n_trials)) for k in range(0, n_trials, AT_ONCE)]
            rule = run.config.readout.rule
            potentials = {name: stored.potentials(name, every) for name in with_potentials}
            for name, values in potentials.items():
                if not (np.abs(values) < MOST_VOLTS).all():
                    raise not_finite(name, "some trials").but(file=folder / "run.h5")
            return cls(
                run,
                shapes,
                {name: stored.spikes(name, every) for name in with_spikes},
                potentials,
                stored.trials("label"),
                stored.trials("index"),
                None if run.config.is_nir else stored.trials("ann_class"),
                np.concatenate([decisions(run.readout(part), rule) for part in parts]),
            )

    @property
    def dt(self) -> float:
        """Duration of a step, s."""
        return next(iter(self.spikes.values())).dt

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(self.label)

    @property
    def n_steps(self) -> int:
        """Steps of a trial."""
        return int(self.decision.shape[1])

    @property
    def chosen_class(self) -> NDArray[np.int64]:
        """Class chosen at the end of each trial, shape (n_trials,)."""
        return self.decision[:, -1]

    @cached_property
    def classes(self) -> list[str]:
        """Name of each class."""
        return [str(name) for name in self.run.provenance["data"]["classes"]]

    @property
    def started(self) -> datetime:
        """When it was simulated."""
        return datetime.fromisoformat(self.run.provenance["started"])

    @property
    def title(self) -> str:
        """One sentence about the run."""
        summary, config = self.run.summary, self.run.config
        return (
            f"bioscnn: {self.n_trials} trials of {summary['dataset']} ({config.dataset.split}), network "
            f"{config.network.model}, {1e3 * self.n_steps * self.dt:g} ms in steps of {1e3 * self.dt:g} ms"
        )

    def facts(self) -> dict[str, Any]:
        """Return where the results come from: plain text and numbers."""
        provenance, summary = self.run.provenance, self.run.summary
        return {
            "bioscnn": provenance["versions"].get("bioscnn"),
            "brian2": provenance["versions"].get("brian2"),
            "commit": provenance["commit"],
            "weights_sha256": summary["weights_sha256"],
            "data_sha256": summary["data_sha256"],
            "readout": self.run.config.readout.rule,
        }

    def trains(self, name: str) -> Iterator[NDArray[np.int64]]:
        """Yield the steps in which each neuron of a population fired, counted over all trials."""
        spikes = self.spikes[name]
        order = np.argsort(spikes.neuron, kind="stable")
        steps = (spikes.trial() * spikes.n_steps + spikes.step)[order]
        ends = np.cumsum(np.bincount(spikes.neuron, minlength=spikes.size))
        yield from np.split(steps, ends[:-1])


def counted_alone(folder: Path) -> tuple[str, ...]:
    """Return the populations of a run that fire and of whose spikes only the numbers were kept.

    Nothing if the path is no folder; errors as of `RunFolder.read`.
    """
    if not folder.is_dir():
        return ()
    run = RunFolder.read(folder)
    with run.stored as stored:
        return tuple(name for name in _firing(run) if not stored.has(name, "spikes"))


def _firing(run: RunFolder) -> list[str]:
    return [p["name"] for p in run.provenance["populations"] if p["threshold"] is not None]

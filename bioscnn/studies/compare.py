"""Two runs of the same trials, spike by spike: on another device, in another precision, by another Brian2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT
from bioscnn.quantities import parse_quantity
from bioscnn.readout import decisions
from bioscnn.report.folder import read_facts
from bioscnn.simulation import PopulationRecording, Recording
from bioscnn.simulation.storage import StoredRun
from bioscnn.studies.comparison import Comparison, PopulationDifference
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.divergence import (
    Divergence,
    differing_spikes,
    first_of_each_trial,
    rounding_tolerance,
)
from bioscnn.studies.study import read_study

MAY_DIFFER = {
    "simulation.device", "simulation.precision", "simulation.connectivity", "simulation.jobs",
    "simulation.use_gpu", "readout.record",
    # What these name is compared by its hash.
    "network.model", "dataset.recordings",
}  # fmt: skip
"""Keys of a study that two runs of the same trials need not share."""

BLOCK = 100
"""Trials in memory at a time."""


def compare_runs(a: Path, b: Path) -> Comparison:
    """Compare two runs of the same trials, spike by spike.

    Spikes are compared as integers (trial, step, neuron) in every population that both runs recorded in
    full, and by their numbers in the others. A few trials are in memory at a time.

    Parameters
    ----------
    a, b : Path
        Folders of runs, made with ``readout.record = "all"`` if every spike is to be compared.

    Raises
    ------
    UserError
        If a folder is no run, a file is damaged, or the runs differ in more than `MAY_DIFFER`.
    """
    sides = _Side.read(a), _Side.read(b)
    _check_same_trials(*sides)
    with sides[0].stored, sides[1].stored:
        for side in sides:
            side.check()
        return _compare(*sides)


@dataclass(frozen=True, eq=False)
class _Side:
    """One of two runs, its recording not read yet."""

    folder: Path
    summary: dict[str, Any]
    provenance: dict[str, Any]
    config: StudyConfig
    stored: StoredRun

    @classmethod
    def read(cls, folder: Path) -> _Side:
        summary, provenance = read_facts(folder)
        config = read_study(folder / "config.toml").config
        return cls(folder, summary, provenance, config, StoredRun(folder / "run.h5"))

    @property
    def settings(self) -> dict[str, Any]:
        """What may differ, and did the work."""
        asked = self.config.simulation
        # NumPy computes in float64, and it and GeNN list all synapses, whatever they are asked for.
        used = {"connectivity": "explicit"} if asked.device in ("numpy", "genn") else {}
        used |= {"precision": "float64"} if asked.device == "numpy" else {}
        return {
            "folder": str(self.folder),
            "device": asked.device,
            "precision": asked.precision,
            "connectivity": asked.connectivity,
            "jobs": asked.jobs,
            **used,
            "brian2": self.provenance["versions"].get("brian2"),
            "commit": self.provenance["commit"],
        }

    def check(self) -> None:
        """Refuse a recording of other populations, trials or steps than its summary and study say."""
        described = {p["name"]: tuple(p["shape"]) for p in self.provenance["populations"]}
        expected, found = (self.summary["n_trials"], self.config.simulation.n_steps), self.stored.extent()
        if found != expected or self.stored.shapes() != described:
            raise UserError(
                "the files of the run do not belong together",
                file=self.folder / "run.h5",
                value=f"{found[0]} trials of {found[1]} steps",
                expected=f"the {expected[0]} of {expected[1]} steps, and the populations, of its other files",
                fix="run the study again",
            )

    def readout(self, trials: slice) -> Recording:
        """Return what the class is read from, in consecutive trials."""
        spikes, potentials = self.stored.spikes(OUTPUT, trials), self.stored.potentials(READOUT, trials)
        silent = np.zeros(len(potentials), np.int64), np.zeros(potentials.shape[2], np.int64)
        return Recording(
            {
                OUTPUT: PopulationRecording.from_spikes(spikes, True, None),
                READOUT: PopulationRecording(*silent, None, potentials),
            },
            spikes.n_steps,
            spikes.dt,
        )

    def threshold(self, population: str) -> float | None:
        """Return the threshold of a population if all its neurons share one that does not change."""
        for described in self.provenance["populations"]:
            if described["name"] == population and described["threshold"] == "V > V_th":
                if "V_th of the cells" in described:
                    return None
                text = described["parameters"].get("V_th")
                return None if text is None else parse_quantity(text, "voltage")
        return None


def _flat(tables: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested tables as one, ``{"neuron.t_ref": ...}``."""
    flat: dict[str, Any] = {}
    for name, value in tables.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


def _check_same_trials(one: _Side, other: _Side) -> None:
    """Refuse runs that are expected to differ."""
    described = []
    for side in (one, other):
        calibration = side.provenance["network"].get("calibration")
        hashes = {
            "data SHA-256": side.summary["data_sha256"],
            "weights SHA-256": side.summary["weights_sha256"],
            "calibration SHA-256": calibration and calibration["sha256"],
        }
        keys = _flat(side.config.model_dump())
        described.append({key: value for key, value in keys.items() if key not in MAY_DIFFER} | hashes)
    for key in dict.fromkeys([*described[0], *described[1]]):
        value, expected = (keys.get(key) for keys in described)
        if value != expected:
            raise UserError(
                "the two runs are not of the same trials",
                file=one.folder,
                key=key,
                value=value,
                expected=f"{expected!r}, as in {other.folder}",
                fix="compare runs that differ in simulation.device, precision, connectivity or jobs alone",
            )


@dataclass(frozen=True, eq=False)
class _Block:
    """What was found in a few consecutive trials.

    Parameters
    ----------
    only_in_one : ndarray of int64, shape (n_populations, 2)
        Spikes that only the first run has, and only the second.
    trials : list of ndarray of int64
        Trials whose spikes differ, for each population.
    first : ndarray of int64, shape (n_trials_that_differ, 5)
        From `first_of_each_trial`.
    class_changed : ndarray of int64
        Trials that were given another class.
    readout_apart : float
        Largest difference between two potentials of the readout, V.
    """

    only_in_one: NDArray[np.int64]
    trials: list[NDArray[np.int64]]
    first: NDArray[np.int64]
    class_changed: NDArray[np.int64]
    readout_apart: float


def _compare_block(one: _Side, other: _Side, in_full: Sequence[str], trials: slice) -> _Block:
    found = [
        differing_spikes(one.stored.spikes(name, trials), other.stored.spikes(name, trials))
        for name in in_full
    ]
    for part in found:
        part[:, 0] += trials.start
    rule, readouts = one.config.readout.rule, (one.readout(trials), other.readout(trials))
    classes = [decisions(readout, rule)[:, -1] for readout in readouts]
    potentials = [side.stored.potentials(READOUT, trials) for side in (one, other)]
    return _Block(
        np.stack([np.bincount(part[:, 3], minlength=2) for part in found]),
        [np.unique(part[:, 0]) for part in found],
        first_of_each_trial(found),
        np.flatnonzero(classes[0] != classes[1]) + trials.start,
        float(np.abs(potentials[0] - potentials[1]).max()),
    )


def _compare(one: _Side, other: _Side) -> Comparison:
    sides, n_trials = (one, other), one.summary["n_trials"]
    names = [name for name in one.stored.shapes() if name != READOUT]
    in_full = [name for name in names if all(side.stored.has(name, "spikes") for side in sides)]
    blocks = [
        _compare_block(one, other, in_full, slice(first, min(first + BLOCK, n_trials)))
        for first in range(0, n_trials, BLOCK)
    ]
    populations, differing = [], [np.empty(0, np.int64)]
    for name in names:
        (by_trial, by_neuron), (by_trial_2, by_neuron_2) = (side.stored.counts(name) for side in sides)
        trials, only_in_one = np.flatnonzero(by_trial != by_trial_2), None
        if name in in_full:
            place = in_full.index(name)
            trials = np.concatenate([block.trials[place] for block in blocks])
            alone = np.sum([block.only_in_one[place] for block in blocks], axis=0)
            only_in_one = int(alone[0]), int(alone[1])
        differing.append(trials)
        populations.append(
            PopulationDifference(
                name=name,
                in_full=name in in_full,
                spikes=(int(by_trial.sum()), int(by_trial_2.sum())),
                only_in_one=only_in_one,
                trials=len(trials),
                neurons=int(np.sum(by_neuron != by_neuron_2)),
            )
        )
    return Comparison(
        settings=(one.settings, other.settings),
        n_trials=n_trials,
        populations=tuple(populations),
        trials=np.unique(np.concatenate(differing)),
        class_changed=np.concatenate([block.class_changed for block in blocks]),
        readout_apart=max(block.readout_apart for block in blocks),
        divergences=tuple(
            _divergence(row, in_full, sides) for block in blocks for row in block.first.tolist()
        ),
    )


def _divergence(row: list[int], in_full: Sequence[str], sides: tuple[_Side, _Side]) -> Divergence:
    trial, step, place, neuron, fired_in = row
    name = in_full[place]
    found = Divergence(trial, step, name, neuron, fired_in, threshold=sides[0].threshold(name))
    if not all(side.stored.has(name, "potentials") for side in sides):
        return found
    here = slice(trial, trial + 1), slice(neuron, neuron + 1)
    traces = np.stack([side.stored.potentials(name, *here)[0, :, 0] for side in sides])
    now, before = traces[:, step].tolist(), traces[:, step - 1].tolist() if step else [0.0, 0.0]
    found = replace(found, potentials=tuple(now), before=tuple(before))
    if found.threshold is None:
        return found
    precisions = [side.settings["precision"] for side in sides]
    return replace(found, tolerance=rounding_tolerance(traces, step, found.threshold, precisions))

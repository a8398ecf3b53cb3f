"""Two runs of the same trials: what differs in their studies and in what came out, and spike by spike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.network import READOUT
from bioscnn.readout import final_decisions
from bioscnn.studies.comparison import Comparison, PopulationDifference, RunComparison
from bioscnn.studies.divergence import Divergence, differing_spikes, first_of_each_trial, rounding_tolerance
from bioscnn.studies.paired import paired_differences
from bioscnn.studies.run_folder import RunFolder

MAY_DIFFER = {
    "simulation.device", "simulation.precision", "simulation.connectivity", "simulation.jobs",
    "simulation.use_gpu", "readout.record",
    # What these name is compared by its hash.
    "network.model", "dataset.recordings",
}  # fmt: skip
"""Keys in which studies may differ and still simulate the same networks under the same input."""

BLOCK = 100
"""Trials in memory at a time."""


def compare_runs(a: Path, b: Path) -> RunComparison:
    """Compare two runs of the same trials, whatever else differs: neuron, network, noise, time step, device.

    Accuracy, latency and spikes are compared trial by trial. Where the two have the same networks, input and
    clock, so that they should give the same spikes, all spikes are compared too: as integers (trial, step,
    neuron) in every population that both runs recorded in full, and by their numbers in the others. A few
    trials are in memory at a time.

    Parameters
    ----------
    a, b : Path
        Folders of runs, made with ``readout.record = "all"`` if every spike is to be compared.

    Raises
    ------
    UserError
        If a folder is no run, a file is damaged, or the runs are not of the same trials.
    """
    one, other = RunFolder.read(a), RunFolder.read(b)
    with one.stored, other.stored:
        one.check()
        other.check()
        _check_same_trials(one, other)
        keys = keys_that_differ(one, other)
        return RunComparison(
            settings=(one.settings, other.settings),
            n_trials=one.summary["n_trials"],
            keys=keys,
            differences=paired_differences(one, other),
            spikes=_compare_spikes(one, other) if keys.keys() <= MAY_DIFFER else None,
            spikes_in=(
                one.summary.get("input_spikes_per_trial"),
                other.summary.get("input_spikes_per_trial"),
            ),
        )


def _check_same_trials(one: RunFolder, other: RunFolder) -> None:
    """Refuse runs of other examples."""
    for key, first, second in (
        ("dataset.trials", one.summary["n_trials"], other.summary["n_trials"]),
        ("data SHA-256", one.summary["data_sha256"], other.summary["data_sha256"]),
        *(
            (what, *(side.stored.trials(what).tolist() for side in (one, other)))
            for what in ("index", "label")
        ),
    ):
        if first != second:
            raise UserError(
                "the two runs are not of the same trials", file=one.folder, key=key, value=first,
                expected=f"{second!r}, as in {other.folder}",
                fix="compare runs of the same data set, split and number of trials",
            )  # fmt: skip


def keys_that_differ(one: RunFolder, other: RunFolder) -> dict[str, tuple[Any, Any]]:
    """Return the keys of the two studies that differ, and what stands for them in the first and the second.

    Weights and calibration images are told by their checksums.
    """
    sides = []
    for side in (one, other):
        calibration = side.provenance["network"].get("calibration")
        sides.append(side.keys | {
            "weights SHA-256": side.summary["weights_sha256"],
            "calibration SHA-256": calibration and calibration["sha256"],
        })  # fmt: skip
    first, second = sides
    return {
        key: (first.get(key), second.get(key))
        for key in dict.fromkeys([*first, *second])
        if first.get(key) != second.get(key)
    }


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


def _compare_block(one: RunFolder, other: RunFolder, in_full: Sequence[str], trials: slice) -> _Block:
    differing = [
        differing_spikes(one.stored.spikes(name, trials), other.stored.spikes(name, trials))
        for name in in_full
    ]
    for part in differing:
        part[:, 0] += trials.start
    rule, readouts = one.config.readout.rule, (one.readout(trials), other.readout(trials))
    classes = [final_decisions(readout, rule) for readout in readouts]
    potentials = [side.stored.potentials(READOUT, trials) for side in (one, other)]
    return _Block(
        np.stack([np.bincount(part[:, 3], minlength=2) for part in differing]),
        [np.unique(part[:, 0]) for part in differing],
        first_of_each_trial(differing),
        np.flatnonzero(classes[0] != classes[1]) + trials.start,
        float(np.abs(potentials[0] - potentials[1]).max()),
    )


def _compare_spikes(one: RunFolder, other: RunFolder) -> Comparison:
    """Compare all spikes of two runs that should have the same."""
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


def _divergence(row: list[int], in_full: Sequence[str], sides: tuple[RunFolder, RunFolder]) -> Divergence:
    trial, step, place, neuron, fired_in = row
    name = in_full[place]
    divergence = Divergence(trial, step, name, neuron, fired_in, threshold=sides[0].threshold(name))
    if not all(side.stored.has(name, "potentials") for side in sides):
        return divergence
    here = slice(trial, trial + 1), slice(neuron, neuron + 1)
    traces = np.stack([side.stored.potentials(name, *here)[0, :, 0] for side in sides])
    now, before = traces[:, step].tolist(), traces[:, step - 1].tolist() if step else [0.0, 0.0]
    divergence = replace(divergence, potentials=tuple(now), before=tuple(before))
    if divergence.threshold is None:
        return divergence
    precisions = [side.settings["precision"] for side in sides]
    return replace(divergence, tolerance=rounding_tolerance(traces, step, divergence.threshold, precisions))

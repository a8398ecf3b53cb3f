"""The class that a network chooses, from the spikes or potentials of its last populations.

Every rule is a curve over time: what the network would answer if the trial ended after that step.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT
from bioscnn.simulation.recording import Recording
from bioscnn.spikes import SpikeTrains

Evidence = NDArray[np.floating]

_AT_ONCE = 10**6
"""Numbers of evidence that are held in memory at a time."""

_OUTPUTS = re.compile(rf"{OUTPUT}(_spike\d+)?")


def _potentials(recording: Recording) -> NDArray[np.float32]:
    potentials = recording.potentials()
    bad = (~np.isfinite(potentials[trials]).all(axis=(1, 2)) for trials in _parts(recording))
    if n_bad := sum(map(np.count_nonzero, bad)):
        raise not_finite(READOUT, f"{n_bad} of {len(potentials)} trials")
    return potentials


def _parts(recording: Recording) -> Iterator[slice]:
    """Yield trials whose evidence is held in memory at a time."""
    n_trials, *size = recording.potentials().shape
    at_once = max(1, _AT_ONCE // max(1, prod(size)))
    return (slice(first, first + at_once) for first in range(0, n_trials, at_once))


def _of_trials(recording: Recording, trials: slice) -> Recording:
    """Return a recording with what the class is read from in consecutive trials."""
    populations = dict(recording.populations)
    for name in (READOUT, *output_names(populations)):
        spikes, potentials = populations[name].spikes, populations[name].potentials
        populations[name] = replace(
            populations[name],
            spikes=None if spikes is None else spikes[trials],
            potentials=None if potentials is None else potentials[trials],
        )
    return replace(recording, populations=populations)


def not_finite(population: str, where: str) -> UserError:
    """Return the error of a simulation whose potentials went to infinity, or are no numbers."""
    return UserError(
        f"potentials of {population} are infinite or no numbers",
        value=where,
        expected="finite potentials",
        fix="make simulation.dt or network.weight_scale smaller; let the equations of your own neuron stay "
        "finite, such as by clip()",
    )


def _cumulative_counts(spikes: SpikeTrains) -> NDArray[np.float64]:
    counts = np.zeros((spikes.n_trials, spikes.n_steps, spikes.size))
    counts[spikes.trial(), spikes.step, spikes.neuron] = 1
    return np.cumsum(counts, axis=1)


def output_names(populations: Iterable[str]) -> list[str]:
    """Return the populations whose spikes count as those of the output.

    Neurons of NIR graphs that fire several spikes in a step have a population for each, ``output_spike2``;
    those that pass spikes on, ``output_spike2_later1``, do not count.
    """
    return [name for name in populations if _OUTPUTS.fullmatch(name)]


def spike_count(recording: Recording) -> Evidence:
    """Spikes of each output neuron so far."""
    names = output_names(recording.populations) or [OUTPUT]
    return np.asarray(sum(_cumulative_counts(recording.spikes(name)) for name in names))


def first_spike(recording: Recording) -> Evidence:
    """How early each output neuron fired: steps left in the trial at its first spike, 0 before it."""
    spikes = recording.spikes()
    first, steps = spikes.first_step()[:, None, :], np.arange(spikes.n_steps)[:, None]
    return np.where(steps < first, 0.0, spikes.n_steps - first)


def peak_potential(recording: Recording) -> Evidence:
    """Highest potential of each readout neuron so far, V."""
    return np.maximum.accumulate(recording.potentials(), axis=1)


def mean_potential(recording: Recording) -> Evidence:
    """Mean potential of each readout neuron so far, V."""
    total = np.cumsum(recording.potentials(), axis=1, dtype=np.float64)
    total /= np.arange(1, total.shape[1] + 1)[:, None]
    return total


def last_potential(recording: Recording) -> Evidence:
    """Present potential of each readout neuron, V."""
    return recording.potentials()


READOUTS: dict[str, Callable[[Recording], Evidence]] = {
    "mean-potential": mean_potential,
    "peak-potential": peak_potential,
    "last-potential": last_potential,
    "spike-count": spike_count,
    "first-spike": first_spike,
}


def decisions(recording: Recording, rule: str) -> NDArray[np.int64]:
    """Return the class that a rule chooses after each step.

    Where the leading classes are equal, as before the first spike, the potential of the readout population
    decides; it is what a neuron downstream would see next.

    Parameters
    ----------
    recording : Recording
        With the spikes of `OUTPUT` and the potentials of `READOUT`.
    rule : str
        A key of `READOUTS`.

    Returns
    -------
    ndarray of int64, shape (n_trials, n_steps)

    Raises
    ------
    UserError
        If there is no such rule, the recording lacks what it reads, or a potential of the readout population
        is infinite or no number.
    """
    if not isinstance(rule, str) or rule not in READOUTS:
        near = difflib.get_close_matches(str(rule), READOUTS, n=1, cutoff=0.4)
        raise UserError(
            "no such readout",
            key="rule",
            value=rule,
            expected=" | ".join(READOUTS),
            fix=f'write "{near[0]}"' if near else None,
        )
    if not isinstance(recording, Recording):
        raise UserError("no recording", key="recording", value=recording, expected="what simulate returns")
    none = np.empty((0, recording.n_steps), np.int64)
    return np.concatenate([none, *decisions_in_parts(recording, rule)])


def final_decisions(recording: Recording, rule: str) -> NDArray[np.int64]:
    """Return the class that a rule chooses at the end of each trial, the last of its `decisions`."""
    parts = (last[:, 0] for last in decisions_in_parts(recording, rule, slice(-1, None)))
    return np.concatenate([np.empty(0, np.int64), *parts])


def decisions_in_parts(
    recording: Recording, rule: str, steps: slice = slice(None)
) -> Iterator[NDArray[np.int64]]:
    """Yield the decisions of consecutive trials, few enough to hold their evidence in memory."""
    potentials = _potentials(recording)
    for trials in _parts(recording):
        evidence = _by_class(READOUTS[rule](_of_trials(recording, trials))[:, steps])
        leading = evidence == evidence.max(axis=0)
        yield np.where(leading, _by_class(potentials[trials, steps]), -np.inf).argmax(axis=0)


def _by_class(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Bring the last axis to the front, in memory too: the largest of a few classes is found faster so."""
    return np.ascontiguousarray(np.moveaxis(values, -1, 0))

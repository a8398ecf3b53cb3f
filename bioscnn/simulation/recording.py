"""What a simulation leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT
from bioscnn.spikes import SpikeTrains


@dataclass(frozen=True, eq=False)
class PopulationRecording:
    """Activity of one population.

    Parameters
    ----------
    counts_by_trial : ndarray of int64, shape (n_trials,)
        Spikes of all neurons together in each trial.
    counts_by_neuron : ndarray of int64, shape (size,)
        Spikes of each neuron in all trials together.
    spikes : SpikeTrains or None
        Every spike, where asked for.
    potentials : ndarray of float32, shape (n_trials, n_steps, size), or None
        Membrane potential at the end of each step, after a reset, as deviation from rest, V; where asked for.
    events_by_trial : ndarray of int64, shape (n_trials,), or None
        Synaptic events of each trial: every spike makes one at each synapse of its neuron; where asked for.
    """

    counts_by_trial: NDArray[np.int64]
    counts_by_neuron: NDArray[np.int64]
    spikes: SpikeTrains | None = None
    potentials: NDArray[np.float32] | None = None
    events_by_trial: NDArray[np.int64] | None = None

    @classmethod
    def from_spikes(
        cls,
        spikes: SpikeTrains,
        keep: bool,
        potentials: NDArray[np.float32] | None,
        fan_out: NDArray[np.int64] | None = None,
    ) -> PopulationRecording:
        """Count spikes, keep or drop them; count synaptic events if told the synapses of each neuron."""
        by_neuron = np.bincount(spikes.neuron, minlength=spikes.size)
        events = None if fan_out is None else spikes.sum_by_trial(fan_out)
        return cls(np.diff(spikes.trial_start), by_neuron, spikes if keep else None, potentials, events)


@dataclass(frozen=True, eq=False)
class Recording:
    """Activity of all populations over consecutive trials.

    Parameters
    ----------
    populations : dict of PopulationRecording
        By name, in the network's order.
    n_steps : int
        Steps of a trial.
    dt : float
        Duration of a step, s.
    """

    populations: dict[str, PopulationRecording]
    n_steps: int
    dt: float

    def __getitem__(self, name: str) -> PopulationRecording:
        return self.populations[name]

    def spikes(self, population: str = OUTPUT) -> SpikeTrains:
        """Return every spike of a population; its ``table()`` is a DataFrame.

        Raises
        ------
        UserError
            If there is no such population, or its spikes were not kept.
        """
        spikes: SpikeTrains = self._recorded("spikes", population)
        return spikes

    def potentials(self, population: str = READOUT) -> NDArray[np.float32]:
        """Return membrane potentials, V above rest, at the end of each step, shape (n_trials, n_steps, size).

        Raises
        ------
        UserError
            If there is no such population, or its potentials were not kept.
        """
        potentials: NDArray[np.float32] = self._recorded("potentials", population)
        return potentials

    def _recorded(self, what: Literal["spikes", "potentials"], name: str) -> Any:
        if name not in self.populations:
            recorded_names = " | ".join(self.populations)
            raise UserError(
                "no such population was recorded", key="population", value=name, expected=recorded_names
            )
        if (recorded := getattr(self.populations[name], what)) is None:
            others = (
                population for population, p in self.populations.items() if getattr(p, what) is not None
            )
            raise UserError(
                f"the {what} of {name!r} were not recorded",
                key="population",
                value=name,
                expected=" | ".join(others) or None,
                fix=f'simulate again with {what}=("{name}",)' if what == "potentials" else None,
            )
        return recorded

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(next(iter(self.populations.values())).counts_by_trial)

    def from_step(self, first: int) -> Recording:
        """Return the recording from a step of each trial on, as if the trials began there.

        Populations whose spikes were not recorded are left out: their counts are those of whole trials.
        """
        later = {}
        for name, population in self.populations.items():
            if population.spikes is not None:
                potentials = population.potentials
                later[name] = PopulationRecording.from_spikes(
                    population.spikes.from_step(first),
                    True,
                    None if potentials is None else potentials[:, first:],
                )
        return Recording(later, self.n_steps - first, self.dt)

    def without_traces(self) -> Recording:
        """Return the counts alone, to save memory."""
        counts = {
            name: PopulationRecording(population.counts_by_trial, population.counts_by_neuron)
            for name, population in self.populations.items()
        }
        return Recording(counts, self.n_steps, self.dt)

    @classmethod
    def concatenate(cls, parts: list[Recording]) -> Recording:
        """Join recordings of the same network, trial after trial."""
        if len(parts) == 1:
            return parts[0]

        def joined(name: str) -> PopulationRecording:
            pieces = [part[name] for part in parts]
            spikes = [piece.spikes for piece in pieces if piece.spikes is not None]
            potentials = [piece.potentials for piece in pieces if piece.potentials is not None]
            events = [piece.events_by_trial for piece in pieces if piece.events_by_trial is not None]
            return PopulationRecording(
                np.concatenate([piece.counts_by_trial for piece in pieces]),
                np.sum([piece.counts_by_neuron for piece in pieces], axis=0),
                SpikeTrains.concatenate(spikes) if spikes else None,
                np.concatenate(potentials) if potentials else None,
                np.concatenate(events) if events else None,
            )

        return cls({name: joined(name) for name in parts[0].populations}, parts[0].n_steps, parts[0].dt)

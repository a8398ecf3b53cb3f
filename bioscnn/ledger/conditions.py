"""What is held equal, and what may be changed: a case, and the conditions under which it is simulated."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph
from bioscnn.caches import kept_arrays
from bioscnn.conversion import (
    Normalisation,
    RateCode,
    Scales,
    check_max_rate,
    coded_populations,
    convert,
    convert_to_times,
    normalise,
    spread_start,
    steps_needed,
    time_scales,
)
from bioscnn.encoding import Stimulus, pixel_currents, spike_times
from bioscnn.errors import UserError
from bioscnn.fingerprint import code_of_modules, environment_of_results, hash_of
from bioscnn.network import SpikingNetwork
from bioscnn.neurons import SpikingNeuron, Synapse, TimeCode
from bioscnn.quantities import format_quantity


@dataclass(frozen=True, eq=False)
class Case:
    """A trained network and its trials, the same in every line of a ledger.

    Parameters
    ----------
    graph : LayerGraph
        The trained network.
    images : ndarray of float32, shape (n_trials, channels, height, width)
        Intensities.
    labels : ndarray of int64, shape (n_trials,)
        True classes.
    calibration : ndarray of float32, shape (n, channels, height, width), or None
        The images that normalise a ReLU network; None for a network that needs none.
    """

    graph: LayerGraph
    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    calibration: NDArray[np.float32] | None
    _normalised: dict[tuple[object, ...], Normalisation | None] = field(
        default_factory=dict, init=False, repr=False
    )

    @cached_property
    def answers(self) -> NDArray[np.int64]:
        """The class that the trained network gives each trial, shape (n_trials,)."""
        return np.asarray(self.graph.forward(self.images).argmax(axis=1))

    def normalisation(self, conditions: Conditions) -> Normalisation | None:
        """Return what normalises the network, computed once for all conditions that have the same."""
        key = (*_normalised_by(conditions), conditions.dt)
        if key not in self._normalised:
            self._normalised[key] = normalisation_for(conditions, self.graph, self.calibration)
        return self._normalised[key]

    def network(self, conditions: Conditions) -> SpikingNetwork:
        """Return the spiking network under these conditions."""
        known = None if conditions.spike_times else self.normalisation(conditions)
        return spiking_network(conditions, self.graph, self.calibration, normalisation=known)


@dataclass(frozen=True)
class SpikeTimes:
    """How the times of single spikes stand for activations.

    Parameters
    ----------
    scale : float or None
        The activation that the earliest spike of a window stands for; None to take a percentile of the
        largest activations on training images, layer by layer.
    spikes_come_in : bool
        Whether pixels are spikes of this code, too; otherwise they are currents.
    delay : float
        How long every spike travels, s.
    """

    scale: float | None = None
    spikes_come_in: bool = True
    delay: float = 0.0


@dataclass(frozen=True)
class Conditions:
    """All that can cost accuracy between a trained network and the decision of a spiking one.

    Parameters
    ----------
    neuron : SpikingNeuron
        The neuron, before its refractory period is rounded to whole steps.
    synapse : ExponentialCurrent or ExponentialConductance
        The synapses.
    normalisation : str
        Method for ReLU networks, see `bioscnn.conversion.normalise`.
    percentile, max_rate : float
        Its parameters; Hz.
    dt : float
        Time step, s.
    duration : float
        Window in which the decision is read, s.
    warm_up : float
        Time from the onset of the stimulus to the beginning of that window, s.
    precision : str
        ``"float32"`` or ``"float64"``.
    rates_in_ann : bool
        Whether the trained network, too, is computed with the rates that the neurons have.
    input_rate : float or None
        Firing rate of an input of intensity 1, Hz, if spikes come in; None if currents do.
    start_seed : int or None
        Of the potentials at which the neurons begin a trial, see `bioscnn.conversion.spread_start`; None if
        they begin at rest.
    spike_times : SpikeTimes or None
        Of a network in the time code; None of one in the code of rates.
    """

    neuron: SpikingNeuron
    synapse: Synapse
    normalisation: str
    percentile: float
    max_rate: float
    dt: float
    duration: float
    precision: str
    warm_up: float = 0.0
    rates_in_ann: bool = False
    input_rate: float | None = None
    start_seed: int | None = None
    spike_times: SpikeTimes | None = None

    @property
    def code(self) -> str:
        """How spikes stand for activations, ``"rate"`` or ``"time"``."""
        return "rate" if self.spike_times is None else "time"

    @property
    def time_code(self) -> TimeCode:
        """The times that spikes of the time code can have."""
        return TimeCode(self.neuron.parameters["tau_m"], self.synapse.tau_s, self.dt)

    def stimulus(self, images: NDArray[np.float32]) -> Stimulus:
        """Return what the network is given: spikes of the time code, or currents."""
        if self.spike_times is not None and self.spike_times.spikes_come_in:
            return spike_times(images.reshape(len(images), -1), self.time_code, self.n_steps)
        return pixel_currents(images, self.n_steps, self.dt)

    @property
    def simulated_neuron(self) -> SpikingNeuron:
        """The neuron as it is simulated in steps of `dt`."""
        return self.neuron.in_whole_steps(self.dt)

    @property
    def n_steps(self) -> int:
        """Steps of a trial, with those before the window."""
        return round((self.warm_up + self.duration) / self.dt)

    @property
    def first_step(self) -> int:
        """First step of the window."""
        return round(self.warm_up / self.dt)


def normalisation_for(
    conditions: Conditions, graph: LayerGraph, calibration: NDArray[np.float32] | None
) -> Normalisation | None:
    """Return what normalises a ReLU network under these conditions; None without calibration images.

    Experiments convert the same networks in every process. So what was measured is kept in the cache folder,
    under a hash of the network, of the images, of these conditions, and of the code.
    """
    if calibration is None:
        return None
    neuron, method, percentile, max_rate, window, spikes_come_in = decided_by = _normalised_by(conditions)
    check_max_rate(neuron, max_rate, conditions.dt)

    def measured() -> dict[str, NDArray[np.float64]]:
        made = normalise(
            graph,
            calibration,
            neuron,
            method=method,
            percentile=percentile,
            max_rate=max_rate,
            window=window,
            spikes_come_in=spikes_come_in,
        )
        return {name: np.stack([code.offset, code.slope, code.unit]) for name, code in made.codes.items()}

    shapes = {name: (3, channels) for name, channels in coded_populations(graph).items()}
    code = code_of_modules(normalise.__module__, type(neuron).__module__), environment_of_results()
    key = hash_of(graph.sha256(), calibration, decided_by, *code)
    stored = kept_arrays(
        "normalisations",
        key,
        measured,
        lambda arrays: (
            {name: rows.shape for name, rows in arrays.items()} == shapes
            and all(rows.dtype == np.float64 and np.isfinite(rows).all() for rows in arrays.values())
        ),
    )
    return Normalisation(
        neuron, {name: RateCode(*rows) for name, rows in stored.items()}, window, spikes_come_in
    )


def _normalised_by(conditions: Conditions) -> tuple[SpikingNeuron, str, float, float, float, bool]:
    """Return what of the conditions decides the normalisation: the arguments of `normalise`."""
    # A window that begins later, or at all phases of the neurons, misses no spike on average.
    missed_none = conditions.warm_up or conditions.start_seed is not None
    return (
        conditions.simulated_neuron,
        conditions.normalisation,
        conditions.percentile,
        conditions.max_rate,
        np.inf if missed_none else conditions.duration,
        conditions.input_rate is not None,
    )


def spiking_network(
    conditions: Conditions,
    graph: LayerGraph,
    calibration: NDArray[np.float32] | None,
    scales: Scales | None = None,
    normalisation: Normalisation | None = None,
) -> SpikingNetwork:
    """Convert a trained network for these conditions, with this normalisation, or `scales` in the time code.

    What is not given is measured on the calibration images.

    Raises
    ------
    UserError
        If it cannot be converted.
    """
    if conditions.spike_times is not None:
        scales = scales_for(conditions, graph, calibration) if scales is None else scales
        return _network_of_times(conditions, conditions.spike_times, graph, scales)
    if normalisation is None:
        normalisation = normalisation_for(conditions, graph, calibration)
    network = convert(
        graph,
        conditions.simulated_neuron,
        conditions.synapse,
        normalisation=normalisation,
        input_rate=conditions.input_rate,
    )
    return network if conditions.start_seed is None else spread_start(network, conditions.start_seed)


def scales_for(conditions: Conditions, graph: LayerGraph, calibration: NDArray[np.float32] | None) -> Scales:
    """Return the activation that the earliest spike of each population stands for, in the time code."""
    times = conditions.spike_times
    assert times is not None
    if times.scale is not None:
        return times.scale
    if calibration is None:
        return 1.0
    return time_scales(graph, calibration, conditions.percentile)


def _network_of_times(
    conditions: Conditions, times: SpikeTimes, graph: LayerGraph, scales: Scales
) -> SpikingNetwork:
    network = convert_to_times(
        graph,
        conditions.neuron,
        conditions.synapse,
        conditions.dt,
        scales=scales,
        spikes_come_in=times.spikes_come_in,
        delay=times.delay,
    )
    if conditions.n_steps < (least := steps_needed(network)):
        needed = format_quantity(least * conditions.dt, "time")
        raise UserError(
            "the trial ends before the last window of the time code",
            key="simulation.duration",
            value=format_quantity(conditions.duration, "time"),
            expected=f"at least {needed}",
            fix=f'set simulation.duration = "{needed}", or "auto"',
        )
    return network

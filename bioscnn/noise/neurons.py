"""Noise of neurons: parameters that differ from cell to cell, noisy potentials, cells that do not work.

Only populations that fire are concerned; the readout, which is a way of looking, keeps its parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bioscnn.draws import draw_key
from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, V_0, MembraneNoise, Population, SpikingNetwork
from bioscnn.neurons import AdaptiveLIF, LeadingCount, Pulse
from bioscnn.noise.networks import NetworkNoise, with_neurons

OUT_OF_REACH = 1e3
"""Threshold of a dead neuron, V."""

STUCK = 1000.0
"""Current into a stuck neuron, in units of the rheobase ``V_th / R_m``."""

CHARGING_TIME = 10e-6
"""Time in which the current into a stuck neuron without leak charges its membrane to the threshold, s."""

CLEARANCE = 0.011
"""Relative difference between tau_m and tau_s or tau_a that mismatch keeps; the exact solution needs 1 %."""


@dataclass(frozen=True)
class ThresholdMismatch(NetworkNoise):
    """The threshold differs from neuron to neuron: lognormally distributed, its mean kept.

    Parameters
    ----------
    cv : float
        Standard deviation over mean.

    References
    ----------
    Lichtsteiner, Posch and Delbruck (2008), A 128 x 128 120 dB 15 us latency asynchronous temporal contrast
    vision sensor, IEEE Journal of Solid-State Circuits 43:566, whose thresholds differ by 2.1 % contrast.
    """

    cv: float

    name = "threshold-mismatch"
    needs_known_neuron = True
    LEVELS = (0.05, 0.1, 0.2, 0.3, 0.5)

    def _change(self, network: SpikingNetwork, rng: np.random.Generator) -> SpikingNetwork:
        def mismatched(population: Population) -> Population:
            factors = _factors(self.cv, population, rng)
            changed = {"V_th": _of_each(population, "V_th") * factors}
            if V_0 in population.values:  # which lies below the threshold
                changed[V_0] = population.values[V_0] * factors
            return _with(population, changed)

        return with_neurons(network, mismatched)


@dataclass(frozen=True)
class TimeConstantMismatch(NetworkNoise):
    """The membrane time constant differs from neuron to neuron: lognormally distributed, its mean kept.

    A time constant that comes out within 1.1 % of the synapse's or the adaptation's, where single precision
    cannot hold the exact solution, is moved to that distance from it.

    Parameters
    ----------
    cv : float
        Standard deviation over mean.
    """

    cv: float

    name = "time-constant-mismatch"
    needs_known_neuron = True
    LEVELS = (0.05, 0.1, 0.2, 0.3, 0.5)
    needs_leak = True

    def _change(self, network: SpikingNetwork, rng: np.random.Generator) -> SpikingNetwork:
        def mismatched(population: Population) -> Population:
            _check_leak(self, population)
            tau_m = _of_each(population, "tau_m") * _factors(self.cv, population, rng)
            synapse = network.synapse_onto(population.name)
            assert not isinstance(synapse, LeadingCount | Pulse)
            others = [synapse.tau_s]
            if isinstance(population.neuron, AdaptiveLIF):
                others.append(population.neuron.tau_a)
            for other_tau in others:
                tau_m = _apart(tau_m, other_tau)
            return _with(population, {"tau_m": tau_m})

        return with_neurons(network, mismatched)


@dataclass(frozen=True)
class NoisyMembrane(NetworkNoise):
    """A noisy current flows into every neuron that fires, new in each step, as from synapses not simulated.

    Parameters
    ----------
    sd : float
        Standard deviation of the potential of a neuron at rest, V.

    References
    ----------
    Destexhe, Rudolph and Pare (2003), The high-conductance state of neocortical neurons in vivo, Nature
    Reviews Neuroscience 4:739, where it is some millivolts.
    """

    sd: float

    name = "membrane-noise"
    needs_known_neuron = True
    dimension = "voltage"
    LEVELS = (0.5e-3, 1e-3, 2e-3, 4e-3, 8e-3)
    needs_leak = True
    xi: ClassVar[bool] = False

    def _change(self, network: SpikingNetwork, rng: np.random.Generator) -> SpikingNetwork:
        def noisy(population: Population) -> Population:
            _check_leak(self, population)
            before = 0.0 if population.noise is None else population.noise.sd
            noise = MembraneNoise(float(np.hypot(before, self.sd)), draw_key(rng), self.xi)
            return replace(population, noise=noise)

        return with_neurons(network, noisy)


@dataclass(frozen=True)
class NoisyMembraneXi(NoisyMembrane):
    """Membrane noise that Brian2 draws: ``xi`` in the equations, the same law with other numbers.

    Only the device ``numpy`` has it.

    Parameters
    ----------
    sd : float
        Standard deviation of the potential of a neuron at rest, V.
    """

    name = "membrane-noise-xi"
    xi = True


@dataclass(frozen=True)
class DeadNeurons(NetworkNoise):
    """Some neurons never spike: their threshold is out of reach. Those of the output are spared.

    Parameters
    ----------
    share : float
        Probability that a neuron is dead.
    """

    share: float

    name = "dead-neurons"
    needs_known_neuron = True
    LEVELS = (0.01, 0.05, 0.1, 0.2, 0.4)
    MOST = 1.0

    def _change(self, network: SpikingNetwork, rng: np.random.Generator) -> SpikingNetwork:
        def dying(population: Population) -> Population:
            dead = rng.random(population.size) < self.share
            if population.bias is not None:
                population = replace(population, bias=np.where(dead, 0.0, population.bias))
            return _with(population, {"V_th": np.where(dead, OUT_OF_REACH, _of_each(population, "V_th"))})

        return with_neurons(network, dying, spared=OUTPUT)


@dataclass(frozen=True)
class StuckNeurons(NetworkNoise):
    """Some neurons spike as often as they can, but for dead ones; those of the output are spared.

    Parameters
    ----------
    share : float
        Probability that a neuron is stuck.

    References
    ----------
    Siddique and Hoque (2023), FalVolt, arXiv:2301.05266, for faults of either kind in hardware.
    """

    share: float

    name = "stuck-neurons"
    needs_known_neuron = True
    LEVELS = (0.001, 0.005, 0.01, 0.02, 0.05)
    MOST = 1.0

    def _change(self, network: SpikingNetwork, rng: np.random.Generator) -> SpikingNetwork:
        def sticking(population: Population) -> Population:
            stuck = rng.random(population.size) < self.share
            # Mismatch may have moved a threshold that is out of reach, but not into reach.
            stuck &= _of_each(population, "V_th") < OUT_OF_REACH / 100
            bias = np.zeros(population.size) if population.bias is None else population.bias
            return replace(population, bias=np.where(stuck, _overwhelming(population), bias))

        return with_neurons(network, sticking, spared=OUTPUT)


def _of_each(population: Population, parameter: str) -> NDArray[np.float64]:
    """Return a parameter of each neuron, shape (size,)."""
    assert population.neuron is not None
    shared = population.neuron.parameters[parameter]
    return population.values.get(parameter, np.full(population.size, shared))


def _with(population: Population, values: Mapping[str, NDArray[np.float64]]) -> Population:
    return replace(population, values={**population.values, **values})


def _factors(cv: float, population: Population, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw lognormally distributed numbers of mean 1, one for each neuron."""
    variance = np.log1p(cv**2)
    return rng.lognormal(-variance / 2, np.sqrt(variance), population.size)


def _apart(tau_m: NDArray[np.float64], other_tau: float) -> NDArray[np.float64]:
    """Move time constants that are too near another one to the nearest one that is not."""
    near = np.abs(tau_m / other_tau - 1) < CLEARANCE if other_tau > 0 else np.zeros(len(tau_m), bool)
    return np.where(near, other_tau * np.where(tau_m < other_tau, 1 - CLEARANCE, 1 + CLEARANCE), tau_m)


def _overwhelming(population: Population) -> float:
    """Return a current that takes a neuron over its threshold in far less than a step, A."""
    assert population.neuron is not None
    parameters = population.neuron.parameters
    if "R_m" in parameters:
        return STUCK * parameters["V_th"] / parameters["R_m"]
    return parameters["C_m"] * parameters["V_th"] / CHARGING_TIME


def _check_leak(noise: NetworkNoise, population: Population) -> None:
    assert population.neuron is not None
    if "tau_m" not in population.neuron.parameters:
        raise UserError(
            f"{noise.name} needs a neuron that leaks",
            key=noise.key(),
            value=type(population.neuron).__name__,
            expected="the LIF neuron: without a leak there is no time constant, and a noisy potential "
            "wanders without bound",
        )

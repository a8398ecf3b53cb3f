"""How soon a network knows: when evidence arrives, when a decision is final, when enough are right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.network import READOUT, SpikingNetwork

if TYPE_CHECKING:
    from bioscnn.simulation import Recording

_ROUNDING = 1e-4
"""Relative size of a difference that single precision alone may make; the first spike makes a larger one."""


def first_informed_step(
    potentials: NDArray[np.floating], dt: float, tau_m: float | None
) -> NDArray[np.int64]:
    """Find the first step in which the readout of each trial knows anything of its image.

    Until the first spike arrives, a leaky readout is charged by the constant current of its biases alone, so
    its potential is in proportion to ``1 - exp(-t/tau_m)``. The first step whose potentials differ from that
    is the one after the first spike of the population before it: a spike acts from the next step on. (Spikes
    that biases alone would drive count too: what they carry cannot be told from evidence.)

    Parameters
    ----------
    potentials : ndarray of float, shape (n_trials, n_steps, n_classes)
        Potentials of the readout population at the end of each step, V.
    dt : float
        Duration of a step, s.
    tau_m : float or None
        Membrane time constant of the readout, s; None of one that biases do not charge in this way: then
        they count as evidence.

    Returns
    -------
    ndarray of int64, shape (n_trials,)
        Step, 1 to ``n_steps - 1``; ``n_steps`` where no spike ever arrived.

    Examples
    --------
    >>> charging = 1e-3 * -np.expm1(-np.arange(1, 6) * 1e-3 / 20e-3)[:, None]
    >>> first_informed_step(np.stack([charging, charging + [[0], [0], [0], [1e-4], [2e-4]]]), 1e-3, 20e-3)
    array([5, 3])
    """
    n_steps = potentials.shape[1]
    charge = np.zeros(n_steps)
    if tau_m is not None:
        charge = np.expm1(-np.arange(1, n_steps + 1) * dt / tau_m) / np.expm1(-dt / tau_m)
    first = potentials[:, :1].astype(np.float64)
    tolerance = _ROUNDING * (np.abs(first).max(axis=2) * charge)
    differs = (np.abs(potentials - first * charge[:, None]) > tolerance[..., None]).any(axis=2)
    return np.where(differs.any(axis=1), differs.argmax(axis=1), n_steps).astype(np.int64)


def informed_steps(network: SpikingNetwork, recording: Recording) -> NDArray[np.int64]:
    """Return the first step with evidence of each trial, from the potentials of the readout."""
    potentials, readout = recording[READOUT].potentials, network[READOUT].neuron
    assert potentials is not None and readout is not None
    return first_informed_step(potentials, recording.dt, readout.parameters.get("tau_m"))


def decision_latency(
    decided: NDArray[np.integer], dt: float, informed: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Time from which a decision rests on evidence and stays what it is at the end.

    A network answers something from the first step on: what its biases favour. A trial whose right answer
    happens to be that one never changes its mind, yet has decided nothing before a spike tells it so.

    Parameters
    ----------
    decided : ndarray of int, shape (n_trials, n_steps)
        Class chosen after each step, from `bioscnn.readout.decisions`.
    dt : float
        Duration of a step, s.
    informed : ndarray of int, shape (n_trials,)
        First step with evidence, from `first_informed_step`. Where there is none, the latency is the whole
        trial, which is the least that it can be.

    Returns
    -------
    ndarray of float64, shape (n_trials,)
        Seconds from the onset of the stimulus.

    Examples
    --------
    >>> decision_latency(np.array([[7, 1, 3, 3], [3, 3, 3, 3]]), dt=1e-3, informed=np.array([1, 1]))
    array([0.003, 0.002])
    """
    wrong = decided != decided[:, -1:]
    n_steps = decided.shape[1]
    last_wrong = np.where(wrong.any(axis=1), n_steps - 1 - wrong[:, ::-1].argmax(axis=1), -1)
    first = np.maximum(last_wrong + 1, informed)
    return np.asarray(np.minimum(first + 1, n_steps) * dt)


def time_to_accuracy(curve: Sequence[float], dt: float, level: float) -> float | None:
    """Return the time in s at which the accuracy first reaches a level, None if it never does.

    Parameters
    ----------
    curve : sequence of float
        Accuracy after each step, 0 to 1.
    dt : float
        Duration of a step, s.
    level : float
        Accuracy to reach, 0 to 1.

    Examples
    --------
    >>> time_to_accuracy([0.1, 0.97, 0.98, 0.97], 1e-3, 0.98)
    0.003
    """
    return next(((k + 1) * dt for k, accuracy in enumerate(curve) if accuracy >= level), None)

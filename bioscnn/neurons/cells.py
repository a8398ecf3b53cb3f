"""Unconnected cells of a user's neuron under constant currents, simulated by Brian2's NumPy runtime."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.neurons.definition import Definition

EVERY_PART = ("threshold", "reset")
NEVER = "V > 1000*volt"
"""The threshold of a cell without one."""


@dataclass(frozen=True, eq=False)
class Cells:
    """What cells did, one under each current.

    Parameters
    ----------
    spikes : tuple of ndarray of float64
        Times of the spikes of each cell, s.
    mean_potential, last_potential : ndarray of float64, shape (n,)
        V, over the whole time and at its end.
    """

    spikes: tuple[NDArray[np.float64], ...]
    mean_potential: NDArray[np.float64]
    last_potential: NDArray[np.float64]


def cells(
    definition: Definition,
    currents: NDArray[np.float64],
    seconds: float,
    dt: float,
    parts: Sequence[str] = EVERY_PART,
) -> Cells:
    """Simulate cells from rest.

    Parameters
    ----------
    definition : Definition
        The neuron.
    currents : ndarray of float64, shape (n,)
        Constant current into each cell, A.
    seconds, dt : float
        For how long, and in what steps, s.
    parts : sequence of str
        Which of ``"threshold"`` and ``"reset"`` the cells have.
    """
    import brian2

    rules: dict[str, Any] = {"threshold": NEVER} | {part: getattr(definition, part) for part in parts}
    brian2.set_device("runtime")
    brian2.prefs.codegen.target = "numpy"
    brian2.prefs.core.default_float_dtype = np.float64
    # A current that is far too large takes some neurons to infinity; such cells are told by their silence.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        group = brian2.NeuronGroup(
            len(currents),
            f"{declared(definition)}\nI_syn = 0*amp : amp",
            method=definition.method,
            namespace={},
            refractory=refractory_expression(definition),
            dt=dt * brian2.second,
            **rules,
        )
        for parameter in definition.parameters:
            group.variables[parameter.name].set_value(parameter.value)
        group.variables["I_stim"].set_value(currents)
        potential = brian2.StateMonitor(group, "V", record=True, dt=max(dt, 1e-3) * brian2.second)
        spikes = brian2.SpikeMonitor(group)
        brian2.Network(group, potential, spikes).run(seconds * brian2.second, namespace={})
        trains = spikes.spike_trains()
        fired = tuple(np.asarray(trains[k]) for k in range(len(currents)))
        return Cells(fired, np.asarray(potential.V).mean(axis=1), np.array(group.V))


def declared(definition: Definition) -> str:
    """Return the equations with what the network adds, but for the synaptic current."""
    own = (f"{p.name} : {p.unit} (shared, constant)" for p in definition.parameters)
    return "\n".join([definition.equations, "I_stim : amp", *own])


def refractory_expression(definition: Definition) -> str:
    """Return the expression of Brian2's refractory time, which holds a neuron one step less."""
    return "0*second + dt" if definition.refractory is None else f"{definition.refractory} + dt"

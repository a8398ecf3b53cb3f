"""The stimulus as a script gives it to the network: input spikes, or a current into each neuron."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bioscnn.draws import normals
from bioscnn.encoding import Currents, Stimulus
from bioscnn.errors import UserError
from bioscnn.network import Population, SpikingNetwork
from bioscnn.script.connections import Arrays
from bioscnn.simulation.equations import input_current, noise_current
from bioscnn.simulation.numbering import brian_index, to_brian

MOST_BYTES = 500e6
"""Of noisy currents of one population."""


def input_spikes(network: SpikingNetwork, stimulus: Stimulus) -> Arrays:
    """Return the neurons of spikes that come in, and their steps from the first trial on; or nothing."""
    if isinstance(stimulus, Currents):
        return {}
    return {
        "input_neuron": brian_index(stimulus.neuron, network.source.shape),
        "input_step": stimulus.trial() * stimulus.n_steps + stimulus.step,
    }


def current_into(
    network: SpikingNetwork, population: Population, stimulus: Stimulus, variable: str
) -> tuple[list[str], Arrays]:
    """Return the lines that set the current into a population, and the arrays that they load.

    Raises
    ------
    UserError
        If Brian2 draws the noise of the membranes itself, or there is too much of it to be stored.
    """
    name, silence = population.name, np.zeros((stimulus.n_trials, 0), np.float32)
    values = stimulus.values if isinstance(stimulus, Currents) else silence
    current = to_brian(input_current(network, population, values), population.shape)
    if population.noise is None and not network.is_driven(name):
        if not current.any():
            return [], {}
        return [f'{variable}.I_stim = data["{name}_bias"]*amp'], {f"{name}_bias": current[0]}
    assert population.neuron is not None
    enters = "I_stim" if population.noise is None else population.neuron.noise_enters
    if enters != "I_stim":
        steady, arrays = current_into(network, replace(population, noise=None), stimulus, variable)
        noise = _noisy(population, np.zeros_like(current), stimulus)
        lines = _changing(variable, enters, f"{name}_noise", "defaultclock.dt", "")
        return [*steady, _ABOUT_NOISE, *lines], {**arrays, f"{name}_noise": noise}
    if population.noise is None:
        return _changing(variable, enters, f"{name}_current", "duration", ", dt=duration"), {
            f"{name}_current": current
        }
    lines = _changing(variable, enters, f"{name}_current", "defaultclock.dt", "")
    return [_ABOUT_NOISE, *lines], {f"{name}_current": _noisy(population, current, stimulus)}


_ABOUT_NOISE = "# with the noise of the membranes, another in each step"


def _changing(variable: str, current: str, array: str, every: str, when: str) -> list[str]:
    """Return the lines that change a current of a population at the times of an array."""
    return [
        f'{array} = TimedArray(data["{array}"]*amp, dt={every})',
        f'{variable}.run_regularly("{current} = {array}(t, i)"{when})',
    ]


def _noisy(population: Population, current: NDArray[np.float64], stimulus: Stimulus) -> NDArray[np.float64]:
    """Return the current of each trial with the noise of each step, shape (n_trials * n_steps, size)."""
    noise, n_steps = population.noise, stimulus.n_steps
    assert noise is not None
    if noise.xi:
        raise UserError(
            "Brian2 draws xi while it runs: a script would draw other numbers than bioscnn",
            key="noise.membrane-noise-xi",
            fix="use noise.membrane-noise, which has the same law and is drawn beforehand",
        )
    if (size := 8 * stimulus.n_trials * n_steps * population.size) > MOST_BYTES:
        raise UserError(
            "the noise of the membranes is too much for a file beside the script",
            key="noise.membrane-noise",
            value=f"{size / 1e6:.0f} MB for {population.name}",
            expected=f"at most {MOST_BYTES / 1e6:.0f} MB",
            fix="give --trials a smaller number",
        )
    trial, step = np.divmod(np.arange(stimulus.n_trials * n_steps), n_steps)
    drawn = [normals(noise.key, *when, size=population.size) for when in zip(trial, step, strict=True)]
    sd = to_brian(noise_current(population, stimulus.dt), population.shape)
    return np.asarray(current[trial] + sd * np.array(drawn))

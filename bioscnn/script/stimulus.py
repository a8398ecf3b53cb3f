"""The stimulus as a script gives it to the network: input spikes, or a current into each neuron."""

from __future__ import annotations

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
    every, when, about = "duration", ", dt=duration", []
    if population.noise is not None:
        current, every, when = _noisy(population, current, stimulus), "defaultclock.dt", ""
        about = ["# with the noise of the membranes, another in each step"]
    return [
        *about,
        f'{name}_current = TimedArray(data["{name}_current"]*amp, dt={every})',
        f'{variable}.run_regularly("I_stim = {name}_current(t, i)"{when})',
    ], {f"{name}_current": current}


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

"""Plain Brian2 in C++ standalone mode: `Synapses`, default preferences, one run over all images.

Neurons, synapses, weights and readout are those of the problem's study; the reset subtracts the threshold.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from bench.contestants.bioscnn import network_of, simulated
from bench.environments import ENVIRONMENTS
from bench.problem import Problem, Stimulus, count
from bioscnn.encoding import SpikeTrains
from bioscnn.encoding import Stimulus as Simulated
from bioscnn.network import OUTPUT, READOUT, Population
from bioscnn.simulation.equations import input_current

MEMBRANE = "dV/dt = (R_m*({synaptic}I) - V)/tau_m : volt{flags}"
RAMP = "dV/dt = I/C_m : volt"
SYNAPSE = "dI_syn/dt = -I_syn/tau_s : amp"


class Brian2:
    """One program for a number of images; they and the weights are compiled into it."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.network, self.config = network_of(problem)
        # With a time constant of dt/50, the current of a spike is over within a step.
        self.instant = self.config.synapse.tau_s < self.config.simulation.dt / 10
        self.programs: dict[tuple[int, bool], Path] = {}

    def classify(self, stimulus: Stimulus, batch: int, variant: str) -> NDArray[np.int64]:
        """Return the class of each example, shape (n,), by the potential of the readout."""
        results = self.run(stimulus, counting=False)
        np.fromfile(next(results.glob("_dynamic_array_output_spikes_i_*")), np.int32)
        recorded = np.fromfile(next(results.glob("_dynamic_array_readout_potential_V_*")), np.float64)
        potential = recorded.reshape(count(stimulus), self.problem.n_steps, -1)
        evidence = (
            potential.max(axis=1) if self.problem.readout == "peak-potential" else potential.mean(axis=1)
        )
        return evidence.argmax(axis=1)

    def spikes(self, stimulus: Stimulus, batch: int, variant: str) -> list[float]:
        """Return the spikes of each population before the output per example."""
        results = self.run(stimulus, counting=True)
        return [
            float(np.fromfile(path, np.int32).sum()) / count(stimulus)
            for population in self.network.neurons
            for path in results.glob(f"_array_{population.name}_spikes_count_*")
        ]

    def run(self, stimulus: Stimulus, counting: bool) -> Path:
        """Run the program, built at the first call for so many examples; return the folder of its results."""
        n = count(stimulus)
        if (program := self.programs.get((n, counting))) is None:
            program = self.programs[n, counting] = self.build(stimulus, counting)
        subprocess.run(["./main"], cwd=program, check=True, capture_output=True)
        return program / "results"

    def build(self, stimulus: Stimulus, counting: bool) -> Path:
        """Return the folder of a program; it is kept for the next benchmark.

        Parameters
        ----------
        counting : bool
            Whether it counts the spikes of all populations, which is not timed.
        """
        shown = (stimulus.neuron, stimulus.step) if isinstance(stimulus, SpikeTrains) else (stimulus,)
        parts = self.problem.study.encode(), Path(__file__).read_bytes(), b2.__version__.encode()
        digest = hashlib.sha256(b"".join([*parts, *(values.tobytes() for values in shown)]))
        folder = ENVIRONMENTS / "brian2-programs" / f"{digest.hexdigest()[:16]}{'-counting' * counting}"
        if (folder / "main").is_file():
            return folder
        # As many compilers as cores; without a number, make starts them all at once.
        b2.prefs["devices.cpp_standalone.extra_make_args_unix"] = [f"-j{os.cpu_count() or 1}"]
        b2.set_device("cpp_standalone", build_on_run=False, directory=str(folder))
        self.describe(simulated(stimulus, self.config), counting)
        b2.device.build(directory=str(folder), run=False)
        b2.device.reinit()
        return folder

    def describe(self, stimulus: Simulated, counting: bool) -> None:
        """Write the model down, as a user of Brian2 would."""
        keys = self.config.simulation
        b2.defaultclock.dt = keys.dt * b2.second
        net, groups = b2.Network(), {}
        currents = np.empty((1, 0), np.float32)
        if isinstance(stimulus, SpikeTrains):
            steps = stimulus.trial() * keys.n_steps + stimulus.step
            name = self.network.projections[0].pre
            groups[name] = b2.SpikeGeneratorGroup(
                stimulus.size, stimulus.neuron, steps * keys.dt * b2.second, name=name
            )
            net.add(groups[name])
        else:
            currents = stimulus.values
        for population in self.network.neurons:
            groups[population.name] = self.neurons(population, currents)
            net.add(groups[population.name])
            if counting and population.name not in (OUTPUT, READOUT):
                name = f"{population.name}_spikes"
                net.add(b2.SpikeMonitor(groups[population.name], record=False, name=name))
        for projection in self.network.projections:
            if projection.synapse is None:
                continue
            pre, post, weight = projection.connectivity.synapses()
            target, unit = "I_syn", b2.amp
            if self.instant:
                # The whole charge of a spike jumps onto the capacitance at once.
                weight = weight * projection.synapse.tau_s / _capacitance(self.network[projection.post])
                target, unit = "V", b2.volt
            synapses = b2.Synapses(
                groups[projection.pre], groups[projection.post],
                f"w : {unit.name} (constant)", on_pre=f"{target}_post += w",
            )  # fmt: skip
            synapses.connect(i=pre, j=post)
            synapses.w = weight * unit
            net.add(synapses)
        net.add(b2.SpikeMonitor(groups[OUTPUT], name="output_spikes"))
        net.add(b2.StateMonitor(groups[READOUT], "V", record=True, when="end", name="readout_potential"))
        net.run(stimulus.n_trials * keys.duration * b2.second)

    def neurons(self, population: Population, currents: NDArray[np.float32]) -> b2.NeuronGroup:
        """Return the neurons of a population, which begin each image at rest.

        Parameters
        ----------
        currents : ndarray of float32, shape (n_images, n_pixels)
            Of each image, A.
        """
        keys, neuron = self.config.simulation, population.neuron
        duration = keys.duration * b2.second
        values, units = (
            neuron.parameters,
            {"tau_m": b2.second, "R_m": b2.ohm, "V_th": b2.volt, "C_m": b2.farad},
        )
        namespace = {name: values[name] * unit for name, unit in units.items() if name in values}
        equations = [
            RAMP
            if "C_m" in values
            else MEMBRANE.format(
                synaptic="" if self.instant else "I_syn + ",
                flags=" (unless refractory)" if values.get("t_ref") else "",
            )
        ]
        rest = ["V = 0*volt"]
        if not self.instant:
            equations.append(SYNAPSE)
            rest.append("I_syn = 0*amp")
            namespace["tau_s"] = self.config.synapse.tau_s * b2.second
        driven = self.network.is_driven(population.name)
        current = input_current(self.network, population, currents if driven else currents[:1])
        if driven:
            equations.append("I = stimulus(t, i) : amp (constant over dt)")
            namespace["stimulus"] = b2.TimedArray(current * b2.amp, dt=duration)
        else:
            equations.append("I : amp (constant)")
        spiking = {}
        if population.spikes:
            spiking = {"threshold": "V > V_th", "reset": "V -= V_th"}
            if values["t_ref"]:
                # Brian2 holds a neuron for one step less than it is told.
                spiking["refractory"] = (values["t_ref"] + keys.dt) * b2.second
                rest = ["not_refractory = True", "lastspike = -1*second", *rest]
        group = b2.NeuronGroup(
            population.size, "\n".join(equations), method="euler" if "C_m" in values else "exact",
            namespace=namespace, name=population.name, **spiking,
        )  # fmt: skip
        if not driven:
            group.I = current[0] * b2.amp
        group.run_regularly("\n".join(rest), dt=duration, when="start")
        return group


def _capacitance(population: Population) -> float:
    """Return the capacitance of the membrane, F."""
    values = population.neuron.parameters
    return values["C_m"] if "C_m" in values else values["tau_m"] / values["R_m"]


def load(problem: Problem) -> Brian2:
    """Return the network of a problem."""
    return Brian2(problem)

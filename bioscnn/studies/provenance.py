"""Where a result comes from: code, versions, machine, data, weights, equations."""

from __future__ import annotations

import os
import platform
import re
import shlex
import sys
from dataclasses import replace
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

import bioscnn
from bioscnn.git import own_checkout
from bioscnn.network import Connectivity, Convolution, Dense, Population, Projection, SpikingNetwork
from bioscnn.neurons import EXCITATORY, INHIBITORY, ExponentialConductance, LeadingCount, Pulse
from bioscnn.quantities import BRIAN_UNITS, format_quantity
from bioscnn.simulation import Device
from bioscnn.simulation.equations import equations_of, parameters_of, reset_of

_DIMENSIONS = {unit: dimension for dimension, unit in BRIAN_UNITS.items()}


def code_version() -> dict[str, Any]:
    """Return the commit of the code that runs and whether it was changed since; None outside its checkout."""
    checkout = own_checkout()
    if checkout is None:
        return {"commit": None, "dirty": None}
    changes = checkout.git("status", "--porcelain", "--ignore-submodules=all", "--", "bioscnn")
    return {"commit": checkout.head, "dirty": None if changes is None else bool(changes)}


def environment() -> dict[str, Any]:
    """Return versions of what computed, and the machine."""
    packages = ("brian2", "numpy", "scipy", "h5py", "onnx")
    versions = {"bioscnn": bioscnn.__version__, "python": platform.python_version()}
    return {
        "versions": versions | {name: version(name) for name in packages},
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": str(os.cpu_count()),
        },
        "command": _command(),
    }


def _command() -> str:
    """Return what was typed; bytes of it that are no text, as names of files may have, by their numbers."""
    typed = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return typed.encode(errors="backslashreplace").decode()


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def describe_network(network: SpikingNetwork, device: Device) -> dict[str, Any]:
    """Return populations with their equations and parameters, and projections with their synapses."""
    populations = [
        {
            "name": population.name,
            "shape": population.shape,
            "size": population.size,
            "equations": equations_of(network, population),
            "threshold": population.neuron.threshold,
            "reset": reset_of(network, population),
            "refractory": population.neuron.refractory,
            "parameters": {
                name: _as_text(value, name, equations_of(network, population))
                for name, value in parameters_of(network, population).items()
            },
            **_chance(network, population),
        }
        for population in network.neurons
        if population.neuron is not None
    ]
    projections = [
        {
            "pre": projection.pre,
            "post": projection.post,
            "connectivity": str(projection.connectivity.geometry[0]),
            **_synapses(projection),
            "simulated": device.simulates(projection),
            **(
                {}
                if projection.failure is None
                else {"failure": f"{100 * projection.failure.probability:g} %"}
            ),
        }
        for projection in network.projections
    ]
    return {"populations": populations, "projections": projections}


def _synapses(projection: Projection) -> dict[str, Any]:
    """Return number and kind of the synapses of a projection."""
    connectivity, synapse = projection.connectivity, projection.synapse
    if isinstance(synapse, ExponentialConductance):
        # Each synapse is of one sign, and in the projections of both receptors.
        kind = {EXCITATORY: "excitatory conductance", INHIBITORY: "inhibitory conductance"}[synapse.receptor]
        return {"n_synapses": _n_positive(connectivity), "synapse": kind}
    kind = "constant current" if synapse is None else "exponential current"
    if isinstance(synapse, LeadingCount | Pulse):
        kind = "comparison of counts" if isinstance(synapse, LeadingCount) else "pulse of one step"
    return {"n_synapses": connectivity.n_synapses, "synapse": kind}


def _n_positive(connectivity: Connectivity) -> int:
    """Count the synapses whose weight is positive; of a kernel or a matrix without listing them."""
    match connectivity:
        case Convolution():
            positive = replace(connectivity, kernel=(connectivity.kernel > 0).astype(np.float64))
            return int(np.rint(positive.pulled_back(np.ones((1, prod(connectivity.post_shape)))).sum()))
        case Dense():
            return int(np.count_nonzero(connectivity.weight > 0))
        case _:
            return int(np.count_nonzero(connectivity.synapses()[2] > 0))


def _as_text(value: float, name: str, equations: str) -> str:
    """Return a parameter with the unit that the equations declare for it."""
    declared = re.search(rf"^{name}\s*:\s*(\w+)", equations, flags=re.M)
    assert declared is not None
    unit = declared.group(1)
    return format_quantity(value, _DIMENSIONS[unit]) if unit in _DIMENSIONS else f"{value:.6g}"


def _chance(network: SpikingNetwork, population: Population) -> dict[str, str]:
    """Return texts on how a population's neurons differ, on membrane noise, and on the fate of spikes."""
    axons, equations = population.axons, equations_of(network, population)
    described = {
        f"{name} of the cells": f"{_as_text(float(values.mean()), name, equations)} on average, "
        f"coefficient of variation {values.std() / values.mean() if values.mean() else np.inf:.3g}"
        for name, values in population.values.items()
    }
    if population.noise is not None:
        described["noise"] = format_quantity(population.noise.sd, "voltage")
    if axons is not None:
        described["delay"] = f"{format_quantity(float(axons.delay.mean()), 'time')} on average"
        described["loss"] = f"{100 * axons.loss:g} %"
    return described

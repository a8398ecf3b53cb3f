"""The physical limit: what one core of this machine can do at all, and the least time that an image takes."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.compiler import compile_c
from bioscnn.metrics import synaptic_operations_per_trial
from bioscnn.network import SpikingNetwork
from bioscnn.simulation import Recording

DRIVEN_BYTES, SYNAPTIC_BYTES = 12, 20
"""Bytes that one update moves: V and drive read, V written; with synapses also I read and written."""


@dataclass(frozen=True)
class Core:
    """What one core can do at best.

    Parameters
    ----------
    adds : float
        Additions of contiguous floats a second in the first level of cache.
    adds_beyond : float
        The same in the second level.
    bandwidth : float
        Bytes a second of a state update, at the working set of a network.
    """

    adds: float
    adds_beyond: float
    bandwidth: float


def measure_core(network: SpikingNetwork, folder: Path) -> Core:
    """Compile and run ``roofline.c``: a fraction of a second.

    Parameters
    ----------
    network : SpikingNetwork
        Whose state (float32: V and the drive, and I where there are synapses) is the working set.
    folder : Path
        Where the program goes.
    """
    program = compile_c(Path(__file__).with_name("roofline.c"), folder / "roofline")
    state = sum(p.size * (8 if network.is_driven(p.name) else 12) for p in network.neurons)
    output = subprocess.run([program, str(state)], capture_output=True, text=True, check=True).stdout
    return Core(*map(float, output.split()))


def roofline(network: SpikingNetwork, recording: Recording, core: Core) -> float:
    """Return the least time that a time-stepped float32 simulation takes on one core, in seconds an image.

    .. math:: \\frac{\\text{updates} \\times \\text{bytes an update}}{\\text{bandwidth}}
              + \\frac{\\text{synaptic events}}{\\text{additions a second}}

    Every neuron is updated in every step, and moves `DRIVEN_BYTES` or `SYNAPTIC_BYTES` between the registers
    and the level of cache that holds the state; arithmetic, threshold, reset and refractory period are free.
    A spike costs one addition a synapse, at the rate of contiguous runs in the first level of cache; finding
    the spike and its targets is free, and so are the input currents, reading, and recording. The two do not
    overlap, since both are bound by loads and stores. A program that keeps neurons in registers over several
    steps, which a feed-forward network allows, or that skips silent ones, is not bound by this.

    Parameters
    ----------
    network : SpikingNetwork
        What was simulated.
    recording : Recording
        Spike counts of all its populations, from any device.
    core : Core
        From `measure_core`.
    """
    sizes = [(p.size, DRIVEN_BYTES if network.is_driven(p.name) else SYNAPTIC_BYTES) for p in network.neurons]
    moved = recording.n_steps * sum(size * bytes_moved for size, bytes_moved in sizes)
    return moved / core.bandwidth + synaptic_operations_per_trial(network, recording) / core.adds

"""A network on its way to another simulator, and what it fired there. It imports NumPy alone.

Numbers are in SI units; spike times are whole steps, the first one 0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Cells:
    """Neurons of one population: LIF, or leaky integrators where `V_th` is None."""

    name: str
    size: int
    tau_m: float  # s
    R_m: float  # ohm
    tau_s: float  # s, of the synapses that end here
    V_th: float | None = None  # V above rest
    t_ref: float = 0.0  # s


@dataclass(frozen=True, eq=False)
class Synapses:
    """Synapses from `pre` to `post`: numbers of neurons, and what a spike adds to the current, A."""

    pre: str
    post: str
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    weight: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Network:
    """Populations, synapses, and the constant current into each neuron of each trial.

    Parameters
    ----------
    cells : sequence of Cells
        All populations.
    synapses : sequence of Synapses
        All projections.
    drive : dict of ndarray of float64, shape (n_trials, size)
        Current by population, A.
    """

    cells: Sequence[Cells]
    synapses: Sequence[Synapses]
    drive: Mapping[str, NDArray[np.float64]]

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(next(iter(self.drive.values())))


@dataclass(frozen=True)
class Clock:
    """What the other simulator is asked for: model, step and delay in s, number of steps."""

    model: str
    dt: float
    delay: float
    n_steps: int


Fired = list[tuple[int, NDArray[np.int64], NDArray[np.int64]]]
"""Trial, steps and neurons of spikes."""


def write_network(path: Path, network: Network) -> None:
    """Write a network as npz."""
    arrays: dict[str, Any] = {f"drive {name}": values for name, values in network.drive.items()}
    for number, synapses in enumerate(network.synapses):
        for name in ("source", "target", "weight"):
            arrays[f"{name} {number}"] = getattr(synapses, name)
    ends = [(synapses.pre, synapses.post) for synapses in network.synapses]
    np.savez(
        path, about=json.dumps({"cells": [asdict(cells) for cells in network.cells], "ends": ends}), **arrays
    )


def read_network(path: Path) -> Network:
    """Read what `write_network` wrote."""
    with np.load(path) as file:
        about = json.loads(str(file["about"]))
        synapses = [
            Synapses(pre, post, *(file[f"{name} {number}"] for name in ("source", "target", "weight")))
            for number, (pre, post) in enumerate(about["ends"])
        ]
        cells = [Cells(**fields) for fields in about["cells"]]
        return Network(
            cells, synapses, {population.name: file[f"drive {population.name}"] for population in cells}
        )


def write_activity(
    path: Path, fired: Mapping[str, Fired], potentials: Mapping[str, NDArray[np.float64]]
) -> None:
    """Write spikes and potentials, V, shape (n_trials, n_steps, size), as npz."""
    arrays: dict[str, Any] = {f"potentials {name}": values for name, values in potentials.items()}
    for name, trials in fired.items():
        parts = [(np.full(len(step), trial), step, neuron) for trial, step, neuron in trials]
        for what, values in zip(("trial", "step", "neuron"), zip(*parts, strict=True), strict=True):
            arrays[f"{what} {name}"] = np.concatenate(values).astype(np.int64)
    np.savez(path, **arrays)

"""What every contestant is given: examples, and the network as plain arrays. Needs NumPy alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.spikes import SpikeTrains

Stimulus = NDArray[np.float32] | SpikeTrains
"""Images as float32 from 0 to 1, or recordings of events as sparse input spikes; both can be sliced."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A linear layer of an IF or LIF network; its neurons have a threshold of 1 and lose 1 at a spike.

    Parameters
    ----------
    weight : ndarray of float32
        Shape (channels out, channels in, height, width) of a convolution; shape (classes, neurons) of the
        last layer, whose neurons are numbered by channel, row and column.
    bias : ndarray of float32, shape (channels out,)
        Added to the membrane potential in every step.
    stride : int
        Of a convolution, along both axes.
    padding : int
        Silent rows and columns at each side, of a convolution.
    pool : int
        Before the convolution, squares of so many rows and columns are averaged; 1 for none.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    stride: int = 1
    padding: int = 0
    pool: int = 1


@dataclass(frozen=True, eq=False)
class Problem:
    """Examples to classify, and with what.

    Parameters
    ----------
    network : str
        Name of the trained network.
    n_steps : int
        Steps of a trial.
    study : str
        The study file of bioscnn that stands for this problem, as text.
    readout : str
        How bioscnn and Brian2 read the class; see `bioscnn.readout`.
    examples : ndarray of uint8, shape (n, channels, height, width), or SpikeTrains
        Images, where 0 is black and 255 white; or recordings, whose events are input spikes.
    labels : ndarray of int64, shape (n,)
        Their true classes.
    shape : (int, int, int)
        Channels, height and width of the input.
    calibration : ndarray of float32, shape (m, channels, height, width), or None
        The intensities that normalise a ReLU network.
    layers : tuple of Layer
        The network of IF or LIF neurons: every layer but the last spikes. Empty where neurons and synapses
        have dynamics that these layers cannot express.
    leak : float
        What is left of a membrane potential after a step without input; 1 for IF neurons.
    """

    network: str
    n_steps: int
    study: str
    readout: str
    examples: NDArray[np.uint8] | SpikeTrains
    labels: NDArray[np.int64]
    shape: tuple[int, int, int]
    calibration: NDArray[np.float32] | None = None
    layers: tuple[Layer, ...] = field(default=())
    leak: float = 1.0

    def stimulus(self, n: int) -> Stimulus:
        """Return n examples as they are classified; after the last one the first one comes again."""
        chosen = np.arange(n) % len(self.labels)
        if isinstance(self.examples, SpikeTrains):
            return self.examples.take(chosen)
        return intensities(self.examples[chosen])


def intensities(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return images as float32 from 0 to 1, as `bioscnn.datasets.ImageSet.intensities` does."""
    return images.astype(np.float32) / np.float32(255)


def count(stimulus: Stimulus) -> int:
    """Return the number of examples."""
    return stimulus.n_trials if isinstance(stimulus, SpikeTrains) else len(stimulus)


def write_problem(problem: Problem, folder: Path) -> None:
    """Write a problem into a folder: ``problem.json``, and an ``.npy`` file for each array."""
    folder.mkdir(parents=True, exist_ok=True)
    examples, arrays = problem.examples, {"labels": problem.labels}
    if isinstance(examples, SpikeTrains):
        arrays |= {name: getattr(examples, name) for name in ("neuron", "step", "trial_start")}
    else:
        arrays["images"] = examples
    if problem.calibration is not None:
        arrays["calibration"] = problem.calibration
    for number, layer in enumerate(problem.layers):
        arrays |= {f"layer{number}.weight": layer.weight, f"layer{number}.bias": layer.bias}
    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", values, allow_pickle=False)
    text = {
        "network": problem.network,
        "n_steps": problem.n_steps,
        "study": problem.study,
        "readout": problem.readout,
        "shape": problem.shape,
        "events": [examples.size, examples.dt] if isinstance(examples, SpikeTrains) else None,
        "calibrated": problem.calibration is not None,
        "geometry": [[layer.stride, layer.padding, layer.pool] for layer in problem.layers],
        "leak": problem.leak,
    }
    (folder / "problem.json").write_text(json.dumps(text, indent=2) + "\n", encoding="utf-8")


def read_problem(folder: Path) -> Problem:
    """Read a problem from its folder."""

    def array(name: str) -> NDArray[Any]:
        return np.load(folder / f"{name}.npy", allow_pickle=False)

    text = json.loads((folder / "problem.json").read_text(encoding="utf-8"))
    if text["events"] is None:
        examples = array("images")
    else:
        size, dt = text["events"]
        parts = (array(name) for name in ("neuron", "step", "trial_start"))
        examples = SpikeTrains(*parts, size, text["n_steps"], dt)
    return Problem(
        network=text["network"],
        n_steps=text["n_steps"],
        study=text["study"],
        readout=text["readout"],
        examples=examples,
        labels=array("labels"),
        shape=tuple(text["shape"]),
        calibration=array("calibration") if text["calibrated"] else None,
        layers=tuple(
            Layer(array(f"layer{number}.weight"), array(f"layer{number}.bias"), *geometry)
            for number, geometry in enumerate(text["geometry"])
        ),
        leak=text["leak"],
    )

"""What every contestant is given: images, and the network as plain arrays. Needs NumPy alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Layer:
    """A linear layer of an IF network; its neurons have a threshold of 1 and lose 1 at a spike.

    Parameters
    ----------
    weight : ndarray of float32
        Shape (channels out, channels in, height, width) of a convolution without padding; shape
        (classes, neurons) of the last layer, whose neurons are numbered by channel, row and column.
    bias : ndarray of float32, shape (channels out,)
        Added to the membrane potential in every step.
    stride : int
        Of a convolution, along both axes.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    stride: int = 1

    @property
    def is_convolution(self) -> bool:
        """Whether it is a convolution."""
        return self.weight.ndim == 4


@dataclass(frozen=True, eq=False)
class Problem:
    """Images to classify, and with what.

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
    images : ndarray of uint8, shape (n, channels, height, width)
        0 is black, 255 is white.
    labels : ndarray of int64, shape (n,)
        Their true classes.
    calibration : ndarray of uint8, shape (m, channels, height, width), or None
        The images that normalise a ReLU network.
    layers : tuple of Layer
        The network of IF neurons: every layer but the last spikes. Empty where neurons and synapses have
        dynamics that these layers cannot express.
    """

    network: str
    n_steps: int
    study: str
    readout: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    calibration: NDArray[np.uint8] | None = None
    layers: tuple[Layer, ...] = field(default=())

    def intensities(self, n: int) -> NDArray[np.float32]:
        """Return n images as float32 from 0 to 1; after the last one the first one comes again."""
        return intensities(self.images[np.arange(n) % len(self.images)])


def intensities(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return images as float32 from 0 to 1, as `bioscnn.datasets.ImageSet.intensities` does."""
    return images.astype(np.float32) / np.float32(255)


def write_problem(problem: Problem, folder: Path) -> None:
    """Write a problem into a folder: ``problem.json``, and an ``.npy`` file an array."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"images": problem.images, "labels": problem.labels}
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
        "calibrated": problem.calibration is not None,
        "strides": [layer.stride for layer in problem.layers],
    }
    (folder / "problem.json").write_text(json.dumps(text, indent=2) + "\n", encoding="utf-8")


def read_problem(folder: Path) -> Problem:
    """Read a problem from its folder."""

    def array(name: str) -> NDArray[Any]:
        return np.load(folder / f"{name}.npy", allow_pickle=False)

    text = json.loads((folder / "problem.json").read_text(encoding="utf-8"))
    return Problem(
        network=text["network"],
        n_steps=text["n_steps"],
        study=text["study"],
        readout=text["readout"],
        images=array("images"),
        labels=array("labels"),
        calibration=array("calibration") if text["calibrated"] else None,
        layers=tuple(
            Layer(array(f"layer{number}.weight"), array(f"layer{number}.bias"), stride)
            for number, stride in enumerate(text["strides"])
        ),
    )

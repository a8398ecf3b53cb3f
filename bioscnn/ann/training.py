"""Train a network on the rate of its spiking neurons, and record how it was done."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import bioscnn
from bioscnn.ann.architectures import Architecture, find_architecture
from bioscnn.ann.graph import LayerGraph
from bioscnn.ann.onnx_writer import write_onnx
from bioscnn.ann.training_settings import TrainingSettings
from bioscnn.errors import UserError
from bioscnn.files import write_atomically

if TYPE_CHECKING:
    from bioscnn.ann.torch_training import EpochRecord

Progress = Callable[[int, int, "list[EpochRecord]"], None]


def train(
    architecture: Architecture,
    train_images: NDArray[np.floating],
    train_labels: NDArray[np.integer],
    validation_images: NDArray[np.floating],
    validation_labels: NDArray[np.integer],
    settings: TrainingSettings | None = None,
    progress: Progress | None = None,
) -> tuple[LayerGraph, dict[str, Any]]:
    """Train an architecture on firing rates as a short spiking simulation shows them.

    A spiking network read after 30 ms sees few spikes: a neuron at 30 Hz may not have fired at all. So the
    rates lose up to one spike of the window and carry noise (see `TrainingSettings`), and no bias exceeds
    the rheobase; otherwise the network comes to rely on slow neurons that the simulation never sees.

    The same settings give the same network on the same machine. The network of the last epoch is returned,
    not the best one, so that the validation images choose nothing.

    Parameters
    ----------
    architecture : Architecture
        What to train.
    train_images : ndarray of float32, shape (n, channels, height, width)
        Images in [0, 1].
    train_labels : ndarray of int64, shape (n,)
        Their classes.
    validation_images, validation_labels
        Images to measure the accuracy on after every epoch; they train nothing.
    settings : TrainingSettings, optional
        How to train.
    progress : callable, optional
        Called as ``progress(batches done, batches in all, records of the epochs done)`` after every batch.

    Returns
    -------
    graph : LayerGraph
        The trained network.
    card : dict
        What made it and how well it classifies, ready for JSON.

    Raises
    ------
    UserError
        If torch is missing, the arrays do not fit the architecture, or the training diverges.

    References
    ----------
    Hunsberger and Eliasmith (2016), Training spiking deep networks for neuromorphic hardware,
    arXiv:1611.05141: LIF rates as activations, Gaussian noise of 10 or 20 Hz on them.
    """
    try:
        import torch

        from bioscnn.ann.torch_training import fit
    except ModuleNotFoundError:
        raise UserError("training needs torch", fix="pip install 'bioscnn[train]'") from None

    settings = settings or TrainingSettings()
    _check(architecture, "train", train_images, train_labels)
    _check(architecture, "validation", validation_images, validation_labels)

    def validation_accuracy(graph: LayerGraph) -> float:
        return float(np.mean(graph.forward(validation_images).argmax(1) == validation_labels))

    started, threads = time.perf_counter(), torch.get_num_threads()
    torch.set_num_threads(settings.threads)
    try:
        graph, records = fit(
            architecture,
            np.ascontiguousarray(train_images, np.float32),
            np.ascontiguousarray(train_labels, np.int64),
            validation_accuracy,
            settings,
            progress or (lambda done, total, records: None),
        )
    finally:
        torch.set_num_threads(threads)
    card = {
        "name": architecture.name,
        "architecture": asdict(architecture),
        "settings": asdict(settings),
        "n_train": len(train_images),
        "validation": _accuracy(records[-1].validation_accuracy, len(validation_images)),
        "epochs": [asdict(record) for record in records],
        "weights_sha256": graph.sha256(),
        "versions": {"bioscnn": bioscnn.__version__, "torch": torch.__version__},
        "seconds": round(time.perf_counter() - started, 1),
    }
    return graph, card


def train_shipped(
    name: str,
    data: Path | None,
    out_dir: str | Path,
    settings: TrainingSettings | None = None,
    progress: Progress | None = None,
) -> tuple[LayerGraph, dict[str, Any]]:
    """Train an architecture on its data set, and write ``<name>.onnx`` and its card ``<name>.json``.

    Parameters
    ----------
    name : str
        The architecture, such as ``"mnist-small"``.
    data : path or None
        The data folder, as in `bioscnn.datasets.load_dataset`.
    out_dir : path
        An existing folder.
    settings, progress
        As in `train`.

    Returns
    -------
    graph, card
        As in `train`; the card also names the data, its hash and the command.

    Raises
    ------
    UserError
        As in `train`, or if the data cannot be had or the folder not be written.
    """
    from bioscnn.datasets import load_dataset

    settings = settings or TrainingSettings()
    architecture = find_architecture(name)
    if not Path(out_dir).is_dir():
        raise UserError("no such folder", file=out_dir, fix=f"mkdir -p {out_dir}")
    sets = {split: load_dataset(architecture.dataset, split, data=data) for split in ("train", "validation")}
    training, validation = sets["train"], sets["validation"]
    graph, made = train(
        architecture,
        training.intensities(),
        training.labels,
        validation.intensities(),
        validation.labels,
        settings,
        progress,
    )
    card = {
        "name": name,
        "command": _command(name, settings),
        "data": {
            split: {"name": images.name, "n": len(images), "sha256": images.sha256}
            for split, images in sets.items()
        },
        **made,
    }
    write_onnx(graph, Path(out_dir) / f"{name}.onnx", {"weights_sha256": card["weights_sha256"]})
    text = json.dumps(card, indent=2) + "\n"
    write_atomically(Path(out_dir) / f"{name}.json", text.encode())
    return graph, card


def _command(name: str, settings: TrainingSettings) -> str:
    """Return the command that trains the network; other settings than these two are on the card."""
    epochs = "" if settings.epochs == TrainingSettings.epochs else f" --epochs {settings.epochs}"
    return f"bioscnn train {name} --seed {settings.seed}{epochs}"


def _accuracy(accuracy: float, n: int) -> dict[str, Any]:
    """Return an accuracy with its Wilson 95 % interval."""
    from scipy.stats import binomtest

    correct = round(accuracy * n)
    interval = binomtest(correct, n).proportion_ci(0.95, method="wilson")
    low, high = round(float(interval.low), 5), round(float(interval.high), 5)
    return {"accuracy": accuracy, "correct": correct, "n": n, "wilson_95": [low, high]}


def _check(
    architecture: Architecture, split: str, images: NDArray[np.floating], labels: NDArray[np.integer]
) -> None:
    if images.shape[1:] != architecture.input_shape or len(images) == 0 or not _in_unit_range(images):
        raise UserError(
            f"the {split} images are no images for {architecture.name}",
            value=f"{images.dtype} of shape {images.shape}",
            expected=f"shape (n, {', '.join(map(str, architecture.input_shape))}), values in [0, 1]",
        )
    if labels.shape != images.shape[:1] or labels.min() < 0 or labels.max() >= architecture.n_classes:
        raise UserError(
            f"the {split} labels do not fit",
            value=labels.shape,
            expected=f"one class an image, 0 to {architecture.n_classes - 1}",
        )


def _in_unit_range(images: NDArray[np.floating]) -> bool:
    return bool(images.min() >= 0 and images.max() <= 1)

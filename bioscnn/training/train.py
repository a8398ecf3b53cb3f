"""Train a network, and record how it was done."""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import bioscnn
from bioscnn.ann import LayerGraph
from bioscnn.errors import UserError
from bioscnn.extras import require
from bioscnn.quantities import format_quantity
from bioscnn.spikes import SpikeTrains
from bioscnn.statistics import Estimate, proportion_of_counts
from bioscnn.training.room import check_training_room
from bioscnn.training.settings import Settings, SpikeSettings, TimeSettings

if TYPE_CHECKING:
    from bioscnn.training.examples import Examples
    from bioscnn.training.fit import Progress
    from bioscnn.training.measure import Objective


_AT_ONCE = 4096
"""Examples that are hashed at a time."""


def train(
    graph: LayerGraph,
    train_images: NDArray[Any] | SpikeTrains,
    train_labels: NDArray[np.integer],
    validation_images: NDArray[Any] | SpikeTrains,
    validation_labels: NDArray[np.integer],
    settings: Settings,
    teacher: LayerGraph | None = None,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
    noisy_images: NDArray[np.floating] | None = None,
) -> tuple[LayerGraph, dict[str, Any]]:
    """Train a network, on rates, on spikes or on spike times as the settings say.

    The network of the best epoch is returned, and of equal ones the last: by its accuracy on the validation
    images, that of the rates after training on rates, that of the spikes after fine-tuning; on spike times,
    by loss and price. The same settings give the same network on the same machine, also if the training was
    interrupted and continued from its checkpoint.

    Parameters
    ----------
    graph : LayerGraph
        The network to begin with, such as `bioscnn.training.architectures.Architecture.initial` returns.
    train_images : ndarray, shape (n, channels, height, width), or SpikeTrains of n trials
        Intensities in [0, 1], float32; pixels from 0 to 255, uint8; or the spikes of the input population.
    train_labels : ndarray of int64, shape (n,)
        Their classes.
    validation_images, validation_labels
        Images that choose the epoch and train nothing.
    settings : RateSettings, SpikeSettings or TimeSettings
        The stage, and how to train.
    teacher : LayerGraph, optional
        A better network for the same images, whose classes are asked for beside the true ones.
    checkpoint : Path, optional
        File in which the state is kept, and from which an interrupted training continues; it stays until the
        caller, who has written the network, removes it.
    progress : callable, optional
        Called as ``progress(batches done, batches in all, records of the epochs done)`` after every batch.
    noisy_images : ndarray of float32, shape (versions, n, channels, height, width), optional
        The training images encoded with noise, for `TrainingSettings.noise` behind a front end, whose output
        is no image any more. Without them noise is drawn afresh each time an image is shown.

    Returns
    -------
    graph : LayerGraph
        The trained network.
    card : dict
        What made it and how well it classifies, ready for JSON.

    Raises
    ------
    UserError
        If torch is missing, memory does not suffice, the arrays do not fit the network, the training
        diverges, the checkpoint is of another training, or spikes are asked of a ReLU network.
    """
    require_torch()
    check_training_room(graph, settings, train_images)
    import torch

    from bioscnn.training.checkpoint import Checkpoint
    from bioscnn.training.fine_tuning import SpikeObjective
    from bioscnn.training.fit import fit
    from bioscnn.training.measure import simulated_spikes
    from bioscnn.training.rate_training import RateObjective
    from bioscnn.training.time_training import TimeObjective

    training = _examples(graph, "train", train_images, train_labels, settings, noisy_images)
    validation = _examples(graph, "validation", validation_images, validation_labels, settings)
    objective: Objective
    if isinstance(settings, TimeSettings):
        objective = TimeObjective(settings)
    elif isinstance(settings, SpikeSettings):
        objective = SpikeObjective(settings)
    else:
        objective = RateObjective(settings)
    checkpoints = Checkpoint(checkpoint, _identity(graph, teacher, settings, training, validation))
    threads = torch.get_num_threads()
    torch.set_num_threads(settings.threads)
    before: tuple[float, float] | None = None
    try:
        if not isinstance(objective, RateObjective):
            before = simulated_spikes(objective.network(graph, training), validation, objective)[:2]
        trained, state = fit(
            graph,
            teacher,
            objective,
            training,
            validation,
            checkpoints,
            progress or (lambda done, total, records: None),
        )
    finally:
        torch.set_num_threads(threads)
    records = state.records
    best = max(records, key=lambda record: (objective.score(record), record.epoch))
    right = proportion_of_counts(round(best.validation_accuracy * len(validation)), len(validation))
    n_simulated = min(len(validation), objective.spiking_images)
    duration = objective.decides_after(graph)
    card = {
        "name": graph.name,
        "stage": settings.stage,
        "settings": asdict(settings),
        **_code(settings),
        "started_from_sha256": graph.sha256(),
        "teacher_sha256": None if teacher is None else teacher.sha256(),
        "n_train": len(training),
        "validation": _share(right),
        "spiking": _spiking(best.spiking_accuracy, best.spikes_per_image, n_simulated, duration),
        "spiking_before": None if before is None else _spiking(*before, n_simulated, duration),
        "best_epoch": best.epoch,
        "best_epoch_is": "the last of equally good ones",
        "epochs": [asdict(record) for record in records],
        "weights_sha256": trained.sha256(),
        "versions": {"bioscnn": bioscnn.__version__, "torch": torch.__version__},
        "seconds": round(state.seconds, 1),
    }
    return trained, card


def require_torch() -> None:
    """Refuse to train without torch.

    Raises
    ------
    UserError
        If it is missing.
    """
    require("training needs torch", "train", "torch")


def _identity(
    graph: LayerGraph,
    teacher: LayerGraph | None,
    settings: Settings,
    *sets: Examples,
) -> str:
    """Return a hash of all that decides what training comes to."""
    begun = [network and network.sha256() for network in (graph, teacher)]
    digest = hashlib.sha256(f"{begun} {settings!r} {bioscnn.__version__}".encode())
    for examples in sets:
        for tensor in examples.content:
            for part in tensor.split(_AT_ONCE):
                digest.update(part.numpy().tobytes())
    return digest.hexdigest()


def _share(share: Estimate) -> dict[str, Any]:
    """Return an accuracy with its Wilson 95 % interval."""
    interval = [round(share.low, 5), round(share.high, 5)]
    return {"accuracy": share.value, "n": share.trials, "wilson_95": interval}


def _code(settings: Settings) -> dict[str, Any]:
    """Return the keys of a study that a network of spike times needs."""
    if not isinstance(settings, TimeSettings):
        return {}
    names = ("tau_m", "tau_s", "dt")
    return {"code": {"kind": "time", "scale": 1.0, **{name: getattr(settings, name) for name in names}}}


def _spiking(
    accuracy: float | None, spikes_per_image: float | None, n: int, duration: float
) -> dict[str, Any] | None:
    """Return the twin's results on n validation images at the end of the trial, if there is a twin."""
    if accuracy is None:
        return None
    share = _share(proportion_of_counts(round(accuracy * n), n))
    return {**share, "spikes_per_image": spikes_per_image, "duration_ms": round(1e3 * duration, 6)}


def _examples(
    graph: LayerGraph,
    split: str,
    stimulus: NDArray[Any] | SpikeTrains,
    labels: NDArray[np.integer],
    settings: Settings,
    noisy: NDArray[np.floating] | None = None,
) -> Examples:
    """Check what is shown against the network, and return it in the form in which training takes it."""
    from bioscnn.training.examples import ImageExamples, SpikeExamples

    n = stimulus.n_trials if isinstance(stimulus, SpikeTrains) else len(stimulus)
    if labels.shape != (n,) or n == 0 or labels.min() < 0 or labels.max() >= graph.n_classes:
        raise UserError(
            f"the {split} labels do not fit",
            value=labels.shape,
            expected=f"one class an image, 0 to {graph.n_classes - 1}",
        )
    classes = np.ascontiguousarray(labels, np.int64)
    if isinstance(stimulus, SpikeTrains):
        _check_spikes(graph, split, stimulus, settings)
        return SpikeExamples(stimulus, classes, graph.input_shape)
    _check_images(graph, split, stimulus)
    images = np.ascontiguousarray(stimulus, None if stimulus.dtype == np.uint8 else np.float32)
    if noisy is None:
        return ImageExamples(images, classes)
    for version in noisy:
        _check_images(graph, f"noisy {split}", version, len(images))
    return ImageExamples(images, classes, np.ascontiguousarray(noisy, np.float32))


def _check_images(graph: LayerGraph, split: str, images: NDArray[Any], n: int | None = None) -> None:
    if (
        images.shape[1:] != graph.input_shape
        or n not in (None, len(images))
        or (images.dtype != np.uint8 and (images.min() < 0 or images.max() > 1))
    ):
        raise UserError(
            f"the {split} images are no images for {graph.name}",
            value=f"{images.dtype} of shape {images.shape}",
            expected=f"shape ({n or 'n'}, {', '.join(map(str, graph.input_shape))}), in [0, 1] or uint8",
        )


def _check_spikes(graph: LayerGraph, split: str, spikes: SpikeTrains, settings: Settings) -> None:
    if spikes.size != math.prod(graph.input_shape):
        raise UserError(
            f"the {split} spikes are no input of {graph.name}",
            value=f"{spikes.size} neurons",
            expected=f"{math.prod(graph.input_shape)}, of shape {graph.input_shape}",
        )
    if (spikes.n_steps, spikes.dt) != (round(settings.duration / settings.dt), settings.dt):
        raise UserError(
            f"the {split} spikes are of another trial than the settings",
            key="duration, dt",
            value=f"{spikes.n_steps} steps of {format_quantity(spikes.dt, 'time')}",
            expected=f"{format_quantity(settings.duration, 'time')} in steps of "
            f"{format_quantity(settings.dt, 'time')}",
        )
    frames = settings.duration / settings.frame
    if abs(frames - round(frames)) > 1e-6:
        raise UserError(
            "the trial is no whole number of frames",
            key="frame",
            value=format_quantity(settings.frame, "time"),
            expected=f"a part of {format_quantity(settings.duration, 'time')}",
        )

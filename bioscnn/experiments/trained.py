"""Trained networks as outcomes of units: the ONNX file as an array of bytes."""

from __future__ import annotations

from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph, read_onnx, write_onnx
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.unit import Unit
from bioscnn.files import scratch_folder
from bioscnn.simulation import Progress
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.inputs import Input
from bioscnn.studies.prepare import Prepared, convert_for

if TYPE_CHECKING:
    from bioscnn.training.fit import Progress as TrainingProgress
    from bioscnn.training.measure import EpochRecord
    from bioscnn.training.settings import TrainingSettings

TRAINING = ("bioscnn.training.train", "bioscnn.experiments.trained")
"""Modules whose code trains, the `core` of a measure of trainings."""


def onnx_bytes(graph: LayerGraph) -> NDArray[np.uint8]:
    """Return the ONNX file of a network, shape (n_bytes,)."""
    with scratch_folder(Path(gettempdir()), "bioscnn") as folder:
        path = folder / "network.onnx"
        write_onnx(graph, path)
        return np.frombuffer(path.read_bytes(), np.uint8)


def network_of(onnx: NDArray[np.uint8]) -> LayerGraph:
    """Return the network of an ONNX file that `onnx_bytes` returned."""
    with scratch_folder(Path(gettempdir()), "bioscnn") as folder:
        path = folder / "network.onnx"
        path.write_bytes(onnx.tobytes())
        return read_onnx(path)


def needed_network(unit: Unit, bench: Bench, name: str = "onnx") -> LayerGraph:
    """Return the trained network that a unit needs, by the name that the outcome gives it."""
    return network_of(bench.given[unit.needs[0]][name])


def case_of_trained(unit: Unit, unit_input: Input, graph: LayerGraph) -> Prepared:
    """Return a unit's study with what it shows, converted from a network whose rates need no examples."""
    return Prepared(unit.study, unit_input, graph, None, convert_for(unit.study.config, graph, None))


def arrays_of(stimulus: NDArray[Any] | SpikeTrains) -> list[NDArray[Any]]:
    """Return the arrays that hold what a network is shown: intensities, or spikes and where trials begin."""
    if isinstance(stimulus, SpikeTrains):
        return [stimulus.neuron, stimulus.step, stimulus.trial_start]
    return [stimulus]


def progress_by_epoch(progress: Progress, what: str, settings: TrainingSettings) -> TrainingProgress:
    """Return a function that a training calls after every batch, and that reports progress epoch by epoch.

    Parameters
    ----------
    progress : Progress
        Who is told.
    what : str
        What is trained.
    settings : TrainingSettings
        How.
    """
    last = -1

    def batch(done: int, total: int, records: list[EpochRecord]) -> None:
        nonlocal last
        if len(records) == last:
            return
        last = len(records)
        share = f", {100 * records[-1].validation_accuracy:.2f} % on validation" if records else ""
        progress.stage(f"training {what}: {last} of {settings.epochs} epochs{share}")

    return batch

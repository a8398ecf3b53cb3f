"""Memory that a training takes, told before it begins."""

from __future__ import annotations

from math import prod

from bioscnn.ann import LayerGraph, LIFRate, ReLU
from bioscnn.ann.room import memory
from bioscnn.errors import UserError
from bioscnn.spikes import SpikeTrains
from bioscnn.training.settings import SpikeSettings, TimeSettings, TrainingSettings

# Measured with torch 2.13 on a CPU; numbers of 4 bytes that are held at a time.
_TORCH_BYTES = 9e7  # that torch loads when it first computes
_PER_WEIGHT = 8  # itself, its slope, two moments of Adam, those of the best epoch, and a checkpoint
_PER_RATE, _PER_RECTIFIER = 9, 4  # per neuron and example of a batch
_PER_STEP = 7  # per neuron, example and step of a trial, where spikes are trained


def training_memory(graph: LayerGraph, settings: TrainingSettings, recorded: bool) -> float:
    """Return the memory that training a network takes, beside its examples, in bytes.

    It is within a factor of two of what was measured.

    Parameters
    ----------
    graph : LayerGraph
        The network.
    settings : TrainingSettings
        Size of a batch, trial, and stage.
    recorded : bool
        Whether it learns from recordings, of which every frame is computed.
    """
    weights = sum(layer.weight.size for layer in graph.layers if hasattr(layer, "weight"))
    return _TORCH_BYTES + 4 * (
        _PER_WEIGHT * weights + settings.batch_size * _per_example(graph, settings, recorded)
    )


def _per_example(graph: LayerGraph, settings: TrainingSettings, recorded: bool) -> float:
    """Return how many numbers an example of a batch takes."""
    steps = round(settings.duration / settings.dt)
    frames = steps / settings.frame_steps if recorded else 1
    numbers: float = prod(graph.input_shape) * (steps if recorded else 1)
    for layer, shape in zip(graph.layers, graph.shapes, strict=True):
        if isinstance(layer, LIFRate | ReLU):
            per_neuron = frames * (_PER_RATE if isinstance(layer, LIFRate) else _PER_RECTIFIER)
            if isinstance(settings, SpikeSettings):
                per_neuron += _PER_STEP * steps
            numbers += per_neuron * prod(shape)
    return numbers


def check_training_room(graph: LayerGraph, settings: TrainingSettings, examples: object) -> None:
    """Refuse to train what would not fit into the memory of this machine.

    Raises
    ------
    UserError
        Saying how large a batch may be.
    """
    recorded = isinstance(examples, SpikeTrains)
    needed, most = training_memory(graph, settings, recorded), memory()
    if needed <= most:
        return
    per_example = 4 * _per_example(graph, settings, recorded)
    fits = int((most - needed) / per_example + settings.batch_size)
    fix = "choose fewer or smaller layers (training.layers)"
    if fits >= 1:
        stages = {SpikeSettings: "training.spikes", TimeSettings: "training.times"}
        table = stages.get(type(settings), "training")
        fix = f"write {table}.batch_size = {fits}, or {fix}"
    raise UserError(
        "training this network does not fit into the memory of this machine",
        key="training.batch_size",
        value=f"{settings.batch_size}, about {needed / 1e9:,.1f} GB",
        expected=f"at most {most / 1e9:,.1f} GB",
        fix=fix,
    )

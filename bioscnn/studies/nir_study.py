"""A study of a NIR graph: what it shows to the graph, and the network that comes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bioscnn.ann.models import locate
from bioscnn.errors import UserError
from bioscnn.nir import Built, NIRModel, Stimulus, build, read_nir
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.disturbance import disturbed, noises_of
from bioscnn.studies.inputs import Input
from bioscnn.studies.scores import Scores

NOT_USED = "[neuron], [synapse] and the normalisation of a study are not used: the graph has its own."
"""What the report of every graph says."""

OF_SPIKES = ("spike-count", "first-spike")
"""Readouts of an output that fires."""


def model_of(config: StudyConfig) -> NIRModel:
    """Read the graph of a study."""
    return read_nir(locate(config.network.model))


def built(config: StudyConfig, model: NIRModel, shape: tuple[int, ...]) -> Built:
    """Build the network of a study, with its noise.

    Parameters
    ----------
    config : StudyConfig
        The study.
    model : NIRModel
        Its graph.
    shape : tuple of int
        Of the input population.

    Raises
    ------
    UserError
        If something is open that the study does not say, or its readout does not fit the output.
    """
    channels, keys = shape[0], config.dataset
    mean, std = (np.broadcast_to(np.array(v), channels) for v in (keys.mean, keys.std))
    sign, offset = (-1.0, 1.0) if keys.invert else (1.0, 0.0)
    currents = config.encoding.kind == "currents"
    if keys.preprocesses and not currents:
        raise UserError(
            "mean, std, scale and invert are of currents, and a spike has no size", key="encoding.kind",
            value=config.encoding.kind, expected='"currents"', fix="remove the keys of [dataset]",
        )  # fmt: skip
    stimulus = Stimulus(currents, sign * keys.scale / std, (offset * keys.scale - mean) / std)
    made = build(model.graph, config.nir.choices, stimulus, config.simulation.dt, shape)
    if config.readout.rule in OF_SPIKES and not made.fires:
        raise UserError(
            "the output of the graph does not fire", file=model.graph.path, key="readout.rule",
            value=config.readout.rule, expected="peak-potential | mean-potential | last-potential",
        )  # fmt: skip
    noise = noises_of(config, "network")
    if noise and any("_later" in population.name for population in made.network.populations):
        raise UserError(
            "noise would act twice on spikes that are passed on, so that branches of the graph meet",
            file=model.graph.path, key="noise", value=", ".join(part.label for part in noise),
            fix="remove the noise from the study, or the branches from the graph",
        )  # fmt: skip
    network = disturbed(made.network, noise, config.simulation.seed)
    return replace(made, network=network, notes=(*made.notes, NOT_USED))


def saturation_hint(config: StudyConfig, scores: Scores) -> str | None:
    """Return a hint if neurons fired as many spikes in a step as they may; None otherwise."""
    most, network = config.nir.spikes_per_step or 1, scores.network
    last = [p.name for p in network.neurons if p.name.endswith(f"_spike{most}")]
    full = [name.partition("_")[0] for name in last if scores.fires(name)]
    if not full:
        return None
    return (
        f"neurons of {', '.join(full)} fired {most} spikes in a step, as many as they may: try "
        f"--set nir.spikes_per_step={2 * most}"
    )


def check_nir_fit(model: NIRModel, examples_input: Input) -> None:
    """Refuse a graph that takes other input, or has other classes, than the examples."""
    examples, graph = examples_input.examples, model.graph
    if not model.takes(examples_input.shape):
        raise graph.refuse(
            "the input of the graph does not fit the data", graph.input.name, value=model.input_shape,
            expected=f"{examples_input.shape}, the input of {examples.name}",
            fix="set dataset.name, encoding.bin_size or dataset.size to what the graph was trained for",
        )  # fmt: skip
    if model.n_classes != len(examples.classes):
        raise graph.refuse(
            "the graph has another number of outputs than the data has classes", graph.output.name,
            value=model.n_classes, expected=f"{len(examples.classes)}, the classes of {examples.name}",
        )  # fmt: skip

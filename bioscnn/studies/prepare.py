"""From a study to what a simulation needs: data, trained network, spiking network, stimulus."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph, ReLU, read_model
from bioscnn.ann.models import locate
from bioscnn.datasets import ImageSet, load_dataset
from bioscnn.encoding import Currents, pixel_currents
from bioscnn.errors import UserError
from bioscnn.ledger.conditions import Conditions, spiking_network
from bioscnn.network import SpikingNetwork
from bioscnn.neurons import IF, LIF, SpikingNeuron
from bioscnn.quantities import format_quantity
from bioscnn.simulation import Device
from bioscnn.simulation.shape import ProgramShape
from bioscnn.studies.config import Neuron, StudyConfig
from bioscnn.studies.study import Study

CALIBRATION_IMAGES = 500


@dataclass(frozen=True, eq=False)
class Prepared:
    """A study, ready to run.

    Parameters
    ----------
    study : Study
        What was asked for.
    images : ImageSet
        The images of the trials.
    graph : LayerGraph
        The trained network.
    calibration : ImageSet or None
        The images that normalised it, if it is a ReLU network.
    network : SpikingNetwork
        The converted one.
    stimulus : Currents
        One entry an image.
    """

    study: Study
    images: ImageSet
    graph: LayerGraph
    calibration: ImageSet | None
    network: SpikingNetwork
    stimulus: Currents

    @cached_property
    def ann_class(self) -> NDArray[np.int64]:
        """Class that the trained network gives each image, shape (n_trials,)."""
        return np.asarray(self.graph.forward(self.images.intensities()).argmax(axis=1))

    @property
    def device(self) -> Device:
        """What simulates."""
        keys = self.study.config.simulation
        return Device(keys.device, keys.precision, keys.jobs, keys.connectivity)

    @property
    def program(self) -> ProgramShape | None:
        """Shape of the compiled program; None on a device that compiles none."""
        device = self.device
        if device.name != "cpp_standalone":
            return None
        return ProgramShape(self.network, False, device.precision, device.connectivity)

    @property
    def key(self) -> str:
        """Hash of all that decides the result."""
        calibrated = [] if self.calibration is None else [self.calibration.sha256]
        return self.study.key(self.images.sha256, self.graph.sha256(), *calibrated)


def prepare(study: Study, data: Path | None) -> Prepared:
    """Load, read, check against each other, and convert.

    Raises
    ------
    UserError
        If there are fewer images than trials, or the network does not fit them.
    """
    config = study.config
    images = load_dataset(config.dataset.name, config.dataset.split, data=data)
    if config.dataset.trials > len(images):
        raise UserError(
            f"the {config.dataset.split} split of {config.dataset.name} has fewer images",
            key="dataset.trials",
            value=config.dataset.trials,
            expected=f"at most {len(images)}",
        )
    images = images.take(config.dataset.trials)
    graph = read_model(config.network.model)
    _check_fit(graph, images, config.network.model)
    calibration = calibration_images(config, graph, data)
    network = convert_for(config, graph, calibration)
    stimulus = pixel_currents(images.intensities(), config.simulation.n_steps, config.simulation.dt)
    return Prepared(study, images, graph, calibration, network, stimulus)


def build_neuron(keys: Neuron) -> SpikingNeuron:
    """Return the neuron model of the ``[neuron]`` table."""
    if keys.model == "if":
        return IF(t_ref=keys.t_ref, V_th=keys.V_th, C_m=keys.tau_m / keys.R_m, reset=keys.reset)
    return LIF(tau_m=keys.tau_m, t_ref=keys.t_ref, V_th=keys.V_th, R_m=keys.R_m, reset=keys.reset)


def conditions_of(config: StudyConfig) -> Conditions:
    """Return all of a study that can cost accuracy."""
    network, simulation = config.network, config.simulation
    # NumPy computes in float64, whatever it is asked for.
    precision = "float64" if simulation.device == "numpy" else simulation.precision
    return Conditions(
        neuron=build_neuron(config.neuron),
        tau_s=config.synapse.tau_s,
        normalisation=network.normalisation,
        percentile=network.percentile,
        max_rate=network.max_rate,
        dt=simulation.dt,
        duration=simulation.duration,
        precision=precision,
    )


def rounding_of(config: StudyConfig) -> str | None:
    """Say what whole time steps make of the refractory period; None if it is whole already."""
    conditions = conditions_of(config)
    asked, used = (n.parameters["t_ref"] for n in (conditions.neuron, conditions.simulated_neuron))
    if used == asked:
        return None
    asked_text, used_text, step = (format_quantity(t, "time") for t in (asked, used, conditions.dt))
    return f"t_ref {asked_text} is simulated as {used_text}, whole steps of {step} (simulation.round_t_ref)"


def _check_fit(graph: LayerGraph, images: ImageSet, model: str) -> None:
    shape = images.images.shape[1:]
    if graph.input_shape != shape:
        raise UserError(
            "the first layer of the network does not fit the images",
            file=locate(model),
            key="network.model",
            value=f"{model} takes (channels, height, width) = {graph.input_shape}",
            expected=f"{shape}, the images of {images.name}",
            fix="train the network on images of this shape, or set dataset.name to the data it is for",
        )
    if graph.n_classes != len(images.classes):
        raise UserError(
            "the network has another number of classes than the data",
            file=locate(model),
            key="network.model",
            value=f"{model} has {graph.n_classes}",
            expected=f"{len(images.classes)}, the classes of {images.name}",
            fix="give the last layer one output a class, or set dataset.name to the data it is for",
        )


def convert_for(config: StudyConfig, graph: LayerGraph, calibration: ImageSet | None) -> SpikingNetwork:
    """Convert a network as the tables of a study say."""
    images = None if calibration is None else calibration.intensities()
    return spiking_network(conditions_of(config), graph, images)


def calibration_images(config: StudyConfig, graph: LayerGraph, data: Path | None) -> ImageSet | None:
    """Return the images that normalise a ReLU network, None for a network that needs none.

    They are training images where those are on this machine, and validation images otherwise.
    """
    if not any(isinstance(layer, ReLU) for layer in graph.layers):
        return None
    try:
        images = load_dataset(config.dataset.name, "train", data=data, download=False)
    except UserError:
        images = load_dataset(config.dataset.name, "validation", data=data)
    return images.take(min(CALIBRATION_IMAGES, len(images)))

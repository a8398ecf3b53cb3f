"""From a study to what a simulation needs: data, trained network, spiking network, stimulus."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph, ReLU, read_model
from bioscnn.ann.models import locate, no_ann
from bioscnn.conversion import Scales, steps_needed
from bioscnn.datasets import EventSet, ImageSet
from bioscnn.doctor import require_genn
from bioscnn.encoding import Stimulus
from bioscnn.errors import UserError
from bioscnn.ledger.conditions import Conditions, SpikeTimes, scales_for, spiking_network
from bioscnn.network import SpikingNetwork
from bioscnn.neurons import (
    IF,
    LIF,
    AdaptiveLIF,
    EquationNeuron,
    ExponentialConductance,
    ExponentialCurrent,
    SpikingNeuron,
    Synapse,
)
from bioscnn.nir import NIRModel
from bioscnn.noise import with_common_delay, with_scaled_weights
from bioscnn.quantities import format_quantity
from bioscnn.simulation import Device, Progress
from bioscnn.simulation.shape import ProgramShape
from bioscnn.simulation.simulate import Silent
from bioscnn.studies.answers import answers
from bioscnn.studies.config import Neuron, StudyConfig
from bioscnn.studies.config import Synapse as SynapseKeys
from bioscnn.studies.disturbance import disturbed, noises_of, without_noise
from bioscnn.studies.event_input import EventInput
from bioscnn.studies.image_input import ImageInput
from bioscnn.studies.inputs import Input
from bioscnn.studies.nir_study import built, check_nir_fit, model_of
from bioscnn.studies.preprocessing import preprocessed
from bioscnn.studies.study import Study


def input_kind(config: StudyConfig) -> type[Input]:
    """Return the class that loads the examples of a study."""
    return EventInput if config.encoding.kind == "events" else ImageInput


@dataclass(frozen=True, eq=False)
class Loaded:
    """A study with its input, its trained network, and the examples that normalise it.

    Parameters
    ----------
    study : Study
        What was asked for.
    input : Input
        The examples of the trials, and how they reach the network.
    trained : LayerGraph or NIRModel
        The trained network, or a graph that is a spiking network already.
    calibration : Input or None
        What normalises it, if it is a ReLU network.
    """

    study: Study
    input: Input
    trained: LayerGraph | NIRModel
    calibration: Input | None

    @property
    def graph(self) -> LayerGraph:
        """The trained network, an ANN.

        Raises
        ------
        UserError
            If it is a NIR graph.
        """
        if isinstance(self.trained, NIRModel):
            raise no_ann(self.trained.graph.path)
        return self.trained

    @property
    def examples(self) -> ImageSet | EventSet:
        """The images or recordings, one per trial."""
        return self.input.examples

    @property
    def key(self) -> str:
        """Hash of all that decides the result, and of the names that own data give to classes."""
        calibrated = [] if self.calibration is None else [self.calibration.examples.sha256]
        named = [] if self.study.config.dataset.own is None else self.examples.classes
        return self.study.key(self.examples.sha256, self.trained.sha256(), *calibrated, *named)


@dataclass(frozen=True, eq=False)
class Prepared(Loaded):
    """A study, ready to run.

    Parameters
    ----------
    study, input, trained, calibration
        As of `Loaded`.
    network : SpikingNetwork
        The converted network.
    notes : tuple of str
        What there is to say of how it came about.
    scales : dict of float, float, or None
        In the time code, the activation that the earliest spike of a population stands for.
    """

    network: SpikingNetwork
    notes: tuple[str, ...] = ()
    scales: Scales | None = None

    @property
    def stimulus(self) -> Stimulus:
        """What is simulated, one entry a trial."""
        return self.input.stimulus

    @cached_property
    def ann_class(self) -> NDArray[np.int64]:
        """Class that the trained network gives each example, shape (n_trials,); errors as of `graph`."""
        return answers(self.graph, self.input)

    @property
    def has_ann(self) -> bool:
        """Whether the network was made of a trained ANN."""
        return isinstance(self.trained, LayerGraph)

    @property
    def conditions(self) -> Conditions:
        """All of the study that can cost accuracy, as a ledger takes it."""
        return conditions_of(self.study.config)

    @property
    def device(self) -> Device:
        """What simulates."""
        return device_of(self.study.config)

    @property
    def program(self) -> ProgramShape | None:
        """Shape of the compiled program; None on a device that compiles none."""
        spike_input = self.input.spikes is not None
        return self.device.program(self.network, spike_input, self.study.config.simulation.dt)


def prepare(study: Study, data: Path | None, progress: Progress | None = None) -> Prepared:
    """Load, read, check against each other, and convert.

    Raises
    ------
    UserError
        If there are fewer examples than trials, the network does not fit them, or the device is not there.
    """
    loaded = load(study, data, progress)
    if isinstance(loaded.trained, NIRModel):
        made = built(study.config, loaded.trained, loaded.input.shape)
        return Prepared(study, loaded.input, loaded.trained, None, made.network, made.notes)
    scales, intensities = None, None if loaded.calibration is None else loaded.calibration.intensities()
    conditions = conditions_of(study.config)
    if conditions.code == "time":
        scales = scales_for(conditions, loaded.graph, intensities)
    network = furnished(spiking_network(conditions, loaded.graph, intensities, scales), study.config)
    return Prepared(study, loaded.input, loaded.graph, loaded.calibration, network, scales=scales)


def load(study: Study, data: Path | None, progress: Progress | None = None) -> Loaded:
    """Load, read, and check against each other; errors as of `prepare`."""
    if study.config.is_nir:
        model, examples_input = model_of(study.config), _examples(study.config, data, progress)
        check_nir_fit(model, examples_input)
        return Loaded(study, examples_input, model, None)
    examples_input, graph = examples_and_network(study.config, data, progress)
    calibration = calibration_input(examples_input.settled(study.config), graph, data, progress)
    return Loaded(study, examples_input, graph, calibration)


def _examples(config: StudyConfig, data: Path | None, progress: Progress | None) -> Input:
    if config.simulation.device == "genn":
        require_genn(use_gpu=config.simulation.use_gpu)
    keys = config.dataset
    return input_kind(config).load(config, keys.split, keys.trials, data, progress or Silent())


def examples_and_network(
    config: StudyConfig, data: Path | None, progress: Progress | None = None
) -> tuple[Input, LayerGraph]:
    """Return the examples and the trained network of a study, which fit each other; errors as `prepare`."""
    graph = trained_network(config)
    examples_input = _examples(config, data, progress)
    check_fit(graph, examples_input, config.network.model)
    return examples_input, graph


def network_for(
    config: StudyConfig, examples_input: Input, data: Path | None, progress: Progress | None = None
) -> SpikingNetwork:
    """Return the network of a study for examples that may be others than its own; errors as of `prepare`."""
    if config.is_nir:
        model = model_of(config)
        check_nir_fit(model, examples_input)
        return built(config, model, examples_input.shape).network
    graph = trained_network(config)
    check_fit(graph, examples_input, config.network.model)
    return convert_for(config, graph, calibration_input(config, graph, data, progress))


def trained_network(config: StudyConfig) -> LayerGraph:
    """Read the network of a study, which takes the intensities of its images; errors as of `read_model`."""
    return preprocessed(read_model(config.network.model), config.dataset)


def build_neuron(keys: Neuron) -> SpikingNeuron:
    """Return the neuron model of the ``[neuron]`` table."""
    if keys.definition is not None:
        return EquationNeuron(replace(keys.definition, name=keys.model))
    if keys.model == "if":
        return IF(t_ref=keys.t_ref, V_th=keys.V_th, C_m=keys.tau_m / keys.R_m, reset=keys.reset)
    membrane = {name: getattr(keys, name) for name in ("tau_m", "t_ref", "V_th", "R_m", "reset")}
    if keys.model == "adaptive-lif":
        return AdaptiveLIF(**membrane, tau_a=keys.tau_a, b=keys.b)
    return LIF(**membrane)


def build_synapse(keys: SynapseKeys) -> Synapse:
    """Return the synapse model of the ``[synapse]`` table."""
    if keys.model == "conductance":
        return ExponentialConductance(keys.tau_s, keys.E_e, keys.E_i)
    return ExponentialCurrent(keys.tau_s)


def device_of(config: StudyConfig) -> Device:
    """Return the device that simulates a study."""
    keys = config.simulation
    return Device(keys.device, keys.precision, keys.jobs, keys.connectivity, keys.use_gpu)


def conditions_of(config: StudyConfig) -> Conditions:
    """Return all of a study that can cost accuracy."""
    network, simulation = config.network, config.simulation
    # NumPy computes in float64, whatever it is asked for.
    precision = "float64" if simulation.device == "numpy" else simulation.precision
    return Conditions(
        neuron=build_neuron(config.neuron),
        synapse=build_synapse(config.synapse),
        normalisation=network.normalisation,
        percentile=network.percentile,
        max_rate=network.max_rate,
        dt=simulation.dt,
        duration=simulation.duration,
        precision=precision,
        input_rate=None if config.encoding.kind == "currents" else config.encoding.input_rate,
        start_seed=simulation.seed if simulation.start == "spread" else None,
        spike_times=_spike_times_of(config),
    )


def _spike_times_of(config: StudyConfig) -> SpikeTimes | None:
    if config.network.code == "rate":
        return None
    return SpikeTimes(config.network.scale, config.encoding.kind == "spike-time", config.synapse.delay)


def rounding_of(config: StudyConfig) -> str | None:
    """Return a sentence on rounding the refractory period to whole steps; None if it is whole already."""
    if config.is_nir or config.network.code == "time":
        return None
    conditions = conditions_of(config)
    t_ref, t_ref_used = (n.t_ref for n in (conditions.neuron, conditions.simulated_neuron))
    if t_ref_used == t_ref:
        return None
    asked_text, used_text, step = (format_quantity(t, "time") for t in (t_ref, t_ref_used, conditions.dt))
    return f"t_ref {asked_text} is simulated as {used_text}, whole steps of {step} (simulation.round_t_ref)"


def check_fit(graph: LayerGraph, examples_input: Input, model: str) -> None:
    """Refuse a network that takes other input, or has other classes, than the examples.

    Raises
    ------
    UserError
        If it does.
    """
    check_shape(graph, examples_input, model)
    examples = examples_input.examples
    if graph.n_classes != len(examples.classes):
        raise UserError(
            "the network has another number of classes than the data",
            file=locate(model),
            key="network.model",
            value=f"{model} has {graph.n_classes}",
            expected=f"{len(examples.classes)}, the classes of {examples.name}",
            fix="give the last layer one output a class, or set dataset.name to the data it is for",
        )


def check_shape(graph: LayerGraph, examples_input: Input, model: str) -> None:
    """Refuse a network that takes other input than the examples; errors as of `check_fit`."""
    if graph.input_shape != examples_input.shape:
        raise UserError(
            "the first layer of the network does not fit the data",
            file=locate(model),
            key="network.model",
            value=f"{model} takes (channels, height, width) = {graph.input_shape}",
            expected=f"{examples_input.shape}, the input of {examples_input.examples.name}",
            fix="train the network on input of this shape, or set dataset.name to the data it is for",
        )


def convert_for(config: StudyConfig, graph: LayerGraph, calibration: Input | None) -> SpikingNetwork:
    """Convert a network as the tables of a study say, with their weights, synaptic delay and noise."""
    intensities = None if calibration is None else calibration.intensities()
    try:
        network = spiking_network(conditions_of(config), graph, intensities)
    except UserError as error:
        raise error if error.file else error.but(file=locate(config.network.model)) from None
    return furnished(network, config)


def structure(config: StudyConfig, graph: LayerGraph) -> SpikingNetwork:
    """Return the network of a study with weights as they are: what can be counted needs no images."""
    conditions = replace(conditions_of(config), normalisation="none")
    if conditions.spike_times is not None:
        return furnished(spiking_network(conditions, graph, None), config)
    nothing = np.empty((0, *graph.input_shape), np.float32) if is_normalised(graph) else None
    return furnished(spiking_network(conditions, graph, nothing), config)


def is_normalised(graph: LayerGraph) -> bool:
    """Whether training images decide which rates stand for activations."""
    return any(isinstance(layer, ReLU) for layer in graph.layers)


def needs_calibration(config: StudyConfig, graph: LayerGraph) -> bool:
    """Whether training images decide what the spikes of a study stand for."""
    return is_normalised(graph) and config.network.scale is None


def windows_of(config: StudyConfig, graph: LayerGraph) -> int:
    """Return the steps of a trial of the time code that ends with the window in which its class is read."""
    return _windows_of(structure(config, graph), config)


def _windows_of(network: SpikingNetwork, config: StudyConfig) -> int:
    return steps_needed(network, output_fires=config.readout.rule == "first-spike")


def _check_output_fires(network: SpikingNetwork, config: StudyConfig) -> None:
    """Refuse to read first spikes of an output whose window comes after the trial."""
    if config.network.code != "time" or config.simulation.n_steps >= (least := _windows_of(network, config)):
        return
    needed = format_quantity(least * config.simulation.dt, "time")
    raise UserError(
        "the trial ends before the output has a window to fire in",
        key="simulation.duration",
        value=format_quantity(config.simulation.duration, "time"),
        expected=f"at least {needed}",
        fix=f'set simulation.duration = "{needed}", or "auto"; or readout.rule = "last-potential"',
    )


def furnished(network: SpikingNetwork, config: StudyConfig) -> SpikingNetwork:
    """Return a converted network with the weight scale, the delay and the noise of a study."""
    _check_output_fires(network, config)
    network = with_scaled_weights(network, config.network.weight_scale)
    network = with_common_delay(network, config.synapse.delay)
    return disturbed(network, noises_of(config, "network"), config.simulation.seed)


def calibration_input(
    config: StudyConfig, graph: LayerGraph, data: Path | None, progress: Progress | None = None
) -> Input | None:
    """Return the examples that normalise a ReLU network, None for one that needs none or has its scale.

    They are training examples where those are on this machine, and validation examples otherwise; without
    the noise of the study.
    """
    config = without_noise(config)
    if not needs_calibration(config, graph):
        return None
    kind = input_kind(config)
    return training_input(config, kind.n_calibration, data, progress)


def training_input(config: StudyConfig, n: int, data: Path | None, progress: Progress | None = None) -> Input:
    """Return `n` training examples where they are on this machine, else as many validation examples.

    Of data of the user's own it is as many of them as there are; none is left out because it is damaged.
    """
    kind, progress, own = input_kind(config), progress or Silent(), config.dataset.own
    if own is not None:
        split = "train" if own.count("train") else config.dataset.split
        return kind.load(config, split, min(n, own.count(split)), data, progress)
    try:
        return kind.load(config, "train", n, data, progress, download=False)
    except UserError:
        return kind.load(config, "validation", n, data, progress)

"""How the network of a study is trained: one stage, with all that a study says of it."""

from __future__ import annotations

import math
import shlex
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from bioscnn.ann import LayerGraph, LIFRate, ReLU
from bioscnn.encoding import FrontEnd
from bioscnn.errors import UserError
from bioscnn.neurons import TimeCode
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.config.training import AUTO
from bioscnn.studies.image_input import front_end_of
from bioscnn.studies.study import Study
from bioscnn.training.architectures import Architecture
from bioscnn.training.layers import parse_layers, usual_layers
from bioscnn.training.settings import RateSettings, Settings, SpikeSettings, TimeSettings

Stage = Literal["rates", "spikes", "times"]
FINE_TUNED = "-fine-tuned"
"""End of the name of a network that was trained on spikes, behind that of the one it began with."""
TIMED = "-time"
"""The same of a network that was trained on spike times."""

RANDOM = "random weights"
"""What a card says of a network that began with no other."""

_BATCHES, _FEWEST, _MOST = 3000, 12, 200
_SHARED = (
    "spike_penalty", "weight_decay", "average", "patience", "teacher_weight", "teacher_sees", "temperature",
    "rotation", "shift", "scaling", "shear", "mirror", "warp", "event_loss", "noise", "seed", "threads",
)  # fmt: skip
_OWN = {
    "spikes": ("epochs", "batch_size", "learning_rate", "rate_weight"),
    "times": ("epochs", "batch_size", "learning_rate", "percentile", "scale", "learn_scales"),
}
KEYS_OF_LIF_RATES = ("rate_noise", "shortest_window", "slope_width", "spike_penalty", "spiking_images")
"""Keys of ``[training]`` that do nothing where neurons are rectifiers."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Parameters
    ----------
    name : str
        Of the network and its files.
    config : StudyConfig
        Data, encoding, neuron and trial, and the table ``[training]``; without noise.
    stage : str
        ``"rates"``, ``"spikes"`` or ``"times"``.
    start : str or None
        The network that training begins with, a name or a path; None for random weights.
    seed, epochs : int, optional
        In place of those of the study.
    arguments : tuple of str
        The words behind ``bioscnn train`` that name it.
    """

    name: str
    config: StudyConfig
    stage: Stage
    start: str | None
    seed: int | None = None
    epochs: int | None = None
    arguments: tuple[str, ...] = field(default=(), compare=False)

    @property
    def command(self) -> str:
        """The command that trains it."""
        own = {"--seed": self.seed, "--epochs": self.epochs}
        words = [w for name, value in own.items() if value is not None for w in (name, str(value))]
        return shlex.join(["bioscnn", "train", *(self.arguments or (self.name,)), *words])

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return self.config.dataset.name

    @property
    def recorded(self) -> bool:
        """Whether it learns from recordings of an event camera."""
        return self.config.dataset.recorded

    @property
    def front_end(self) -> FrontEnd | None:
        """What encodes the images before the network sees them; None for plain pixels, and for recordings."""
        if self.recorded:
            return None
        front_end = front_end_of(self.config)
        return front_end if front_end.cells or front_end.adapts or front_end.counts_spikes else None

    @property
    def examples(self) -> int | None:
        """The first so many training examples are shown; None for all."""
        keys = self.config.training
        own = None if self.stage == "rates" else getattr(keys, self.stage).examples
        return keys.examples if own is None else own

    @property
    def teacher(self) -> str | None:
        """A network whose classes are asked for beside the true ones."""
        return self.config.training.teacher

    def changed(self, seed: int | None, epochs: int | None = None) -> Recipe:
        """Return the recipe with another seed, or another number of epochs, where one is given."""
        return replace(
            self,
            seed=self.seed if seed is None else seed,
            epochs=self.epochs if epochs is None else epochs,
        )

    def settings(self, n_examples: int) -> Settings:
        """Return the settings of training on so many examples.

        Where the study is silent, training lasts 3,000 batches, at least 12 epochs and at most 200.
        """
        config, keys = self.config, self.config.training
        simulation, encoding = config.simulation, config.encoding
        shared: dict[str, Any] = {name: getattr(keys, name) for name in _SHARED}
        shared |= {
            "duration": simulation.duration,
            "dt": simulation.dt,
            "tau_s": config.synapse.tau_s,
            "input_rate": encoding.input_rate,
            "frame": encoding.frame,
            "readout": "mean-potential" if config.readout.rule == "mean-potential" else "last-potential",
        }
        if self.seed is not None:
            shared["seed"] = self.seed
        if self.stage != "rates":
            own = getattr(keys, self.stage)
            shared |= {name: getattr(own, name) for name in _OWN[self.stage]}
            for name in ("spike_penalty", "threads"):
                if getattr(own, name) is not None:
                    shared[name] = getattr(own, name)
            if self.epochs is not None:
                shared["epochs"] = self.epochs
            if self.stage == "times":
                return TimeSettings(**shared | {"tau_m": config.neuron.tau_m, "readout": "last-potential"})
            steps = round(0.4 * simulation.n_steps)
            decide_from = keys.spikes.decide_from
            return SpikeSettings(
                **shared, decide_from=steps * simulation.dt if decide_from is None else decide_from
            )
        fires = isinstance(self.neuron, LIFRate)
        batch_size, usual = usual_batches(n_examples, keys.batch_size)
        window = 0.0 if self.recorded else RateSettings.shortest_window
        return RateSettings(
            **shared,
            epochs=(keys.epochs or usual) if self.epochs is None else self.epochs,
            batch_size=batch_size,
            learning_rate=keys.learning_rate or (1e-2 if fires else 2e-3),
            shortest_window=window if keys.shortest_window is None else keys.shortest_window,
            spiking_images=0 if why_no_twin(config) else keys.spiking_images,
            rate_noise=keys.rate_noise,
            slope_width=keys.slope_width,
            precision=keys.precision,
        )

    @property
    def neuron(self) -> LIFRate | ReLU:
        """The activation: the rate of the study's own neuron, or a rectifier if that has no closed form."""
        neuron, activation = self.config.neuron, self.config.training.activation
        if activation == "lif" and neuron.model != "lif":
            raise UserError(
                "the rate of this neuron has no closed form to train with",
                key="training.activation",
                value=activation,
                expected='"relu", or neuron.model = "lif"',
            )
        if activation == "relu" or neuron.model != "lif":
            return ReLU()
        return LIFRate(neuron.tau_m, neuron.t_ref, amplitude=10e-3, gamma=0.0)

    def initial(self, input_shape: tuple[int, ...], n_classes: int, seed: int) -> LayerGraph:
        """Return the network of random weights that training begins with."""
        text = self.config.training.layers
        layers = usual_layers(input_shape) if text == AUTO else parse_layers(text)
        return Architecture(input_shape, layers, n_classes, self.neuron).initial(self.name, seed)

    def facts(self) -> dict[str, Any]:
        """Return facts about the stimulus for the card of the network, ready for JSON."""
        keys, encoding = self.config.dataset, self.config.encoding
        if self.recorded:
            return {
                "recordings": {
                    "source": keys.recordings,
                    "bin_size": encoding.bin_size,
                    "trials": self.examples,
                    "validation_from": self.config.training.validation_from,
                }
            }
        if self.front_end is None:
            return {}
        made = asdict(self.front_end)
        if encoding.kind != "spike-time":
            del made["tau_s"]  # what there are no synapses for
        return {"encoding": made}


def why_no_twin(config: StudyConfig) -> str:
    """Return why the network of a study has no differentiable twin, in words; empty if it has one.

    See `bioscnn.training.twin`. A network with rectifiers or max pooling has none either.
    """
    if config.neuron.model != "lif":
        return "only LIF neurons have a differentiable twin"
    if config.synapse.model != "current":
        return "the twin has synapses that inject currents"
    if math.isclose(config.synapse.tau_s, config.neuron.tau_m):
        return "the twin's synapse is not as slow as its membrane"
    if config.neuron.reset != "exact":
        return "the twin has the reset rule exact"
    if config.synapse.delay > 0:
        return "the twin has no axonal delay"
    if config.encoding.kind not in ("currents", "events"):
        return "the twin takes images as currents, or recordings"
    if config.encoding.gain != 1:
        return "the twin takes images as they are, without a gain"
    if config.network.weight_scale != 1:
        return "the twin takes weights as they are, without a scale"
    if config.simulation.start != "rest":
        return "the twin's membranes begin at rest"
    return ""


def why_no_times(config: StudyConfig) -> str:
    """Return why no network of a study can say its values by spike times, in words; empty if one can.

    See `bioscnn.neurons.time_code`. Time constants that leave no windows are refused by the code itself.
    """
    if config.dataset.recorded:
        return "a recording has spikes of its own, and its pixels no values that one spike could say"
    if config.neuron.model != "lif":
        return "the values of spike times are those of LIF neurons"
    if config.synapse.model != "current":
        return "the values of spike times are those of synapses that inject currents"
    if config.encoding.kind not in ("spike-time", "currents"):
        return "what comes in is no value that a spike time could say"
    if config.encoding.gain != 1:
        return "what comes in becomes spike times as it is, without a gain"
    if config.network.weight_scale != 1:
        return "its weights are taken as they are, without a scale"
    return ""


def training_of_rectifiers(study: str, model: str) -> tuple[str, str]:
    """Return the command that trains rectifiers by a study whose network has LIF rates, and their file."""
    rectifiers = f"{Path(model).stem}-relu.onnx"
    changes = ("training.activation=relu", f"network.model={rectifiers}")
    words = ("bioscnn", "train", study, *(word for change in changes for word in ("--set", change)))
    return f"`{shlex.join(words)}`", rectifiers


def usual_batches(n_examples: int, batch_size: int | None = None) -> tuple[int, int]:
    """Return how many examples make a batch, and how many epochs 3,000 batches are, from 12 to 200."""
    batch_size = batch_size or (128 if n_examples >= 10_000 else 32)
    epochs = math.ceil(_BATCHES / max(1, math.ceil(n_examples / batch_size)))
    return batch_size, min(max(_FEWEST, epochs), _MOST)


def recipe_of(study: Study, stage: Stage | None = None) -> Recipe:
    """Return the recipe that trains the network of a study.

    Parameters
    ----------
    study : Study
        With or without a table ``[training]``; its noise is left out.
    stage : str, optional
        ``"rates"``, ``"spikes"`` or ``"times"``; that of the study, which is rates if it says nothing.
        Training on spikes or times begins with the network of the study, and makes another beside it.

    Raises
    ------
    UserError
        If the network is no ONNX file or shipped one, images are preprocessed, or the stage is impossible.
    """
    try:
        return _recipe_of(study, stage)
    except UserError as error:
        raise error.but(file=error.file or study.file) from None


def _recipe_of(study: Study, stage: Stage | None) -> Recipe:
    config, keys = study.config.model_copy(update={"noise": {}}), study.config.training
    model = Path(config.network.model)
    if model.suffix not in ("", ".onnx"):
        raise UserError(
            "a network is trained into an ONNX file",
            key="network.model",
            value=config.network.model,
            expected=f"a name that ends in .onnx, such as {study.name}.onnx",
        )
    if config.dataset.preprocesses:
        raise UserError(
            "networks are trained on intensities from 0 to 1; preprocessing is for networks from elsewhere",
            key="dataset.mean",
            expected="none of dataset.mean, std, scale and invert",
            fix="remove them",
        )
    if config.encoding.gain != 1:
        raise UserError(
            "a gain is for the simulation alone: training shows the inputs as they are",
            key="encoding.gain",
            value=config.encoding.gain,
            expected="1",
            fix="train without it, and simulate with it",
        )
    _refuse_distortions_of_others(config)
    name = model.name.removesuffix(".onnx")
    plain = name.strip(".") and name.isprintable() and (model.suffix or len(model.parts) == 1)
    if keys.on == "rates" and stage in (None, "rates") and not plain:
        raise UserError(
            "no name of a network that training could make",
            key="network.model",
            value=config.network.model,
            expected=f"the path of a file that ends in .onnx, such as {study.name}.onnx",
        )
    if stage in (None, keys.on):
        recipe = Recipe(name, config, keys.on, keys.start)
        if recipe.stage == "rates" and recipe.start is None and isinstance(recipe.neuron, ReLU):
            refuse_keys_of_lif_rates(config)
        return _possible(recipe)
    if stage == "rates":
        raise UserError(
            f"this network is made on {keys.on}, of another one",
            key="training.on",
            value=keys.on,
            fix="leave --on away, or train that other network",
        )
    assert stage is not None
    ending = FINE_TUNED if stage == "spikes" else TIMED
    return _possible(Recipe(name + ending, config, stage, config.network.model))


def _refuse_distortions_of_others(config: StudyConfig) -> None:
    """Refuse to lose events of images, and to warp recordings."""
    recorded = config.dataset.recorded
    key, examples = ("warp", "images") if recorded else ("event_loss", "recordings")
    if getattr(config.training, key) > 0:
        raise UserError(
            f"only {examples} are distorted in this way",
            key=f"training.{key}",
            value=getattr(config.training, key),
            fix="remove it",
        )


def refuse_keys_of_lif_rates(config: StudyConfig) -> None:
    """Refuse keys of ``[training]`` that do nothing to a network of rectifiers.

    Raises
    ------
    UserError
        If the study gives one.
    """
    for key in KEYS_OF_LIF_RATES:
        if key in config.training.model_fields_set:
            raise UserError(
                "this key acts on firing rates of LIF neurons, and the network has rectifiers",
                key=f"training.{key}",
                value=config.training.model_dump()[key],
                expected="a network of LIF rates: training.activation, neuron.model, training.start",
                fix="remove it",
            )


def _possible(recipe: Recipe) -> Recipe:
    """Refuse to train on spikes what has no twin, and on times what no spike time says."""
    if recipe.stage == "rates":
        return recipe
    if reason := (why_no_twin if recipe.stage == "spikes" else why_no_times)(recipe.config):
        raise UserError(
            f"the network cannot be trained on {recipe.stage}: {reason}",
            key="training.on",
            value=recipe.stage,
            fix="train it on rates, or change the study",
        )
    if recipe.stage == "times":
        TimeCode(recipe.config.neuron.tau_m, recipe.config.synapse.tau_s, recipe.config.simulation.dt)
    return recipe

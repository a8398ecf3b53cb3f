"""The table [training] of a study file: how its network is made."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from bioscnn.errors import UserError
from bioscnn.studies.config.values import Count, Factor, Frequency, PathOrName, Seed, Table, Time, refuse
from bioscnn.training.layers import parse_layers
from bioscnn.training.settings import RateSettings, SpikeSettings, TimeSettings

AUTO = "auto"


def _readable(text: str) -> str:
    try:
        if text != AUTO:
            parse_layers(text)
    except UserError as error:
        raise ValueError(error) from error
    return text


Layers = Annotated[str, AfterValidator(_readable)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1)]
Batch = Annotated[int, Field(ge=1, le=65_536)]
Threads = Annotated[int, Field(ge=1, le=1024)]


KEYS_OF_RATES = {
    "epochs", "batch_size", "learning_rate", "rate_noise", "shortest_window", "slope_width", "spiking_images",
    "precision",
}  # fmt: skip
"""Keys of ``[training]`` that training on spikes or times does not have, or has in its own table."""


class _Given(Table):
    """A table of which only the keys that are given are written."""

    @model_serializer(mode="wrap")
    def _what_is_given(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if key in self.model_fields_set}


class SpikeTraining(_Given):
    """Fine-tuning on spikes: what differs there; other keys are those of ``[training]``."""

    epochs: Count = SpikeSettings.epochs
    """Passes through the examples."""
    batch_size: Batch = SpikeSettings.batch_size
    """Examples per step of the optimiser."""
    learning_rate: Factor = SpikeSettings.learning_rate
    """Highest learning rate of AdamW."""
    rate_weight: Amount = SpikeSettings.rate_weight
    """Weight of the loss of the rates beside that of the spikes."""
    spike_penalty: Amount | None = None
    """Loss per thousand spikes of an image, where it differs from ``training.spike_penalty``."""
    decide_from: Time | None = None
    """Time from which on the network has to be right; if left out, 0.4 of the trial."""
    examples: Count | None = None
    """Training examples, where it differs from ``training.examples``."""
    threads: Threads | None = None
    """Threads of torch, where it differs from ``training.threads``."""


class TimeTraining(_Given):
    """Fine-tuning through spike times: what differs there; other keys are those of ``[training]``."""

    epochs: Count = TimeSettings.epochs
    """Passes through the examples."""
    batch_size: Batch = TimeSettings.batch_size
    """Examples per step of the optimiser."""
    learning_rate: Factor = TimeSettings.learning_rate
    """Highest learning rate of AdamW."""
    spike_penalty: Amount | None = None
    """Loss per thousand spikes of an image, where it differs from ``training.spike_penalty``."""
    percentile: Annotated[float, Field(gt=0, le=100)] = TimeSettings.percentile
    """Percentile, over training images, of the largest activation, with which the scale of a layer begins."""
    scale: Factor = TimeSettings.scale
    """Factor of that percentile."""
    learn_scales: bool = TimeSettings.learn_scales
    """Whether the scales of layers are learnt with the weights."""
    examples: Count | None = None
    """Training examples, where it differs from ``training.examples``."""
    threads: Threads | None = None
    """Threads of torch, where it differs from ``training.threads``."""


class Training(_Given):
    """How the network of a study is trained; the trial, neuron and encoding are those of the other tables."""

    on: Literal["rates", "spikes", "times"] = "rates"
    """What the network is trained on: firing rates, or, as fine-tuning of ``start``, spikes or spike times.
    """
    layers: Layers = AUTO
    """The layers from the image up, such as ``"16c3 32c3s2 bn d64"``; ``"auto"``: strided convolutions."""
    start: PathOrName | None = None
    """A network to begin with, in place of ``layers``: a shipped one, or the path of a file."""
    activation: Literal["auto", "lif", "relu"] = "auto"
    """The firing rate of the LIF neuron of the study, or rectifiers; ``auto``: the rate, if the neuron is
    ``lif``.
    """
    teacher: PathOrName | None = None
    """A network whose answers are asked for beside the true classes."""
    examples: Count | None = None
    """The first so many training examples; if left out, all."""
    validation_from: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """The first validation example that chooses the epoch."""
    folds_of: tuple[Literal["train", "validation", "test"], ...] = ("train", "validation", "test")
    """The splits that ``bioscnn cross-validate`` divides into folds."""
    epochs: Count | None = None
    """Passes through the examples; if left out, 3,000 batches, at least 12 passes and at most 200."""
    batch_size: Batch | None = None
    """Examples per step of the optimiser; if left out, 128, or 32 for fewer than 10,000 examples."""
    learning_rate: Factor | None = None
    """Highest learning rate of AdamW, which rises at first and falls as a cosine; if left out, 0.01, or 0.002
    for rectifiers.
    """
    weight_decay: Amount = RateSettings.weight_decay
    """Weight decay, decoupled from the gradient."""
    average: Annotated[float, Field(ge=0, lt=1)] = RateSettings.average
    """What a running average of the weights, which is then the network, keeps of itself with each batch, such
    as 0.999; 0: the weights as they are.
    """
    patience: Annotated[int, Field(ge=0, lt=2**31)] = RateSettings.patience
    """Epochs without a better one after which training stops; 0: never."""
    spike_penalty: Amount = RateSettings.spike_penalty
    """Loss per thousand spikes of an image."""
    teacher_weight: Probability = RateSettings.teacher_weight
    """Share of the teacher in what is asked for."""
    teacher_sees: Literal["distorted", "clean"] = "distorted"
    """Whether the teacher is shown the distorted example of training, or each as it is, once."""
    temperature: Factor = RateSettings.temperature
    """Divisor of the logits of the teacher."""
    rotation: Amount = RateSettings.rotation
    """Largest rotation of an example, degrees either way; drawn each time it is shown."""
    shift: Amount = RateSettings.shift
    """Largest shift of an example, pixels either way."""
    scaling: Annotated[float, Field(ge=0, lt=1)] = RateSettings.scaling
    """Largest change of the size of an example, as a fraction."""
    shear: Amount = RateSettings.shear
    """Largest shear of an example, as a fraction of its height."""
    mirror: Probability = RateSettings.mirror
    """Probability that an example is mirrored, left and right."""
    warp: Amount = RateSettings.warp
    """Standard deviation of a smooth displacement, pixels."""
    event_loss: Probability = RateSettings.event_loss
    """Largest fraction of the events that a recording loses."""
    noise: Probability = RateSettings.noise
    """Share of the examples that get noise."""
    rate_noise: Frequency = RateSettings.rate_noise
    """Standard deviation of the noise on firing rates."""
    shortest_window: Time | None = None
    """Window in which a rate must be told from its spikes; if left out, 30 ms for images and none for
    recordings.
    """
    slope_width: Factor = RateSettings.slope_width
    """Width of the soft slope at the rheobase, in rheobases."""
    spiking_images: Annotated[int, Field(ge=0, lt=2**31)] = RateSettings.spiking_images
    """Validation images that are simulated after every epoch."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the layers while training on rates. ``bfloat16`` is faster on processors that have it
    (AMX); the weights have 32 bits even so, and the network is measured with them.
    """
    seed: Seed = RateSettings.seed
    """Seed of the weights and of everything that is drawn in training."""
    threads: Threads = 1
    """Threads of torch: part of the recipe, as sums in another order round differently."""
    spikes: SpikeTraining = SpikeTraining()
    times: TimeTraining = TimeTraining()

    @model_validator(mode="after")
    def _keys_of_the_stage(self) -> Training:
        for key in sorted(self.model_fields_set & KEYS_OF_RATES) if self.on != "rates" else ():
            own = key in type(getattr(self, self.on)).model_fields
            raise refuse(
                f"a network that is made on {self.on} has no use for this key",
                key=f"training.{key}",
                value=getattr(self, key),
                expected='training.on = "rates"',
                fix=f"write training.{self.on}.{key}" if own else "remove it",
            )
        return self

    @model_validator(mode="after")
    def _keys_of_a_teacher(self) -> Training:
        for key in ("teacher_weight", "teacher_sees", "temperature"):
            if self.teacher is None and key in self.model_fields_set:
                raise refuse(
                    "there is no teacher",
                    key=f"training.{key}",
                    value=getattr(self, key),
                    fix="name one: training.teacher; or remove the key",
                )
        return self

    @model_validator(mode="after")
    def _begins_once(self) -> Training:
        if self.on != "rates" and self.start is None:
            raise refuse(
                f"training on {self.on} begins with a network",
                key="training.start",
                expected="the network to begin with, a shipped one or the path of a file",
                fix=f"name it; or remove training.on, train on rates, and then type --on {self.on}",
            )
        for key in ("layers", "activation"):
            if self.start is not None and key in self.model_fields_set:
                raise refuse(
                    f"training begins with random weights of its own {key}, or with a network",
                    key="training.start",
                    value=self.start,
                    fix=f"remove training.start or training.{key}",
                )
        return self

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
    batch_size: Batch = SpikeSettings.batch_size
    learning_rate: Factor = SpikeSettings.learning_rate
    rate_weight: Amount = SpikeSettings.rate_weight
    spike_penalty: Amount | None = None
    decide_from: Time | None = None
    examples: Count | None = None
    threads: Threads | None = None


class TimeTraining(_Given):
    """Fine-tuning through spike times: what differs there; other keys are those of ``[training]``."""

    epochs: Count = TimeSettings.epochs
    batch_size: Batch = TimeSettings.batch_size
    learning_rate: Factor = TimeSettings.learning_rate
    spike_penalty: Amount | None = None
    percentile: Annotated[float, Field(gt=0, le=100)] = TimeSettings.percentile
    scale: Factor = TimeSettings.scale
    learn_scales: bool = TimeSettings.learn_scales
    examples: Count | None = None
    threads: Threads | None = None


class Training(_Given):
    """How the network of a study is trained; the trial, neuron and encoding are those of the other tables."""

    on: Literal["rates", "spikes", "times"] = "rates"
    layers: Layers = AUTO
    start: PathOrName | None = None
    activation: Literal["auto", "lif", "relu"] = "auto"
    teacher: PathOrName | None = None
    examples: Count | None = None
    validation_from: Annotated[int, Field(ge=0, lt=2**31)] = 0
    folds_of: tuple[Literal["train", "validation", "test"], ...] = ("train", "validation", "test")
    epochs: Count | None = None
    batch_size: Batch | None = None
    learning_rate: Factor | None = None
    weight_decay: Amount = RateSettings.weight_decay
    patience: Annotated[int, Field(ge=0, lt=2**31)] = RateSettings.patience
    spike_penalty: Amount = RateSettings.spike_penalty
    teacher_weight: Probability = RateSettings.teacher_weight
    teacher_sees: Literal["distorted", "clean"] = "distorted"
    temperature: Factor = RateSettings.temperature
    rotation: Amount = RateSettings.rotation
    shift: Amount = RateSettings.shift
    scaling: Annotated[float, Field(ge=0, lt=1)] = RateSettings.scaling
    shear: Amount = RateSettings.shear
    mirror: Probability = RateSettings.mirror
    warp: Amount = RateSettings.warp
    event_loss: Probability = RateSettings.event_loss
    noise: Probability = RateSettings.noise
    rate_noise: Frequency = RateSettings.rate_noise
    shortest_window: Time | None = None
    slope_width: Factor = RateSettings.slope_width
    spiking_images: Annotated[int, Field(ge=0, lt=2**31)] = RateSettings.spiking_images
    seed: Seed = RateSettings.seed
    threads: Threads = 1
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

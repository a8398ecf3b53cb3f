"""How a network is trained: what all stages share, then each stage's own."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from bioscnn.errors import UserError
from bioscnn.neurons import TimeCode
from bioscnn.quantities import format_quantity

READOUTS = ("last-potential", "mean-potential")
PRECISIONS = ("float32", "bfloat16")
TEACHER_SEES = ("distorted", "clean")


@dataclass(frozen=True)
class TrainingSettings:
    """What every training has: how long, in what steps, on what distorted images.

    Raises
    ------
    UserError
        If a number is out of range.

    References
    ----------
    Hinton, Vinyals and Dean (2015), Distilling the knowledge in a neural network, arXiv:1503.02531 (the
    teacher). Polyak and Juditsky (1992), Acceleration of stochastic approximation by averaging, SIAM Journal
    on Control and Optimization 30:838 (the average).
    """

    stage: ClassVar[str]

    epochs: int = 12
    batch_size: int = 128
    learning_rate: float = 2e-2  # the highest, of Adam; it rises at first and falls as a cosine
    weight_decay: float = 0.0  # decoupled, as in AdamW
    average: float = 0.0  # what a running average of the weights keeps of itself with each batch; 0: none
    spike_penalty: float = 0.0  # added to the loss for a thousand spikes per image
    teacher_weight: float = 0.5  # share of a teacher's classes in what is asked for, if there is a teacher
    teacher_sees: str = "distorted"  # what training shows; "clean": each example as it is, once for all
    temperature: float = 2.0  # that divides the teacher's logits, and so makes its second guesses seen
    patience: int = 0  # epochs without a better validation accuracy after which training stops; 0: never
    rotation: float = 8.0  # degrees, either way, drawn for every image
    shift: float = 1.2  # pixels, either way, across and down
    scaling: float = 0.08  # fraction, larger or smaller
    shear: float = 0.1  # fraction of the height by which the top moves across
    mirror: float = 0.0  # probability that an example is mirrored, left and right
    warp: float = 0.0  # pixels, standard deviation of a smooth displacement, drawn for every image
    event_loss: float = 0.0  # largest fraction of the input spikes that an example loses
    noise: float = 0.0  # share of the examples shown that get noise, see `bioscnn.training.noise`
    duration: float = 30e-3  # s, of a trial
    dt: float = 1e-3  # s
    tau_s: float = 5e-3  # s, of the synapses
    input_rate: float = 100.0  # Hz, of input spikes that stand for an intensity of 1
    frame: float = 50e-3  # s, in which input spikes are counted for the rates
    readout: str = "last-potential"  # or "mean-potential": the evidence that has to be right
    seed: int = 1
    threads: int = 1  # of torch; part of the recipe, because sums in another order round differently

    def __post_init__(self) -> None:
        positive = {*self._positive(), "epochs", "batch_size", "learning_rate", "temperature", "threads"}
        positive |= {"duration", "dt", "tau_s", "input_rate", "frame"}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, str):
                continue
            if not value >= 0 or (field.name in positive and value == 0):
                expected = "a number > 0" if field.name in positive else "a number >= 0"
                raise UserError("impossible setting", key=field.name, value=value, expected=expected)
        for name in ("noise", "mirror"):
            if (share := getattr(self, name)) > 1:
                raise UserError("impossible setting", key=name, value=share, expected="a share, 0 to 1")
        if self.average >= 1:
            raise UserError("impossible setting", key="average", value=self.average, expected="0 to below 1")
        if self.readout not in READOUTS:
            raise UserError(
                "no such readout of the twin",
                key="readout",
                value=self.readout,
                expected=" | ".join(READOUTS),
            )
        if self.teacher_sees not in TEACHER_SEES:
            raise UserError(
                "no such examples of a teacher",
                key="teacher_sees",
                value=self.teacher_sees,
                expected=" | ".join(TEACHER_SEES),
            )

    def _positive(self) -> tuple[str, ...]:
        return ()

    @property
    def frame_steps(self) -> int:
        """Steps of a frame."""
        return round(self.frame / self.dt)


@dataclass(frozen=True)
class RateSettings(TrainingSettings):
    """Training on firing rates, as a short simulation shows them; see `bioscnn.training.observed_rates`."""

    stage: ClassVar[str] = "rates"

    rate_noise: float = 10.0  # Hz, standard deviation of the Gaussian noise on the rate of a firing neuron
    shortest_window: float = 30e-3  # s, in which a firing rate must be told from its spikes; 0 for none
    spiking_images: int = 1000  # validation images that the twin classifies after every epoch; 0: none
    slope_width: float = 0.1  # of the rheobase: gamma of the soft LIF rate whose slope training uses
    precision: str = "float32"  # of convolutions and dense layers while training; weights have 32 bits anyway

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.precision not in PRECISIONS:
            raise UserError(
                "no such precision", key="precision", value=self.precision, expected=" | ".join(PRECISIONS)
            )

    def _positive(self) -> tuple[str, ...]:
        return ("slope_width",)


@dataclass(frozen=True)
class SpikeSettings(TrainingSettings):
    """Fine-tuning on spikes: the trial for which the network is trained, and when it has to be right."""

    stage: ClassVar[str] = "spikes"

    epochs: int = 2
    batch_size: int = 64
    learning_rate: float = 2e-3
    rate_weight: float = 0.3  # weight of the loss of the rates beside that of the spikes
    decide_from: float = 12e-3  # s; the loss is the mean over all steps from here to the end

    def __post_init__(self) -> None:
        super().__post_init__()
        if not round(self.decide_from / self.dt) < round(self.duration / self.dt):
            raise UserError(
                "the network would have to decide after the trial",
                key="decide_from",
                value=format_quantity(self.decide_from, "time"),
                expected=f"at most {format_quantity(self.duration - self.dt, 'time')}",
            )


@dataclass(frozen=True)
class TimeSettings(TrainingSettings):
    """Fine-tuning through spike times: the code, and the scale that the values of a layer begin with."""

    stage: ClassVar[str] = "times"

    epochs: int = 8
    learning_rate: float = 6e-3
    tau_m: float = 20e-3  # s, of the membranes
    percentile: float = 99.9  # of the largest activation of an image, which the scales are measured by
    scale: float = 0.6  # of that percentile: what the largest value stands for when training begins
    learn_scales: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.percentile > 100:
            raise UserError(
                "impossible setting", key="percentile", value=self.percentile, expected="above 0, at most 100"
            )

    def _positive(self) -> tuple[str, ...]:
        return ("tau_m", "percentile", "scale")

    @property
    def code(self) -> TimeCode:
        """The values that a spike can say; UserError if a window has no room for two."""
        return TimeCode(self.tau_m, self.tau_s, self.dt)


Settings = RateSettings | SpikeSettings | TimeSettings

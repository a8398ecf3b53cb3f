"""What the JSON files of a run hold: every key that a page, a comparison or the index reads."""

from __future__ import annotations

from datetime import datetime
from math import prod
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from bioscnn.errors import UserError
from bioscnn.readout import READOUTS
from bioscnn.result_versions import KEY, upgraded

LARGEST = 2**63 - 1
ROUNDING = 1e-9
"""So much may a share or the end of an interval be off: that of all right is 1.0000000000000002."""


def _ordered(triple: list[float]) -> list[float]:
    share, low, high = triple
    if not low - ROUNDING <= share <= high + ROUNDING:
        raise ValueError("the share is not within its interval")
    return triple


def _moment(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _readout(name: str) -> str:
    if name not in READOUTS:
        raise ValueError(f"no readout; known are {', '.join(READOUTS)}")
    return name


Count = Annotated[int, Field(ge=0, le=LARGEST)]
Positive = Annotated[int, Field(ge=1, le=LARGEST)]
Amount = Annotated[float, Field(ge=0)]
Duration = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=-ROUNDING, le=1 + ROUNDING)]
Triple = Annotated[list[Share], Field(min_length=3, max_length=3), AfterValidator(_ordered)]
"""A share with the ends of its 95 % interval."""
Moment = Annotated[str, AfterValidator(_moment)]
Readout = Annotated[str, AfterValidator(_readout)]


class Facts(BaseModel):
    """Keys of a file, of exactly these types; others may be there too."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False, frozen=True)


class EnergyFacts(Facts):
    """Estimates of energy, FLOP per trial, and their ratios."""

    synapses_flop: Amount
    updates_flop: Amount
    stimulus_flop: Amount
    ann_flop: Amount
    ann_to_spiking: Amount
    ann_to_events: Amount | None = None
    clock_ms: Duration | None = None
    ann_to_spiking_with_stimulus: Amount


class Seconds(Facts):
    """How long a run took."""

    build: Amount
    simulate: Amount
    total: Amount
    search: Amount | None = None


class Warned(Facts):
    """What may be wrong with a run."""

    kind: str
    text: str
    certain: bool


class Summary(Facts):
    """The ``summary.json`` of a run."""

    dataset: str
    source: str
    n_trials: Positive
    ann_accuracy: Triple | None = None
    accuracy: dict[Readout, Triple]
    readout: Readout
    spikes_per_trial: Amount
    synops_per_trial: Amount
    energy: EnergyFacts | None = None
    latency_ms: Amount | None
    duration_ms: Duration
    dt_ms: Duration
    device: str
    seconds: Seconds
    weights_sha256: str
    data_sha256: str
    simulated: bool = False
    noise: list[str] = []
    notes: list[str] = []
    hints: list[str] = []
    warnings: list[Warned] = []
    input_spikes_per_trial: Amount | None = None
    events_per_trial: Amount | None = None
    frames_per_trial: Positive | None = None
    saccade_ends_ms: list[Duration] = []

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.readout not in self.accuracy:
            raise ValueError(f"accuracy has no {self.readout}, which is the readout")
        if "ann_accuracy" in self.model_fields_set and self.ann_accuracy is None:
            raise ValueError("ann_accuracy is left out where there is no trained network")
        if self.events_per_trial is not None and None in (self.input_spikes_per_trial, self.frames_per_trial):
            raise ValueError("a run on recordings has input_spikes_per_trial and frames_per_trial")
        if any(end >= self.duration_ms for end in self.saccade_ends_ms):
            raise ValueError("saccade_ends_ms lie within the trial")
        return self


class Data(Facts):
    """The examples of a run."""

    dataset: str
    split: str
    source: str
    sha256: str
    classes: Annotated[list[str], Field(min_length=2)]


class Calibration(Facts):
    """The examples that normalised a network."""

    sha256: str


class Epoch(Facts):
    """What an epoch of training came to."""

    epoch: Positive
    train_loss: Amount
    train_accuracy: Share
    validation_loss: Amount
    validation_accuracy: Share
    spiking_accuracy: Share | None
    spikes_per_image: Amount | None


class Card(Facts):
    """How a network was trained; networks of others need not say."""

    best_epoch: Positive | None = None
    epochs: list[Epoch] = []

    @model_validator(mode="after")
    def _has_its_best(self) -> Self:
        if self.best_epoch is not None and self.best_epoch > len(self.epochs):
            raise ValueError("best_epoch is none of the epochs")
        if len({(e.spiking_accuracy is None, e.spikes_per_image is None) for e in self.epochs}) > 1:
            raise ValueError("only some epochs were measured in spikes")
        return self


class Network(Facts):
    """The trained network of a run."""

    model: str
    weights_sha256: str
    card: Card | None = None
    calibration: Calibration | None = None


class PopulationFacts(Facts):
    """A population as it was simulated; the input has no equations."""

    name: str
    shape: list[Positive]
    size: Positive
    equations: str | None
    threshold: str | None
    reset: str | None = None
    refractory: str | None = None
    parameters: dict[str, str] = {}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if prod(self.shape) != self.size:
            raise ValueError("the size is not that of the shape")
        if self.equations is not None and "parameters" not in self.model_fields_set:
            raise ValueError("it has equations, but no parameters")
        return self


class ProjectionFacts(Facts):
    """A projection as it was simulated."""

    pre: str
    post: str
    connectivity: str
    n_synapses: Count
    synapse: str


class Provenance(Facts):
    """The ``provenance.json`` of a run."""

    command: str
    started: Moment
    seed: int
    commit: str | None
    dirty: bool | None
    versions: dict[str, str]
    machine: dict[str, str]
    data: Data
    network: Network
    populations: list[PopulationFacts]
    projections: list[ProjectionFacts]
    rounded: str | None = None
    code: str | None = None
    inputs: str | None = None
    key: str | None = None
    changed: dict[str, Any] = {}


class Encoding(Facts):
    """The ``[encoding]`` of a study, as far as pages say what it is."""

    kind: str
    retina: list[str] = []
    keep: Share | None = None
    gain_control: str | None = None


class Clock(Facts):
    """The table ``[simulation]`` of a run, as far as a page needs it."""

    duration: str | None = None
    dt: str | None = None


class Config(Facts):
    """The ``config.toml`` of a run."""

    encoding: Encoding
    simulation: Clock


PLAIN = dict.fromkeys(("model_type", "dict_type"), "Input should be an object with keys and values")
"""What pydantic would say in terms of Python, by the type of its error."""


def check_facts(content: dict[str, Any], kind: type[Facts], path: Path, fix: str) -> dict[str, Any]:
    """Return the content of a JSON file if it is of a kind, in the present format.

    Raises
    ------
    UserError
        If a key is missing, a value is not what it should be, or a newer bioscnn wrote the file: names file,
        key and value.
    """
    try:
        content = upgraded(content)
    except ValueError as error:
        raise UserError(
            f"a file of the results cannot be read: {error}", file=path, key=KEY, fix=fix
        ) from None
    try:
        kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part != "[key]") or None
        if first["type"] == "missing":
            raise UserError("a file of the results is incomplete", file=path, key=key, fix=fix) from None
        value = first["input"] if key else None
        problem = PLAIN.get(first["type"], first["msg"].removeprefix("Value error, "))
        problem = f"a file of the results is damaged: {problem[0].lower()}{problem[1:]}"
        raise UserError(problem, file=path, key=key, value=value, fix=fix) from None
    return content

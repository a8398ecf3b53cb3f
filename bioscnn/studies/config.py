"""The keys of a study file: what may be written, what is assumed where nothing is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from bioscnn.conversion.normalisation import MAX_RATE
from bioscnn.datasets.recordings import EVENT_DATASETS
from bioscnn.encoding import find_cells
from bioscnn.errors import UserError
from bioscnn.neurons import Definition, EquationNeuron, read_definition
from bioscnn.neurons.brian_checks import check
from bioscnn.neurons.synapse import SHARPEST
from bioscnn.noise import NOISES, Noise, read_noises
from bioscnn.quantities import format_quantity, parse_quantity


def _read(dimension: str) -> BeforeValidator:
    def read(text: object) -> float:
        try:
            return parse_quantity(text, dimension)
        except UserError as error:
            raise ValueError(error) from error

    return BeforeValidator(read)


def _write(dimension: str) -> PlainSerializer:
    return PlainSerializer(lambda value: format_quantity(value, dimension))


def _read_noises(tables: object) -> dict[str, Noise]:
    if not isinstance(tables, dict):
        raise _refuse("not a table", key="noise", value=tables, fix='write [noise.NAME], then "severity = 2"')
    try:
        return read_noises({name: n.table() if isinstance(n, Noise) else n for name, n in tables.items()})
    except UserError as error:
        raise ValueError(error) from error


def _read_own(table: object) -> Definition | None:
    if table is None or isinstance(table, Definition):
        return table
    if not isinstance(table, dict):
        raise _refuse("not a table", key="neuron.definition", value=table)
    try:
        definition = Definition.of_table("own", table)
        check(definition)
        return definition
    except UserError as error:
        raise _refuse(
            error.problem, key=f"neuron.definition.{error.key}", value=error.value,
            expected=error.expected, fix=error.fix,
        ) from error  # fmt: skip


def _known_cells(names: tuple[str, ...]) -> tuple[str, ...]:
    try:
        find_cells(names)
    except UserError as error:
        raise ValueError(error) from error
    return names


# Text with a unit in the file, an SI number in the code.
Time = Annotated[float, _read("time"), _write("time")]
Voltage = Annotated[float, _read("voltage"), _write("voltage")]
Resistance = Annotated[float, _read("resistance"), _write("resistance")]
Current = Annotated[float, _read("current"), _write("current")]
Frequency = Annotated[float, _read("frequency"), _write("frequency")]
# A neuron of the user's own: a path in the file, its contents in what is written of the study.
OwnNeuron = Annotated[
    Any, BeforeValidator(_read_own), PlainSerializer(lambda own: None if own is None else own.table())
]
Count = Annotated[int, Field(ge=1)]
Factor = Annotated[float, Field(gt=0, allow_inf_nan=False)]
# Each noise by its name: in the file a table with its parameter or a severity.
Noises = Annotated[
    dict[str, Any],
    BeforeValidator(_read_noises),
    PlainSerializer(lambda noises: {name: noise.table() for name, noise in noises.items()}),
]


def _refuse(problem: str, **details: Any) -> ValueError:
    return ValueError(UserError(problem, **details))


def _either(*words: str) -> str:
    return " or ".join(f'"{word}"' for word in words)


def _dropped(written: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """Leave out keys that mean nothing in this study, from its file as from its hash."""
    return {key: value for key, value in written.items() if key not in keys}


def _keys_of_others(table: Neuron | Synapse, keys_of: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the keys of a table that its model does not have; a user's own has its definition alone."""
    return tuple(set(type(table).model_fields) - {"model", *keys_of.get(table.model, ("definition",))})


def _refuse_keys_of_others(
    table: Neuron | Synapse, name: str, keys_of: Mapping[str, tuple[str, ...]]
) -> None:
    for key in sorted(table.model_fields_set.intersection(_keys_of_others(table, keys_of))):
        models = [model for model, keys in keys_of.items() if key in keys]
        raise _refuse(
            f"the {name} {table.model} does not have this key",
            key=f"{name}.{key}",
            expected=f"{name}.model = {_either(*models)}",
            fix="remove one of the two",
        )


def _whole(time: float, dt: float) -> bool:
    return abs(time / dt - round(time / dt)) < 1e-6


class Table(BaseModel):
    """A table of a study file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Dataset(Table):
    """What is shown to the network."""

    name: str = "mnist"
    split: Literal["validation", "train", "test"] = "validation"
    trials: Count = 5000
    recordings: Literal["auto", "real", "simulated"] = "auto"
    size: tuple[Count, Count] = (30, 40)

    @model_validator(mode="after")
    def _recordings_of_images(self) -> Dataset:
        if "recordings" in self.model_fields_set and self.name not in EVENT_DATASETS:
            raise _refuse(
                f"{self.name} is a set of images: nothing recorded them",
                key="dataset.recordings",
                value=self.recordings,
                fix=f"remove the key, or set dataset.name to {_either(*EVENT_DATASETS)}",
            )
        return self

    @model_validator(mode="after")
    def _size_of_photographs(self) -> Dataset:
        if "size" in self.model_fields_set and self.name != "caltech":
            raise _refuse(
                f"the examples of {self.name} have a size of their own",
                key="dataset.size",
                value=list(self.size),
                fix='remove the key, or set dataset.name to "caltech"',
            )
        return self

    @model_serializer(mode="wrap")
    def _without_keys_of_others(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        others = [] if self.name in EVENT_DATASETS else ["recordings"]
        return _dropped(write(self), (*others, *([] if self.name == "caltech" else ["size"])))


class Encoding(Table):
    """How it reaches the first neurons; each kind has its own keys beside `kind`."""

    kind: Literal["currents", "lif-layer", "rank-order", "poisson", "latency", "events"] = "currents"
    retina: Annotated[tuple[str, ...], AfterValidator(_known_cells)] = ()
    keep: Annotated[float, Field(gt=0, le=1)] = 0.3
    full_current: Current = 2e-9
    input_rate: Frequency = 100.0
    bin_size: Count = 1
    frame: Time = 50e-3
    gain: Factor = 1.0

    @model_validator(mode="after")
    def _gain_of_currents(self) -> Encoding:
        if self.gain != 1 and self.kind in INSTEAD_OF_GAIN:
            why, instead = INSTEAD_OF_GAIN[self.kind]
            raise _refuse(
                f"a gain of the input is for currents: {why}",
                key="encoding.gain",
                value=self.gain,
                expected='encoding.kind = "currents"',
                fix=f"remove it; {instead}",
            )
        return self

    @model_validator(mode="after")
    def _keys_of_the_kind(self) -> Encoding:
        for key in self.model_fields_set - {"kind", *KEYS_OF_ENCODINGS[self.kind]}:
            kinds = [kind for kind, keys in KEYS_OF_ENCODINGS.items() if key in keys]
            raise _refuse(
                f"an encoding by {self.kind} does not have this key",
                key=f"encoding.{key}",
                expected=f"encoding.kind = {_either(*kinds)}",
                fix="remove one of the two",
            )
        for key, dimension in (("full_current", "current"), ("input_rate", "frequency")):
            if not getattr(self, key) > 0:
                raise _refuse(
                    "must be positive",
                    key=f"encoding.{key}",
                    value=format_quantity(getattr(self, key), dimension),
                )
        return self

    @model_serializer(mode="wrap")
    def _with_keys_of_the_kind(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        others = set(type(self).model_fields) - {"kind", *KEYS_OF_ENCODINGS[self.kind]}
        # A gain of 1 is none: studies from before it keep their hash.
        return _dropped(write(self), (*others, *(("gain",) if self.gain == 1 else ())))


KEYS_OF_ENCODINGS = {
    "currents": ("retina", "gain"),
    "lif-layer": ("retina", "full_current", "input_rate"),
    "rank-order": ("retina", "keep", "full_current", "input_rate"),
    "poisson": ("retina", "input_rate"),
    "latency": ("retina", "keep", "input_rate"),
    "events": ("input_rate", "bin_size", "frame"),
}

_A_SPIKE = "spikes come in, and a spike has no size"
_THEIR_WEIGHT = "network.weight_scale scales what each of them does"
INSTEAD_OF_GAIN = {
    "lif-layer": ("here they flow into a layer of their own", "encoding.full_current scales them"),
    "rank-order": ("here they flow into a layer of their own", "encoding.full_current scales them"),
    "poisson": ("here rates come in", "encoding.input_rate is the rate of a white pixel"),
    "latency": (_A_SPIKE, _THEIR_WEIGHT),
    "events": (_A_SPIKE, _THEIR_WEIGHT),
}
"""Why an encoding has no gain, and what to change there."""


class Network(Table):
    """Which trained network, how a ReLU network is normalised, how strong its synapses are then."""

    model: str = "mnist-small"
    normalisation: Literal["rate-matched", "channel-wise", "layer-wise", "none"] = "rate-matched"
    percentile: Annotated[float, Field(gt=0, le=100)] = 99.9
    max_rate: Frequency = MAX_RATE
    weight_scale: Factor = 1.0

    @model_serializer(mode="wrap")
    def _without_scale(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _dropped(write(self), ("weight_scale",) if self.weight_scale == 1 else ())


class Neuron(Table):
    """The spiking neuron; an IF neuron has the capacitance ``tau_m / R_m`` and no leak."""

    model: str = "lif"
    tau_m: Time = 20e-3
    t_ref: Time = 2e-3
    V_th: Voltage = 20e-3
    R_m: Resistance = 100e6
    reset: Literal["exact", "subtract", "zero"] = "exact"
    tau_a: Time = 100e-3
    b: Current = 0.05e-9
    definition: OwnNeuron = None

    @model_validator(mode="before")
    @classmethod
    def _read_the_file(cls, table: object) -> object:
        """Take in what the file of a neuron says, and what the table changes in it."""
        if not isinstance(table, dict) or not str(table.get("model", "")).endswith(FILE_OF_A_NEURON):
            return table
        changes = table.get("definition", {})
        if not (isinstance(changes, dict) and set(changes) <= {"parameters"}):
            raise _refuse(
                "a study changes only the parameters of a neuron's file",
                key="neuron.definition",
                value=changes,
                fix='write neuron.definition.parameters.NAME = "...", and the rest in the file',
            )
        try:
            definition = read_definition(table["model"], changes.get("parameters"))
        except UserError as error:
            raise ValueError(error) from error
        return {**table, "model": definition.name, "definition": definition}

    @model_validator(mode="after")
    def _known_model(self) -> Neuron:
        if self.definition is None and self.model not in KEYS_OF_NEURONS:
            raise _refuse(
                "no such neuron",
                key="neuron.model",
                value=self.model,
                expected=f"{' | '.join(KEYS_OF_NEURONS)} | the path of a file, {FILE_OF_A_NEURON}",
            )
        if self.definition is not None and self.model in KEYS_OF_NEURONS:
            raise _refuse(
                f"{self.model} is a neuron that comes with bioscnn",
                key="neuron.definition",
                fix="remove the table, or name the file of the neuron otherwise",
            )
        return self

    @property
    def is_own(self) -> bool:
        """Whether it is a neuron that a user has written."""
        return self.definition is not None

    @property
    def refractory_period(self) -> float:
        """How long it is held after a spike, s."""
        return self.t_ref if self.definition is None else EquationNeuron(self.definition).t_ref

    @model_validator(mode="after")
    def _keys_of_the_model(self) -> Neuron:
        _refuse_keys_of_others(self, "neuron", KEYS_OF_NEURONS)
        return self

    @model_serializer(mode="wrap")
    def _with_keys_of_the_model(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _dropped(write(self), _keys_of_others(self, KEYS_OF_NEURONS))


FILE_OF_A_NEURON = ".toml"
"""How the path of a user's own neuron ends."""

_OF_MEMBRANES = ("tau_m", "t_ref", "V_th", "R_m", "reset")
KEYS_OF_NEURONS = {
    "lif": _OF_MEMBRANES,
    "if": _OF_MEMBRANES,
    "adaptive-lif": (*_OF_MEMBRANES, "tau_a", "b"),
}


class Synapse(Table):
    """The synaptic current, which a spike injects or lets through conductances."""

    model: Literal["current", "conductance"] = "current"
    tau_s: Time = 5e-3
    delay: Time = 0.0
    E_e: Voltage = 70e-3
    E_i: Voltage = -10e-3

    @model_validator(mode="after")
    def _keys_of_the_model(self) -> Synapse:
        _refuse_keys_of_others(self, "synapse", KEYS_OF_SYNAPSES)
        return self

    @model_serializer(mode="wrap")
    def _with_keys_of_the_model(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        others = _keys_of_others(self, KEYS_OF_SYNAPSES)
        return _dropped(write(self), (*others, *(("model",) if self.model == "current" else ())))


KEYS_OF_SYNAPSES = {
    "current": ("tau_s", "delay"),
    "conductance": ("tau_s", "delay", "E_e", "E_i"),
}


class Simulation(Table):
    """How the equations are integrated, and on what."""

    duration: Time = 30e-3
    dt: Time = 1e-3
    device: Literal["cpp_standalone", "numpy", "genn"] = "cpp_standalone"
    use_gpu: bool = True
    connectivity: Literal["auto", "procedural", "explicit"] = "auto"
    round_t_ref: bool = False
    precision: Literal["float32", "float64"] = "float32"
    jobs: Count = 2
    seed: Annotated[int, Field(ge=0)] = 1

    @model_validator(mode="after")
    def _use_gpu_of_genn(self) -> Simulation:
        if "use_gpu" in self.model_fields_set and self.device != "genn":
            raise _refuse(
                "only the device genn has this key",
                key="simulation.use_gpu",
                expected='simulation.device = "genn"',
                fix="remove one of the two",
            )
        return self

    @model_serializer(mode="wrap")
    def _without_use_gpu(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _dropped(write(self), () if self.device == "genn" else ("use_gpu",))

    @property
    def n_steps(self) -> int:
        """Steps of a trial."""
        return round(self.duration / self.dt)

    @model_validator(mode="after")
    def _whole_steps(self) -> Simulation:
        if not self.dt > 0:
            raise _refuse("the time step must be positive", key="simulation.dt", value=self.dt)
        if not _whole(self.duration, self.dt) or self.n_steps < 2:
            raise _refuse(
                "the duration is no whole number of time steps",
                key="simulation.duration",
                value=format_quantity(self.duration, "time"),
                expected=f"at least 2 steps of {format_quantity(self.dt, 'time')}",
            )
        return self


class Readout(Table):
    """How the class is read, and what is recorded in full."""

    rule: Literal["spike-count", "peak-potential", "mean-potential", "last-potential", "first-spike"] = (
        "peak-potential"
    )
    record: list[str] | Literal["all"] = ["output"]


class StudyConfig(Table):
    """A whole study file."""

    dataset: Dataset = Dataset()
    encoding: Encoding = Encoding()
    network: Network = Network()
    neuron: Neuron = Neuron()
    synapse: Synapse = Synapse()
    noise: Noises = {}
    simulation: Simulation = Simulation()
    readout: Readout = Readout()

    @model_validator(mode="after")
    def _synapse_steps(self) -> StudyConfig:
        shortest = self.simulation.dt / SHARPEST
        if 0 < self.synapse.tau_s < shortest * (1 - 1e-9):
            raise _refuse(
                "the synaptic current decays too fast for the time step",
                key="synapse.tau_s",
                value=format_quantity(self.synapse.tau_s, "time"),
                expected=f"at least simulation.dt/{SHARPEST} = {format_quantity(shortest, 'time')}, "
                "within which the charge of a spike arrives at once",
            )
        return self

    @model_validator(mode="after")
    def _excitation_reaches_the_threshold(self) -> StudyConfig:
        synapse, V_th = self.synapse, self.neuron.V_th
        if synapse.model == "conductance" and not (self.neuron.is_own or synapse.E_e > V_th):
            raise _refuse(
                "excitation never takes the potential to the threshold",
                key="synapse.E_e",
                value=format_quantity(synapse.E_e, "voltage"),
                expected=f"more than neuron.V_th = {format_quantity(V_th, 'voltage')}",
            )
        return self

    @model_validator(mode="after")
    def _delay_in_steps(self) -> StudyConfig:
        delay, dt, duration = self.synapse.delay, self.simulation.dt, self.simulation.duration
        if not (0 <= delay < duration * (1 - 1e-9) and _whole(delay, dt)):
            raise _refuse(
                "the synaptic delay is no whole number of time steps within the trial",
                key="synapse.delay",
                value=format_quantity(delay, "time"),
                expected=f"a multiple of simulation.dt = {format_quantity(dt, 'time')}, 0 or more, shorter "
                f"than simulation.duration = {format_quantity(duration, 'time')}",
            )
        return self

    @model_validator(mode="after")
    def _refractory_steps(self) -> StudyConfig:
        t_ref = self.neuron.refractory_period
        if not (self.simulation.round_t_ref or _whole(t_ref, self.simulation.dt)):
            raise _refuse(
                "the refractory period is no whole number of time steps",
                key="neuron.t_ref",
                value=format_quantity(t_ref, "time"),
                expected=f"a multiple of simulation.dt = {format_quantity(self.simulation.dt, 'time')}",
                fix="change one of the two, or round it: simulation.round_t_ref = true",
            )
        return self

    @model_validator(mode="after")
    def _kind_fits_data(self) -> StudyConfig:
        events = self.dataset.name in EVENT_DATASETS
        if (self.encoding.kind == "events") != events:
            kinds = ("events",) if events else tuple(kind for kind in KEYS_OF_ENCODINGS if kind != "events")
            what = "recordings of an event camera" if events else "images"
            raise _refuse(
                f"{self.dataset.name} consists of {what}",
                key="encoding.kind",
                value=self.encoding.kind,
                expected=_either(*kinds),
                fix=f'set encoding.kind = "{kinds[0]}", or dataset.name to data of the other kind',
            )
        return self

    @model_validator(mode="after")
    def _event_steps(self) -> StudyConfig:
        dt, duration, frame = self.simulation.dt, self.simulation.duration, self.encoding.frame
        if self.encoding.kind != "events":
            return self
        if not _whole(dt, 1e-6):
            raise _refuse(
                "events are timed in microseconds, and the time step is no whole number of them",
                key="simulation.dt",
                value=format_quantity(dt, "time"),
                expected="a multiple of 1 us",
            )
        if not (frame > 0 and _whole(frame, dt) and _whole(duration, frame)):
            raise _refuse(
                "the duration is no whole number of frames, or a frame no whole number of time steps",
                key="encoding.frame",
                value=format_quantity(frame, "time"),
                expected=f"a multiple of simulation.dt = {format_quantity(dt, 'time')} of which "
                f"simulation.duration = {format_quantity(duration, 'time')} is a multiple",
            )
        return self

    @model_validator(mode="after")
    def _noise_fits(self) -> StudyConfig:
        recorded = self.dataset.name in EVENT_DATASETS
        for name, noise in self.noise.items():
            if noise.acts_on == ("images" if recorded else "events"):
                what = "recordings of an event camera" if recorded else "images"
                raise _refuse(
                    f"{name} is noise of {noise.acts_on}, and {self.dataset.name} consists of {what}",
                    key=noise.key(),
                    expected="one of " + ", ".join(_names_of("events" if recorded else "images")),
                    fix="remove the table, or set dataset.name to data of the other kind",
                )
            if noise.acts_on == "spikes" and self.encoding.kind == "currents":
                others = (kind for kind in KEYS_OF_ENCODINGS if kind not in ("currents", "events"))
                raise _refuse(
                    f"{name} is noise of the spikes that come in, and here currents do",
                    key=noise.key(),
                    expected=f"encoding.kind = {_either(*others)}",
                    fix="remove one of the two",
                )
            if noise.needs_leak and self.neuron.model == "if":
                raise _refuse(
                    f"{name} needs a neuron that leaks",
                    key=noise.key(),
                    expected='neuron.model = "lif": without a leak there is no time constant, and a noisy '
                    "potential wanders without bound",
                    fix="remove one of the two",
                )
            if noise.needs_known_neuron and self.neuron.is_own:
                raise _refuse(
                    f"{name} is noise of the neurons that come with bioscnn",
                    key=noise.key(),
                    value=self.neuron.model,
                    expected=f"neuron.model = {_either(*KEYS_OF_NEURONS)}",
                    fix="remove one of the two",
                )
            if noise.acts_on == "spikes" and noise.amount > self.simulation.duration * (1 + 1e-9):
                raise _refuse(
                    "the standard deviation is longer than the trial",
                    key=noise.key(noise.parameter()),
                    value=noise.setting,
                    expected="at most simulation.duration = "
                    f"{format_quantity(self.simulation.duration, 'time')}",
                )
        return self


def _names_of(acts_on: str) -> list[str]:
    return [name for name, kind in NOISES.items() if kind.acts_on == acts_on]

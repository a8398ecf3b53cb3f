"""The tables of a study file: their keys, what is assumed where nothing is written, what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from bioscnn.conversion.normalisation import MAX_RATE
from bioscnn.errors import UserError
from bioscnn.neurons import EquationNeuron, read_definition
from bioscnn.nir.frameworks import Choices
from bioscnn.quantities import format_quantity
from bioscnn.studies.config.values import (
    Cells,
    Count,
    Current,
    Factor,
    Frequency,
    OwnNeuron,
    PathOrName,
    Resistance,
    Seed,
    Table,
    Time,
    Voltage,
    dropped,
    either,
    refuse,
    whole,
)

MOST_STEPS = 10_000_000
"""Of a trial: 10 s in steps of a microsecond."""


def _keys_of_others(table: Neuron | Synapse, keys_of: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the keys of a table that its model does not have; a user's own has its definition alone."""
    return tuple(set(type(table).model_fields) - {"model", *keys_of.get(table.model, ("definition",))})


def _refuse_keys_of_others(
    table: Neuron | Synapse, name: str, keys_of: Mapping[str, tuple[str, ...]]
) -> None:
    for key in sorted(table.model_fields_set.intersection(_keys_of_others(table, keys_of))):
        models = [model for model, keys in keys_of.items() if key in keys]
        raise refuse(
            f"the {name} {table.model} does not have this key",
            key=f"{name}.{key}",
            expected=f"{name}.model = {either(*models)}",
            fix="remove one of the two",
        )


class Encoding(Table):
    """How it reaches the first neurons; each kind has its own keys beside `kind`."""

    kind: Literal["currents", "lif-layer", "rank-order", "poisson", "latency", "spike-time", "events"] = (
        "currents"
    )
    retina: Cells = ()
    keep: Annotated[float, Field(gt=0, le=1)] = 0.3
    full_current: Current = 2e-9
    input_rate: Frequency = 100.0
    bin_size: Count = 1
    frame: Time = 50e-3
    gain: Factor = 1.0
    gain_control: Literal["none", "image"] | None = None
    full_response: dict[str, Factor] = Field(default={})

    @model_validator(mode="after")
    def _gain_of_currents(self) -> Encoding:
        if self.gain != 1 and self.kind in INSTEAD_OF_GAIN:
            why, instead = INSTEAD_OF_GAIN[self.kind]
            raise refuse(
                f"a gain of the input is for currents: {why}",
                key="encoding.gain",
                value=self.gain,
                expected='encoding.kind = "currents"',
                fix=f"remove it; {instead}",
            )
        return self

    @property
    def adapts(self) -> bool:
        """Whether each image sets its own gain: where nothing is said, cells do so and pixels do not."""
        if "gain_control" not in KEYS_OF_ENCODINGS[self.kind]:
            return False  # ranks and events have no size
        return bool(self.retina) if self.gain_control is None else self.gain_control == "image"

    @model_validator(mode="after")
    def _units_of_the_cells(self) -> Encoding:
        if not self.full_response:
            return self
        if not self.retina or self.adapts:
            raise refuse(
                "fixed units are for cells without gain control",
                key="encoding.full_response",
                value=self.full_response,
                expected='cells in encoding.retina, and encoding.gain_control = "none"',
                fix="remove it",
            )
        if set(self.full_response) != set(self.retina):
            raise refuse(
                "each kind of cells has one unit",
                key="encoding.full_response",
                value=self.full_response,
                expected=f"a number for each of {', '.join(self.retina)}",
            )
        return self

    @model_validator(mode="after")
    def _keys_of_the_kind(self) -> Encoding:
        for key in self.model_fields_set - {"kind", *KEYS_OF_ENCODINGS[self.kind]}:
            kinds = [kind for kind, keys in KEYS_OF_ENCODINGS.items() if key in keys]
            raise refuse(
                f"an encoding by {self.kind} does not have this key",
                key=f"encoding.{key}",
                expected=f"encoding.kind = {either(*kinds)}",
                fix="remove one of the two",
            )
        for key, dimension in (("full_current", "current"), ("input_rate", "frequency")):
            if not getattr(self, key) > 0:
                raise refuse(
                    "must be positive",
                    key=f"encoding.{key}",
                    value=format_quantity(getattr(self, key), dimension),
                )
        return self

    @model_serializer(mode="wrap")
    def _with_keys_of_the_kind(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        others = set(type(self).model_fields) - {"kind", *KEYS_OF_ENCODINGS[self.kind]}
        # What changes nothing is not written: studies from before these keys keep their hash.
        usual = {
            "gain": self.gain == 1,
            "gain_control": self.adapts == bool(self.retina),
            "full_response": not self.full_response,
        }
        return dropped(write(self), (*others, *(key for key, is_usual in usual.items() if is_usual)))


KEYS_OF_ENCODINGS = {
    "currents": ("retina", "gain", "gain_control", "full_response"),
    "lif-layer": ("retina", "full_current", "input_rate", "gain_control", "full_response"),
    "rank-order": ("retina", "keep", "full_current", "input_rate"),
    "poisson": ("retina", "input_rate", "gain_control", "full_response"),
    "latency": ("retina", "keep", "input_rate"),
    "spike-time": ("retina", "gain_control", "full_response"),
    "events": ("input_rate", "bin_size", "frame"),
}

_A_SPIKE = "spikes come in, and a spike has no size"
_THEIR_WEIGHT = "network.weight_scale scales what each of them does"
INSTEAD_OF_GAIN = {
    "lif-layer": ("here they flow into a layer of their own", "encoding.full_current scales them"),
    "rank-order": ("here they flow into a layer of their own", "encoding.full_current scales them"),
    "poisson": ("here rates come in", "encoding.input_rate is the rate of a white pixel"),
    "latency": (_A_SPIKE, _THEIR_WEIGHT),
    "spike-time": (_A_SPIKE, _THEIR_WEIGHT),
    "events": (_A_SPIKE, _THEIR_WEIGHT),
}
"""Why an encoding has no gain, and what to change there."""


class Network(Table):
    """Which trained network, its code, how a ReLU network is normalised, how strong its synapses are then."""

    model: PathOrName = "mnist-small"
    code: Literal["rate", "time"] = "rate"
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    normalisation: Literal["rate-matched", "channel-wise", "layer-wise", "none"] = "rate-matched"
    percentile: Annotated[float, Field(gt=0, le=100)] = 99.9
    max_rate: Frequency = MAX_RATE
    weight_scale: Factor = 1.0

    @model_validator(mode="after")
    def _scale_of_times(self) -> Network:
        if self.scale is not None and self.code != "time":
            raise refuse(
                "the scale is the activation that the earliest spike of a window stands for",
                key="network.scale",
                value=self.scale,
                expected='network.code = "time"',
                fix="remove one of the two; network.max_rate is the rate of the largest activations",
            )
        return self

    @model_serializer(mode="wrap")
    def _with_keys_of_the_code(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        of_rates = ("normalisation", "max_rate", *(("percentile",) if self.scale is not None else ()))
        unused = of_rates if self.code == "time" else ("code",)
        without = [key for key, none in (("scale", None), ("weight_scale", 1)) if getattr(self, key) == none]
        return dropped(write(self), (*unused, *without))


KEYS_OF_CONVERSION = ("normalisation", "percentile", "max_rate", "weight_scale", "scale")
"""Keys of `Network` that a NIR graph, which is a spiking network already, has no use for."""


class NIR(Table):
    """What the file of a NIR graph leaves open; see `bioscnn.nir.frameworks`."""

    framework: Literal["norse", "snntorch", "sinabs", "spikingjelly", "euler"] | None = None
    dt: Annotated[Time, Field(gt=0)] | None = None
    reset: Literal["v_reset", "subtract"] | None = None
    spikes_per_step: Annotated[int, Field(ge=1, le=64)] | None = None

    @property
    def choices(self) -> Choices:
        """The same, to build a network with."""
        return Choices(self.framework, self.dt, self.reset, self.spikes_per_step)

    @model_serializer(mode="wrap")
    def _what_is_said(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if value is not None}


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
            raise refuse(
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
            raise refuse(
                "no such neuron",
                key="neuron.model",
                value=self.model,
                expected=f"{' | '.join(KEYS_OF_NEURONS)} | the path of a file, {FILE_OF_A_NEURON}",
            )
        if self.definition is not None and self.model in KEYS_OF_NEURONS:
            raise refuse(
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
        return dropped(write(self), _keys_of_others(self, KEYS_OF_NEURONS))


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
        return dropped(write(self), (*others, *(("model",) if self.model == "current" else ())))


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
    seed: Seed = 1
    start: Literal["rest", "spread"] = "rest"

    @model_validator(mode="after")
    def _use_gpu_of_genn(self) -> Simulation:
        if "use_gpu" in self.model_fields_set and self.device != "genn":
            raise refuse(
                "only the device genn has this key",
                key="simulation.use_gpu",
                expected='simulation.device = "genn"',
                fix="remove one of the two",
            )
        return self

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        others = () if self.device == "genn" else ("use_gpu",)
        # Studies from before there was another start keep their hash.
        return dropped(write(self), (*others, *(("start",) if self.start == "rest" else ())))

    @property
    def n_steps(self) -> int:
        """Steps of a trial."""
        return round(self.duration / self.dt)

    @model_validator(mode="after")
    def _whole_steps(self) -> Simulation:
        if not self.dt > 0:
            raise refuse("the time step must be positive", key="simulation.dt", value=self.dt)
        if not whole(self.duration, self.dt) or not 2 <= self.n_steps <= MOST_STEPS:
            raise refuse(
                "the duration is no whole number of time steps that a trial can have",
                key="simulation.duration",
                value=format_quantity(self.duration, "time"),
                expected=f"2 to {MOST_STEPS:,} steps of {format_quantity(self.dt, 'time')}",
            )
        return self


class Readout(Table):
    """How the class is read, and what is recorded in full."""

    rule: Literal["spike-count", "peak-potential", "mean-potential", "last-potential", "first-spike"] = (
        "peak-potential"
    )
    record: list[str] | Literal["all"] = Field(default=["output"])

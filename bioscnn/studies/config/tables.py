"""The tables of a study file: their keys, what is assumed where nothing is written, what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from bioscnn.conversion.normalisation import MAX_RATE
from bioscnn.errors import UserError
from bioscnn.neurons import EquationNeuron, read_definition
from bioscnn.nir.frameworks import Choices
from bioscnn.quantities import format_quantity
from bioscnn.studies.config.values import (
    Current,
    Factor,
    Frequency,
    OwnNeuron,
    PathOrName,
    Processes,
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


class Network(Table):
    """Which trained network, its code, how a ReLU network is normalised, how strong its synapses are then."""

    model: PathOrName = "mnist-small"
    """A shipped network, or the path of an ``.onnx``, ``.keras`` or ``.nir`` file."""
    code: Literal["rate", "time"] = "rate"
    """What a spike says: a rate by their number, or a value by its time."""
    scale: Factor | None = None
    """Of the time code: the activation that the earliest spike of a window stands for; if left out, measured
    on training images.
    """
    normalisation: Literal["rate-matched", "channel-wise", "layer-wise", "none"] = "rate-matched"
    """How the activations of a ReLU network become firing rates."""
    percentile: Annotated[float, Field(gt=0, le=100)] = 99.9
    """Percentile of the activations on training images that counts as the largest."""
    max_rate: Frequency = MAX_RATE
    """Firing rate of the largest activation of a ReLU network."""
    weight_scale: Factor = 1.0
    """Factor of all synaptic weights after conversion."""

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
    """The framework that wrote the graph, which decides how a time step is computed."""
    dt: Annotated[Time, Field(gt=0)] | None = None
    """Time step for which the file was written; if left out, the usual one of the framework."""
    reset: Literal["v_reset", "subtract"] | None = None
    """Reset at the threshold: to ``v_reset``, or by subtracting the threshold; if left out, the usual one of
    the framework.
    """
    spikes_per_step: Annotated[int, Field(ge=1, le=64)] | None = None
    """Spikes that a neuron of sinabs fires in one step at most."""

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
    """A neuron that comes with bioscnn (``lif``, ``if``, ``adaptive-lif``), or the path of the file of your
    own.
    """
    tau_m: Time = 20e-3
    """Membrane time constant."""
    t_ref: Time = 2e-3
    """Refractory period: how long the potential is held after a spike."""
    V_th: Voltage = 20e-3
    """Threshold above the resting potential."""
    R_m: Resistance = 100e6
    """Membrane resistance; the capacitance is ``tau_m/R_m``."""
    reset: Literal["exact", "subtract", "zero"] = "exact"
    """Reset rule: ``exact`` keeps the charge since the crossing, ``subtract`` the excess over the threshold,
    ``zero`` nothing.
    """
    tau_a: Time = 100e-3
    """Time constant of the adaptation current."""
    b: Current = 0.05e-9
    """Adaptation current that each spike adds."""
    definition: OwnNeuron = None
    """What the file of a neuron of your own says; a study changes its parameters:
    ``neuron.definition.parameters.NAME = "5 mV"``.
    """

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
    """Whether a spike injects a current or opens a conductance."""
    tau_s: Time = 5e-3
    """Time constant with which the synaptic current, or the conductance, decays."""
    delay: Time = 0.0
    """Delay of every synapse, a whole number of time steps."""
    E_e: Voltage = 70e-3
    """Reversal potential of excitation, above rest."""
    E_i: Voltage = -10e-3
    """Reversal potential of inhibition, above rest."""

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
    """Simulated time per trial; ``"auto"`` looks for the shortest in which decisions settle."""
    dt: Time = 1e-3
    """Time step of the simulation."""
    device: Literal["cpp_standalone", "numpy", "genn"] = "cpp_standalone"
    """What computes: compiled C++, NumPy, or GeNN on a GPU."""
    use_gpu: bool = True
    """Whether GeNN computes on a GPU or on the processor."""
    connectivity: Literal["auto", "procedural", "explicit"] = "auto"
    """Whether synapses are computed from kernels where spikes arrive, or listed one by one."""
    round_t_ref: bool = False
    """Whether a refractory period that is no whole number of steps is rounded to the nearest."""
    precision: Literal["float32", "float64"] = "float32"
    """Floating-point numbers of the C++ program; NumPy always computes in float64."""
    jobs: Processes = 2
    """Processes at a time."""
    seed: Seed = 1
    """Seed of everything that is drawn in a simulation."""
    start: Literal["rest", "spread"] = "rest"
    """Potentials at the start of a trial: all at rest, or spread evenly between rest and threshold."""

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
    """How the class is read: most output spikes, the highest potential (at its peak, on average, or at the
    end), or the first output spike. In the time code ``last-potential`` is the default.
    """
    record: list[str] | Literal["all"] = Field(default=["output"])
    """Populations whose spikes and potentials are kept in ``run.h5``, or ``"all"``."""

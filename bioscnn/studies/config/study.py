"""A whole study file, and what its tables demand of each other."""

from __future__ import annotations

from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from bioscnn.neurons.synapse import SHARPEST
from bioscnn.nir.model import SUFFIX
from bioscnn.noise import NOISES
from bioscnn.quantities import format_quantity
from bioscnn.studies.config.dataset import Dataset
from bioscnn.studies.config.encoding import KEYS_OF_ENCODINGS, Encoding
from bioscnn.studies.config.tables import (
    KEYS_OF_CONVERSION,
    KEYS_OF_NEURONS,
    NIR,
    Network,
    Neuron,
    Readout,
    Simulation,
    Synapse,
)
from bioscnn.studies.config.time_code import check_time_code, with_its_readout
from bioscnn.studies.config.training import Training
from bioscnn.studies.config.values import Noises, Table, dropped, either, refuse, whole


class StudyConfig(Table):
    """A whole study file."""

    dataset: Dataset = Dataset()
    encoding: Encoding = Encoding()
    network: Network = Network()
    nir: NIR = NIR()
    neuron: Neuron = Neuron()
    synapse: Synapse = Synapse()
    noise: Noises = Field(default={})
    simulation: Simulation = Simulation()
    readout: Readout = Readout()
    training: Training = Training()

    @property
    def is_nir(self) -> bool:
        """Whether the network is a NIR graph, which has neurons and synapses of its own."""
        return self.network.model.endswith(SUFFIX)

    @model_validator(mode="before")
    @classmethod
    def _without_what_a_graph_has(cls, tables: object) -> object:
        """Leave out what a NIR graph has no use for: a study may have been written for another network."""
        network = tables.get("network") if isinstance(tables, dict) else None
        if not isinstance(tables, dict) or not isinstance(network, dict):
            return tables
        if not str(network.get("model", "")).endswith(SUFFIX):
            return with_its_readout(tables)
        network_keys = {key: value for key, value in network.items() if key not in KEYS_OF_CONVERSION}
        return {key: t for key, t in tables.items() if key not in ("neuron", "synapse")} | {
            "network": network_keys
        }

    @model_serializer(mode="wrap")
    def _without_tables_of_others(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        if self.training == Training():
            del written["training"]
        if not self.is_nir:
            return dropped(written, ("nir",))
        network = dropped(written["network"], KEYS_OF_CONVERSION)
        return dropped(written, ("neuron", "synapse")) | {"network": network}

    @model_validator(mode="after")
    def _nir_of_graphs(self) -> StudyConfig:
        if self.nir != NIR() and not self.is_nir:
            raise refuse(
                "the table [nir] is for NIR graphs",
                key="nir",
                value=self.network.model,
                expected=f"a network.model that ends in {SUFFIX}",
                fix="remove one of the two",
            )
        if self.is_nir and self.simulation.start != "rest":
            raise refuse(
                "the neurons of a NIR graph begin where its framework lets them begin",
                key="simulation.start",
                value=self.simulation.start,
                expected='"rest"',
                fix="remove the key",
            )
        layers = ("lif-layer", "rank-order")
        if self.is_nir and self.encoding.kind in layers:
            raise refuse(
                "this encoding has a layer of the neurons of [neuron], and a NIR graph has its own",
                key="encoding.kind",
                value=self.encoding.kind,
                expected=either(*(kind for kind in KEYS_OF_ENCODINGS if kind not in layers)),
            )
        return self

    @model_validator(mode="after")
    def _time_code(self) -> StudyConfig:
        check_time_code(self)
        return self

    @model_validator(mode="after")
    def _synapse_steps(self) -> StudyConfig:
        if self.is_nir:
            return self
        shortest = self.simulation.dt / SHARPEST
        if 0 < self.synapse.tau_s < shortest * (1 - 1e-9):
            raise refuse(
                "the synaptic current decays too fast for the time step",
                key="synapse.tau_s",
                value=format_quantity(self.synapse.tau_s, "time"),
                expected=f"at least simulation.dt/{SHARPEST} = {format_quantity(shortest, 'time')}, "
                "within which the charge of a spike arrives at once",
            )
        return self

    @model_validator(mode="after")
    def _membrane_steps(self) -> StudyConfig:
        shortest, neuron = self.simulation.dt / SHARPEST, self.neuron
        leaks = not (self.is_nir or neuron.is_own or neuron.model == "if")
        if leaks and 0 < neuron.tau_m < shortest * (1 - 1e-9):
            raise refuse(
                "the membrane forgets too fast for the time step, at whose end nothing is left but rounding",
                key="neuron.tau_m",
                value=format_quantity(neuron.tau_m, "time"),
                expected=f"at least simulation.dt/{SHARPEST} = {format_quantity(shortest, 'time')}",
                fix="change one of the two",
            )
        return self

    @model_validator(mode="after")
    def _excitation_reaches_the_threshold(self) -> StudyConfig:
        synapse, V_th = self.synapse, self.neuron.V_th
        if synapse.model == "conductance" and not (self.neuron.is_own or synapse.E_e > V_th):
            raise refuse(
                "excitation never takes the potential to the threshold",
                key="synapse.E_e",
                value=format_quantity(synapse.E_e, "voltage"),
                expected=f"more than neuron.V_th = {format_quantity(V_th, 'voltage')}",
            )
        return self

    @model_validator(mode="after")
    def _delay_in_steps(self) -> StudyConfig:
        delay, dt, duration = self.synapse.delay, self.simulation.dt, self.simulation.duration
        if not (0 <= delay < duration * (1 - 1e-9) and whole(delay, dt)):
            raise refuse(
                "the synaptic delay is no whole number of time steps within the trial",
                key="synapse.delay",
                value=format_quantity(delay, "time"),
                expected=f"a multiple of simulation.dt = {format_quantity(dt, 'time')}, 0 or more, shorter "
                f"than simulation.duration = {format_quantity(duration, 'time')}",
            )
        return self

    @model_validator(mode="after")
    def _start_below_a_known_threshold(self) -> StudyConfig:
        if self.simulation.start == "spread" and self.neuron.is_own:
            raise refuse(
                "the threshold of a neuron of one's own is an expression: no potentials are spread below it",
                key="simulation.start",
                value="spread",
                expected='"rest"',
                fix="remove the key, or set neuron.model to a neuron that comes with bioscnn",
            )
        return self

    @model_validator(mode="after")
    def _refractory_steps(self) -> StudyConfig:
        # A neuron of the time code is refractory for a window.
        t_ref = 0.0 if self.is_nir or self.network.code == "time" else self.neuron.refractory_period
        if not (self.simulation.round_t_ref or whole(t_ref, self.simulation.dt)):
            raise refuse(
                "the refractory period is no whole number of time steps",
                key="neuron.t_ref",
                value=format_quantity(t_ref, "time"),
                expected=f"a multiple of simulation.dt = {format_quantity(self.simulation.dt, 'time')}",
                fix="change one of the two, or round it: simulation.round_t_ref = true",
            )
        return self

    @model_validator(mode="after")
    def _kind_fits_data(self) -> StudyConfig:
        events = self.dataset.recorded
        if (self.encoding.kind == "events") != events:
            kinds = ("events",) if events else tuple(kind for kind in KEYS_OF_ENCODINGS if kind != "events")
            what = "recordings of an event camera" if events else "images"
            raise refuse(
                f"{self.dataset.label} consists of {what}",
                key="encoding.kind",
                value=self.encoding.kind,
                expected=either(*kinds),
                fix=f'set encoding.kind = "{kinds[0]}", or dataset.name to data of the other kind',
            )
        return self

    @model_validator(mode="after")
    def _one_spike_a_step(self) -> StudyConfig:
        highest = 1 / self.simulation.dt
        if self.encoding.kind == "poisson" and self.encoding.input_rate > highest * (1 + 1e-9):
            raise refuse(
                "an input fires once in a time step at most, so that rates above that would all be one",
                key="encoding.input_rate",
                value=format_quantity(self.encoding.input_rate, "frequency"),
                expected=f"at most 1/simulation.dt = {format_quantity(highest, 'frequency')}",
                fix="change one of the two",
            )
        return self

    @model_validator(mode="after")
    def _preprocessing_of_pixels(self) -> StudyConfig:
        kinds = ("currents", "poisson", "latency", "spike-time")
        if self.dataset.preprocesses and (self.encoding.kind not in kinds or self.encoding.retina):
            raise refuse(
                "mean, std, scale and invert are of pixels, and here other cells come first",
                key="encoding.kind",
                value=self.encoding.kind,
                expected=f"{either(*kinds)}, without encoding.retina",
                fix="remove the keys of [dataset], or the cells",
            )
        return self

    @model_validator(mode="after")
    def _cells_see_grey(self) -> StudyConfig:
        if self.encoding.retina and self.dataset.colour != "grey":
            raise refuse(
                "ganglion cells see grey images",
                key="dataset.colour",
                value=self.dataset.colour,
                expected='"grey", or encoding.retina = []',
                fix="change one of the two",
            )
        return self

    @model_validator(mode="after")
    def _event_steps(self) -> StudyConfig:
        dt, duration, frame = self.simulation.dt, self.simulation.duration, self.encoding.frame
        if self.encoding.kind != "events":
            return self
        if not whole(dt, 1e-6):
            raise refuse(
                "events are timed in microseconds, and the time step is no whole number of them",
                key="simulation.dt",
                value=format_quantity(dt, "time"),
                expected="a multiple of 1 us",
            )
        if not (frame > 0 and whole(frame, dt) and whole(duration, frame)):
            raise refuse(
                "the duration is no whole number of frames, or a frame no whole number of time steps",
                key="encoding.frame",
                value=format_quantity(frame, "time"),
                expected=f"a multiple of simulation.dt = {format_quantity(dt, 'time')} of which "
                f"simulation.duration = {format_quantity(duration, 'time')} is a multiple",
            )
        return self

    def _in_place_of(self, noise: str) -> str:
        """Return what to do without a noise of neurons that come with bioscnn."""
        if self.neuron.definition is None or self.is_nir:
            return f"remove {noise}"
        names = [parameter.name for parameter in self.neuron.definition.parameters] or ["NAME"]
        return (
            f"remove {noise}; if this is a sweep, copy its file, and in place of {noise} and other keys of "
            f"the known neurons vary neuron.definition.parameters.NAME, such as {names[0]} (docs/sweeps.md)"
        )

    @model_validator(mode="after")
    def _noise_fits(self) -> StudyConfig:
        recorded = self.dataset.recorded
        for name, noise in self.noise.items():
            if noise.acts_on == ("images" if recorded else "events"):
                what = "recordings of an event camera" if recorded else "images"
                raise refuse(
                    f"{name} is noise of {noise.acts_on}, and {self.dataset.label} consists of {what}",
                    key=noise.key(),
                    expected="one of " + ", ".join(_names_of("events" if recorded else "images")),
                    fix="remove the table, or set dataset.name to data of the other kind",
                )
            if noise.acts_on == "spikes" and self.encoding.kind == "currents":
                others = (kind for kind in KEYS_OF_ENCODINGS if kind not in ("currents", "events"))
                raise refuse(
                    f"{name} is noise of the spikes that come in, and here currents do",
                    key=noise.key(),
                    expected=f"encoding.kind = {either(*others)}",
                    fix="remove one of the two",
                )
            if noise.needs_leak and self.neuron.model == "if":
                raise refuse(
                    f"{name} needs a neuron that leaks",
                    key=noise.key(),
                    expected='neuron.model = "lif": without a leak there is no time constant, and a noisy '
                    "potential wanders without bound",
                    fix="remove one of the two",
                )
            if noise.needs_known_neuron and (self.neuron.is_own or self.is_nir):
                raise refuse(
                    f"{name} is noise of the neurons that come with bioscnn",
                    key=noise.key(),
                    value=self.network.model if self.is_nir else self.neuron.model,
                    expected=f"neuron.model = {either(*KEYS_OF_NEURONS)}",
                    fix=self._in_place_of(noise.key()),
                )
            if noise.acts_on == "spikes" and noise.amount > self.simulation.duration * (1 + 1e-9):
                raise refuse(
                    "the standard deviation is longer than the trial",
                    key=noise.key(noise.parameter()),
                    value=noise.setting,
                    expected="at most simulation.duration = "
                    f"{format_quantity(self.simulation.duration, 'time')}",
                )
        return self


def _names_of(acts_on: str) -> list[str]:
    return [name for name, kind in NOISES.items() if kind.acts_on == acts_on]

"""The table [encoding] of a study file: what an image or a recording becomes before the first layer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from bioscnn.quantities import format_quantity
from bioscnn.studies.config.values import (
    Cells,
    Count,
    Current,
    Factor,
    Frequency,
    Table,
    Time,
    dropped,
    either,
    refuse,
)


class Encoding(Table):
    """How an image or a recording reaches the first neurons; each kind has its own keys beside `kind`."""

    kind: Literal["currents", "lif-layer", "rank-order", "poisson", "latency", "spike-time", "events"] = (
        "currents"
    )
    """What an image or a recording becomes before the first layer."""
    retina: Cells = ()
    """Cells that see the image first, such as ``["foveal-on", "foveal-off"]``; none: the pixels themselves.
    """
    keep: Annotated[float, Field(gt=0, le=1)] = 0.3
    """Share of the cells that fire, the most active first."""
    full_current: Current = 2e-9
    """Current of the strongest response into the layer of LIF neurons that comes first."""
    input_rate: Frequency = 100.0
    """Rate of input spikes that stands for an intensity of 1."""
    bin_size: Count = 1
    """Pixels of the sensor, each way, that share an input neuron."""
    frame: Time = 50e-3
    """Time in which events are counted for the trained network."""
    gain: Factor = 1.0
    """Factor of all input currents."""
    gain_control: Literal["none", "image"] | None = None
    """Whether each image sets its own gain; if left out, it does for cells and not for pixels."""
    full_response: dict[str, Factor] = Field(default={})
    """Response of each kind of cells that counts as 1, where images do not set their own gain."""

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

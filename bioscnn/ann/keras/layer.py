"""One layer of a Keras configuration: its numbers, checked, and its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.keras.archive import require_moderate
from bioscnn.ann.onnx.assembly import ANY_BATCH, NEWEST_OPSET, applied
from bioscnn.ann.onnx.operation import Operation
from bioscnn.ann.onnx.values import Builder, Value
from bioscnn.errors import UserError

Pair = tuple[int, int]
_LARGEST = 10**6


@dataclass(frozen=True, eq=False)
class KerasLayer:
    """One layer where it is called.

    Parameters
    ----------
    name : str
        With the names of the models that it lies in, such as ``"block/conv2d"``.
    kind : str
        Its class, such as ``"Conv2D"``.
    config : mapping
        From the archive: JSON.
    arrays : tuple of ndarray
        Its weights in the order of Keras.
    build : Builder
        Takes the layers that it becomes.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    arrays: tuple[NDArray[Any], ...]
    build: Builder

    @property
    def where(self) -> str:
        """What the layer is called in errors."""
        return f"layer {self.name!r} ({self.kind})"

    def apply(self, operator: str, *inputs: Value | NDArray[Any] | None, **attributes: Any) -> Value:
        """Return the result of an operator of ONNX on activations and constants."""
        for constant in inputs:
            if isinstance(constant, np.ndarray):
                require_moderate(constant, "a constant")
        op = Operation(operator, attributes, inputs, 1, ANY_BATCH, NEWEST_OPSET, self.build)
        return applied(op, self.where)[0]

    def weights(self, *names: str) -> tuple[NDArray[Any], ...]:
        """Return the weights, which have to be as many as are named."""
        if len(self.arrays) != len(names):
            raise UserError(
                f"{len(self.arrays)} arrays of weights",
                expected=f"{len(names)}: {', '.join(names)}",
                fix="save the model after it has been built: call it once, then model.save",
            )
        return self.arrays

    def require_outputs(self, key: str, outputs: int) -> None:
        """Refuse weights of another number of outputs than the configuration says."""
        if (configured := self.config.get(key, outputs)) != outputs:
            raise UserError(
                f"the weights have {outputs:,} outputs, the configuration says another number",
                value=f"{key} = {configured!r}",
                expected=f"{key} = {outputs}",
                fix="save the model again with model.save",
            )

    def setting(self, key: str, *accepted: Any) -> Any:
        """Return a setting that has to be one of some; the first one if it is missing."""
        value = self.config.get(key, accepted[0])
        if not any(value == choice and type(value) is type(choice) for choice in accepted):
            raise UserError(f"{key} = {value!r} is not supported", expected=" or ".join(map(repr, accepted)))
        return value

    def pair(self, key: str, default: Any = None, least: int = 1) -> Pair:
        """Return a setting for height and width, which may be told as one number."""
        value = self.config.get(key)
        value = default if value is None else value
        first, second = (value, value) if isinstance(value, int) else value
        return self.whole(key, first, least), self.whole(key, second, least)

    def whole(self, key: str, value: Any, least: int = 1) -> int:
        """Return a whole number."""
        if type(value) is not int or not least <= value <= _LARGEST:
            raise UserError(f"not a {key}", value=value, expected=f"a whole number from {least}")
        return value

    def number(self, key: str, default: float) -> float:
        """Return a finite number."""
        value = self.config.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise UserError(f"not a {key}", value=value, expected="a finite number")
        return float(value)

    @property
    def channels_first(self) -> bool:
        """Whether its images are (channels, height, width)."""
        return bool(self.setting("data_format", "channels_last", "channels_first") == "channels_first")

    def image(self, value: Value) -> Value:
        """Return an image of the layer as (channels, height, width)."""
        if len(value.shape) != 3:
            raise UserError(f"{self.kind} needs an image", value=value.shape)
        return value if self.channels_first else self.apply("Transpose", value, perm=[0, 3, 1, 2])

    def as_given(self, value: Value) -> Value:
        """Return an image, given as (channels, height, width), as the layer has it."""
        return value if self.channels_first else self.apply("Transpose", value, perm=[0, 2, 3, 1])

    @property
    def space(self) -> Pair:
        """Axes of height and width, counted with the batch."""
        return (2, 3) if self.channels_first else (1, 2)

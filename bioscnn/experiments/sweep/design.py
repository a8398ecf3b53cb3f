"""The table ``[design]`` of a sweep file: how its points are chosen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bioscnn.errors import UserError
from bioscnn.studies.config import Count, Seed, Table


class Design(Table):
    """How the points are chosen; each kind has its own keys beside the common ones."""

    kind: Literal["grid", "random", "latin-hypercube", "morris", "sobol"]
    points: Count = 100
    trajectories: Annotated[int, Field(ge=2)] = 20
    levels: Annotated[int, Field(ge=2, multiple_of=2)] = 4
    samples: Count = 256
    second_order: bool = False
    seed: Seed = 1
    seeds: Literal["common", "own"] = "common"
    weights: Literal["fixed", "converted"] = "fixed"
    gain: Literal["wired", "kept"] = "wired"

    @model_validator(mode="after")
    def _keys_of_the_kind(self) -> Design:
        for key in self.model_fields_set - {*COMMON, *KEYS_OF_DESIGNS[self.kind]}:
            kinds = [kind for kind, keys in KEYS_OF_DESIGNS.items() if key in keys]
            raise ValueError(
                UserError(
                    f"a design of kind {self.kind} does not have this key",
                    key=f"design.{key}",
                    expected=f"design.kind = {' or '.join(kinds)}",
                    fix="remove one of the two",
                )
            )
        if self.samples & (self.samples - 1):
            raise ValueError(
                UserError(
                    "Sobol's sequence is even only over a power of two",
                    key="design.samples",
                    value=self.samples,
                    expected="64, 128, 256, ...",
                    fix=f"write {1 << self.samples.bit_length()}",
                )
            )
        return self


KEYS_OF_DESIGNS = {
    "grid": (),
    "random": ("points",),
    "latin-hypercube": ("points",),
    "morris": ("trajectories", "levels"),
    "sobol": ("samples", "second_order"),
}
COMMON = ("kind", "seed", "seeds", "weights", "gain")

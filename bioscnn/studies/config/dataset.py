"""The table [dataset] of a study file: which examples, of which data, prepared how."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from bioscnn.datasets.caltech import SIZE
from bioscnn.datasets.own import KEYS_OF_KINDS, OwnData, kind_and_path
from bioscnn.datasets.recordings import EVENT_DATASETS
from bioscnn.studies.config.values import (
    Count,
    DatasetName,
    Factor,
    PerChannel,
    Pixels,
    Seed,
    Share,
    Table,
    dropped,
    either,
    refuse,
)

SMALLEST_DEVIATION = 1e-12
PREPROCESSING = ("mean", "std", "scale", "invert")
"""Keys of what was done to images before the trained network saw them."""


class Dataset(Table):
    """What is shown to the network: a data set that bioscnn knows, or data of the user's own."""

    name: DatasetName = "mnist"
    """The data: ``mnist``, ``fashion-mnist``, ``caltech``, ``nmnist``, ``ncaltech101``, or data of your own
    as ``folder:PATH``, ``idx:PATH``, ``npz:PATH`` or ``events:PATH``.
    """
    split: Literal["validation", "train", "test"] = "validation"
    """Which part of the data: choose settings on ``validation``, report ``test`` once."""
    trials: Count = 5000
    """How many examples, from the first on; classes take turns."""
    recordings: Literal["auto", "real", "held-out", "simulated"] = "auto"
    """Where recordings of known event data come from; ``auto`` takes real ones if they are on this machine.
    """
    size: tuple[Pixels, Pixels] | None = None
    """Height and width in pixels: those to which photographs are resized, or those of the camera's sensor."""
    colour: Literal["grey", "rgb"] = "grey"
    """Channels of photographs: one or three."""
    fit: Literal["pad", "crop", "stretch"] = "pad"
    """What becomes of a photograph with another aspect ratio."""
    validation_share: Share = 0.15
    """Share of each class that is drawn for choosing, where own data have no such part."""
    test_share: Share = 0.15
    """Share of each class that is drawn for scoring once, where own data have no such part."""
    split_seed: Seed = 1
    """Seed of that draw."""
    mean: PerChannel = (0.0,)
    """Mean that was subtracted from images in training; one number, or one per channel."""
    std: PerChannel = (1.0,)
    """Standard deviation that images were divided by in training; one number, or one per channel."""
    scale: Factor = 1.0
    """Factor of intensities from 0 to 1 in training: 255 for a network that was shown whole numbers."""
    invert: bool = False
    """Whether training showed black on white."""

    @model_validator(mode="before")
    @classmethod
    def _usual_size(cls, table: object) -> object:
        """Give photographs of Caltech101 the size of the shipped networks."""
        if isinstance(table, dict) and table.get("name") == WITH_SIZE and "size" not in table:
            return {**table, "size": SIZE}
        return table

    @property
    def recorded(self) -> bool:
        """Whether it consists of recordings of an event camera; else of images."""
        kind = kind_and_path(self.name)
        return self.name in EVENT_DATASETS or (kind is not None and kind[0] == "events")

    @property
    def own(self) -> OwnData | None:
        """Data of the user's own; None for those that bioscnn knows."""
        kind_path = kind_and_path(self.name)
        if kind_path is None:
            return None
        keys = {key: getattr(self, key) for key in KEYS_OF_KINDS[kind_path[0]]}
        return OwnData(kind_path[0], Path(kind_path[1]), **keys)

    @property
    def label(self) -> str:
        """The name without the folders in which own data lie."""
        kind_path = kind_and_path(self.name)
        return self.name if kind_path is None else f"{kind_path[0]}:{Path(kind_path[1]).name}"

    @model_validator(mode="after")
    def _keys_of_own_data(self) -> Dataset:
        kind_path = kind_and_path(self.name)
        keys = () if kind_path is None else KEYS_OF_KINDS[kind_path[0]]
        for key in sorted(self.model_fields_set.intersection(KEYS_OF_OWN_DATA) - {*keys}):
            kinds = [kind for kind, others in KEYS_OF_KINDS.items() if key in others]
            if key == "size" and self.name == WITH_SIZE:
                continue
            names = [f"{kind}:PATH" for kind in kinds] + ([WITH_SIZE] if key == "size" else [])
            raise refuse(
                f"the examples of {self.label} do not have this key",
                key=f"dataset.{key}",
                value=getattr(self, key),
                expected=f"dataset.name = {either(*names)}",
                fix="remove one of the two",
            )
        if self.validation_share + self.test_share >= 1:
            raise refuse(
                "nothing is left for training",
                key="dataset.test_share",
                value=self.test_share,
                expected=f"less than 1 together with dataset.validation_share = {self.validation_share:g}",
            )
        return self

    @model_validator(mode="after")
    def _preprocessing_of_images(self) -> Dataset:
        preprocessing = [key for key in PREPROCESSING if key in self.model_fields_set]
        if preprocessing and self.recorded:
            raise refuse(
                f"{self.label} consists of events, which have no intensities",
                key=f"dataset.{preprocessing[0]}",
                fix="remove the key",
            )
        if min(self.std) < SMALLEST_DEVIATION:
            raise refuse(
                "a standard deviation is positive",
                key="dataset.std",
                value=list(self.std),
                expected=f"> {SMALLEST_DEVIATION:g}",
            )
        return self

    @property
    def preprocesses(self) -> bool:
        """Whether the trained network sees other numbers than intensities from 0 to 1."""
        return any(getattr(self, key) != type(self).model_fields[key].default for key in PREPROCESSING)

    @model_validator(mode="after")
    def _recordings_of_images(self) -> Dataset:
        if "recordings" in self.model_fields_set and self.name not in EVENT_DATASETS:
            what = "recordings of real cameras" if self.recorded else "a set of images: nothing recorded them"
            raise refuse(
                f"{self.label} is {what}",
                key="dataset.recordings",
                value=self.recordings,
                fix=f"remove the key, or set dataset.name to {either(*EVENT_DATASETS)}",
            )
        return self

    @model_serializer(mode="wrap")
    def _without_keys_of_others(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        others = [] if self.name in EVENT_DATASETS else ["recordings"]
        if not self.preprocesses:
            others += PREPROCESSING
        kind_path = kind_and_path(self.name)
        keys = (
            ("size",) if self.name == WITH_SIZE else () if kind_path is None else KEYS_OF_KINDS[kind_path[0]]
        )
        others += [key for key in KEYS_OF_OWN_DATA if key not in keys]
        return dropped(write(self), (*others, *(["size"] if self.size is None else [])))


WITH_SIZE = "caltech"
"""The data set that bioscnn knows at any size."""

KEYS_OF_OWN_DATA = ("size", "colour", "fit", "validation_share", "test_share", "split_seed")

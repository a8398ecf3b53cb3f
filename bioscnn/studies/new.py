"""A new study file for data of a user's own, with what was found in them as comments."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from bioscnn.datasets.own import KEYS_OF_KINDS, OwnData, Survey, kind_and_path, survey, with_kind
from bioscnn.errors import UserError
from bioscnn.files import path_of, write_atomically
from bioscnn.studies.config.reference import keys_of_a_study
from bioscnn.studies.recipe import usual_batches
from bioscnn.studies.shipped import find_study, shipped_studies
from bioscnn.training.layers import layers_text, usual_layers

MOST_CLASSES = 20
"""Classes that are listed with their numbers of examples."""

LONGEST_NAME = 200
"""Bytes of the name of the file, which gets an ending more while it is written."""

FRAME_MS, LONGEST_MS = 50, 1000
"""Of a study of recordings: a frame, and the longest trial that is proposed."""

Code = Literal["rate", "time"]
"""What spikes say: as ``network.code``."""

READOUT_RULES = ("mean-potential", "spike-count", "peak-potential", "last-potential", "first-spike")
"""Of a study of rates; it begins with the first."""

_TUNING_BATCHES, _FEWEST_TUNED, _MOST_TUNED = 500, 8, 40
"""Batches of fine-tuning on spike times that are proposed, and epochs, at least and at most."""

_KINDS = {
    "folder": "images, a folder per class",
    "idx": "images in IDX files",
    "npz": "images in an npz file",
    "events": "recordings of an event camera, a folder per class",
}


@dataclass(frozen=True)
class NewStudy:
    """A study file that was written.

    Parameters
    ----------
    file : Path
        The file.
    sentences : tuple of str
        What was found in the data, in sentences.
    network : str or None
        Path of the network that the user has to provide; None if a shipped one was named.
    data : str or None
        Own data, as given; None if a shipped study was copied.
    code : str
        ``"rate"`` or ``"time"``.
    """

    file: Path
    sentences: tuple[str, ...]
    network: str | None = None
    data: str | None = None
    code: Code = "rate"

    @property
    def recorded(self) -> bool:
        """Whether the data are recordings of an event camera."""
        return self.data is not None and self.data.startswith("events:")


def new_study(name: str, data: str | None = None, folder: Path = Path(), code: Code = "rate") -> NewStudy:
    """Write a commented study file; parameters and errors are those of `bioscnn.new_study`."""
    stem = name.removesuffix(".toml") if isinstance(name, str) else ""
    if not re.fullmatch(r"\w[\w.+-]*", stem):
        raise UserError(
            "no name for a study",
            key="name",
            value=name,
            expected="letters, digits, and any of -_.+ behind the first",
        )
    file = folder / f"{stem}.toml"
    if len(file.name.encode()) > LONGEST_NAME:
        raise UserError(
            "the name is too long for a file",
            key="name",
            value=name,
            expected=f"{LONGEST_NAME} bytes at most",
        )
    if os.path.lexists(file):
        raise UserError("the file exists", file=file, fix="choose another name, or remove it")
    kind = kind_and_path(data or "mnist")
    if code not in get_args(Code):
        raise UserError("unknown code", key="code", value=code, expected='"rate" or "time"')
    if code == "time" and (kind is None or kind[0] == "events"):
        what = "a copy of a shipped study keeps its code" if kind is None else "recordings have no time code"
        raise UserError(
            what, key="code", value=code, expected="images of your own; or the shipped study mnist-time"
        )
    if kind is None:
        if meant := with_kind(data or "mnist"):
            expected = "own data with their kind, KIND:PATH; or a shipped study by its name"
            fix = f"--data {shlex.quote(meant)}"
            raise UserError("a path without a kind", key="data", value=data, expected=expected, fix=fix)
        source = find_study(Path(data or "mnist"))
        if source.suffix != ".toml":
            raise UserError(
                "no study", file=source, expected="a file that ends in .toml, or own data, KIND:PATH"
            )
        write_atomically(file, source.read_bytes())
        known = source.parent == shipped_studies()
        return NewStudy(file, (f"a copy of {f'the shipped study {source.stem}' if known else source}",))
    if not kind[1].strip():
        raise UserError("no path of own data", key="data", value=data, expected=f"{kind[0]}:PATH")
    if not kind[1].isprintable():
        raise UserError("a path that cannot be written into a study", key="data", value=data)
    path = path_of(kind[1])
    data_survey = survey(OwnData(kind[0], folder / path))
    lines = list(_lines(stem, kind[1], data_survey, code))
    write_atomically(file, ("\n".join(lines) + "\n").encode())
    return NewStudy(file, tuple(_described(data_survey)), f"{stem}.onnx", data, code)


def _described(data_survey: Survey) -> Iterator[str]:
    """Yield sentences that describe the data."""
    data, n = data_survey.data, len(data_survey.data.contents.labels)
    sizes = " x ".join(map(str, data_survey.smallest))
    if data_survey.smallest != data_survey.largest:
        sizes += f" to {' x '.join(map(str, data_survey.largest))}"
    what = "recordings" if data.recorded else "images"
    colour = "" if data.recorded else ", in colour" if data_survey.channels == 3 else ", grey"
    last = f", up to {1e3 * data_survey.longest:.0f} ms" if data.recorded else ""
    classes = f"{len(data.contents.classes):,} classes"
    yield f"{n:,} {what} of {classes}, {sizes} pixels (height x width){colour}{last}"
    for split in ("train", "validation", "test"):
        if split in data.splits:
            yield f"{split}: {data.count(split):,}, {data.splits[split].chosen}"


def _lines(name: str, path: str, data_survey: Survey, code: Code) -> Iterator[str]:
    """Yield the lines of the file."""
    data, classes = data_survey.data, data_survey.data.contents.classes
    yield f"# {name}: {_KINDS[data.kind]}."
    changed = 'simulation.dt="500 us"' if code == "time" else 'neuron.t_ref="1 ms"'
    if code == "time":
        yield "# One spike per neuron, whose time says its value: docs/time-code.md."
    yield f"# Any key can be changed on the command line: bioscnn run {name}.toml --set {changed}"
    yield "#"
    yield from (f"# {sentence}" for sentence in _described(data_survey))
    yield from (f"#   {row}" for row in _table(data, classes))
    split = next(split for split in ("validation", "test", "train") if split in data.splits)
    yield "\n[dataset]"
    relative = "" if path_of(path).is_absolute() else "relative to this file"
    yield _key("name", f"{data.kind}:{path}", relative)
    yield _key("split", split, " | ".join(s for s in ("validation", "train", "test") if s in data.splits))
    yield _key("trials", data.count(split), "the first so many; classes take turns")
    for key in KEYS_OF_KINDS[data.kind]:
        value = getattr(data, key)
        if value is not None and key.removesuffix("_share") not in data.contents.part_rows:
            yield _usual(f"dataset.{key}", list(value) if isinstance(value, tuple) else value)
    if not data.recorded:
        yield "# mean, std, scale, invert: what was done to images in training, see docs/your-network.md"
    yield from _rest(name, data_survey, len(classes), code)


def _rest(name: str, data_survey: Survey, n_classes: int, code: Code) -> Iterator[str]:
    """Yield all tables but the first."""
    recorded, by_times = data_survey.data.recorded, code == "time"
    frames = min(max(1, ceil(1e3 * data_survey.longest / FRAME_MS)), LONGEST_MS // FRAME_MS)
    yield "\n[encoding]"
    if recorded:
        yield _key("kind", "events", "each event is a spike of its pixel's and polarity's input neuron")
        yield _key("frame", f"{FRAME_MS} ms", "in which events are counted for the trained network")
    elif by_times:
        yield _key("kind", "spike-time", "each pixel is one spike, the sooner the brighter: also currents")
    else:
        yield _key("kind", "currents", "each pixel is a constant current: also poisson | latency | lif-layer")
    shape = data_survey.channels, data_survey.height, data_survey.width
    yield "\n[network]"
    yield f"# `bioscnn train {name}.toml` makes it. One of your own, from torch or Keras, has"
    yield f"# to take (channels, height, width) = {shape} and to give {n_classes} numbers, one per class."
    yield _key("model", f"{name}.onnx", "the path of a file, from this one; or a shipped network")
    if by_times:
        yield _key("code", "time", "one spike per neuron; of a network of rectifiers")
        yield "# scale = 1.0             # of what `--on times` made; of others, training images tell it"
    yield "\n[neuron]"
    models = "" if by_times else "lif | if | adaptive-lif | the path of a neuron's file, see docs/physics.md"
    yield _key("model", "lif", models)
    keys = ("tau_m", "V_th", "R_m") if by_times else ("tau_m", "t_ref", "V_th", "R_m", "reset")
    yield from (_usual(f"neuron.{key}") for key in keys)
    yield "\n[synapse]"
    yield _usual("synapse.tau_s")
    yield "\n[simulation]"
    if recorded:
        yield _key("duration", f"{frames * FRAME_MS} ms", "whole frames; the longest recording, or 1 s of it")
    elif by_times:
        yield _key("duration", "auto", "as long as the windows of all layers take")
    else:
        yield _key("duration", "100 ms", 'or "auto": as long as decisions need to settle')
    yield _usual("simulation.dt")
    not_genn = _key("device", "cpp_standalone", "cpp_standalone | numpy: what computes")
    yield not_genn if by_times else _usual("simulation.device")
    yield from (_usual(f"simulation.{key}") for key in ("jobs", "seed"))
    yield "\n[readout]"
    rules = ("last-potential", "first-spike") if by_times else READOUT_RULES
    yield _key("rule", rules[0], " | ".join(rules))
    yield from _training(data_survey, shape, by_times)


def _training(data_survey: Survey, shape: tuple[int, int, int], by_times: bool) -> Iterator[str]:
    """Yield the table of training; on spike times, so few images need more passes than the default."""
    n_training = max(1, data_survey.data.count("train"))
    batch_size, epochs = usual_batches(n_training)
    yield "\n[training]"
    yield "# 16c3s2p1: convolution, 16 channels, kernel 3, stride 2, padding 1; bn: batch normalisation;"
    yield "# ap2 | mp2: average or max pooling; d32: dense; see docs/training.md for all keys"
    yield _key("layers", layers_text(usual_layers(shape)), "the readout of the classes comes by itself")
    if by_times:
        yield _key("activation", "relu", "rectifiers, whose values spike times can say")
    yield _key("epochs", epochs, "passes through the training examples; fewer take less time")
    yield _key("batch_size", batch_size, "")
    yield _key("rotation", 8.0, "degrees, either way: how each example is changed each time it is shown")
    yield _key("shift", 1.2, "pixels, either way")
    yield _key("mirror", 0.0, "probability; 0.5 if left and right do not matter")
    if by_times:
        tuned = min(max(_FEWEST_TUNED, ceil(_TUNING_BATCHES * batch_size / n_training)), _MOST_TUNED)
        yield "\n[training.times]          # of `--on times`, which begins with the network above"
        yield _key("epochs", tuned, "")
        yield _key("batch_size", batch_size, "")
    else:
        yield "# spike_penalty = 0.05    # loss per thousand spikes of an image: a network that fires less"


def _usual(path: str, value: object = None) -> str:
    """Return the line of a key, with its default if no value is given, and what it is."""
    key = keys_of_a_study()[path]
    return _key(key.name, json.loads(key.default) if value is None else value, key.note)


def _key(key: str, value: object, note: str) -> str:
    text = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    return f"{text:<25} # {note}" if note else text


def _table(data: OwnData, classes: tuple[str, ...]) -> Iterator[str]:
    """Yield the number of examples of each class in each part."""
    splits = [split for split in ("train", "validation", "test") if split in data.splits]
    counts = {
        split: np.bincount(data.contents.labels[data.splits[split].rows], minlength=len(classes))
        for split in splits
    }
    yield f"{'class':<24} {' '.join(f'{split:>10}' for split in splits)}"
    for label, name in enumerate(classes[:MOST_CLASSES]):
        yield f"{name:<24} {' '.join(f'{counts[split][label]:>10,}' for split in splits)}"
    if len(classes) > MOST_CLASSES:
        yield f"... and {len(classes) - MOST_CLASSES:,} more"

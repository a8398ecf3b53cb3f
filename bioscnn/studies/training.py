"""Train the network of a study: its data, its folder, and the card that says how it was done."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph, LIFRate, ReLU, read_card, read_model, write_onnx
from bioscnn.datasets import EventSet, ImageSet
from bioscnn.errors import UserError
from bioscnn.files import made_folder, require_file, scratch_for_results, unwritable_is_told, write_json
from bioscnn.quantities import format_quantity
from bioscnn.simulation import Progress as Stages
from bioscnn.simulation.simulate import Silent
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.event_input import EventInput
from bioscnn.studies.image_input import ImageInput
from bioscnn.studies.prepare import input_kind
from bioscnn.studies.recipe import RANDOM, Recipe, refuse_keys_of_lif_rates, training_of_rectifiers
from bioscnn.training.settings import TrainingSettings
from bioscnn.training.train import require_torch, train

if TYPE_CHECKING:
    from bioscnn.training.fit import Progress

SHIPPED = Path("results/models")
"""Where networks are trained whose study names them without a path."""

_VERSIONS = 8
"""With noise, of each image, where the noise has to pass a front end and so cannot be drawn afresh."""


@dataclass(frozen=True, eq=False)
class TrainingExamples:
    """Examples as `bioscnn.training.train.train` takes them.

    Parameters
    ----------
    stimulus : ndarray, shape (n, channels, height, width), or SpikeTrains of n trials
        Intensities, float32; pixels, uint8; or input spikes.
    examples : ImageSet or EventSet
        What they were made of, with labels, classes, name and hash.
    shape : tuple of int
        Of the input population: channels, height and width.
    noisy : ndarray of float32, shape (versions, n, channels, height, width), optional
        What a front end makes of the images with noise, where ``training.noise`` asks for it.
    """

    stimulus: NDArray[Any] | SpikeTrains
    examples: ImageSet | EventSet
    shape: tuple[int, ...]
    noisy: NDArray[np.float32] | None = None


def load_training_examples(
    recipe: Recipe, split: str, data: Path | None, trials: int | None = None, progress: Stages | None = None
) -> TrainingExamples:
    """Load the examples of a recipe.

    Parameters
    ----------
    recipe : Recipe
        Which data, and how they are encoded.
    split : str
        ``"train"``, or ``"validation"`` for those that choose the epoch.
    data : Path or None
        The data folder, as in `bioscnn.datasets.load_dataset`.
    trials : int, optional
        The first so many, in place of the recipe's.
    progress : Progress, optional
        Told about work that takes longer than reading.

    Raises
    ------
    UserError
        As of the data sets.
    """
    config, keys = recipe.config, recipe.config.training
    limit = trials if trials is not None else recipe.examples if split == "train" else None
    try:
        loaded = input_kind(config).load(config, split, limit, data, progress or Silent())
    except UserError as error:
        raise error.but(key="training.examples" if error.key == "dataset.trials" else error.key) from None
    first = keys.validation_from if split == "validation" else 0
    if first >= (n := len(loaded.examples)):
        raise UserError(
            "no validation examples are left to choose the epoch",
            key="training.validation_from",
            value=first,
            expected=f"less than {n}",
        )
    if isinstance(loaded, EventInput):
        loaded = replace(loaded, examples=loaded.examples.take(slice(first, None)))
        if not loaded.encoded.n_spikes:
            raise UserError(
                f"no event of the {split} recordings is within a trial",
                key="simulation.duration",
                value=format_quantity(config.simulation.duration, "time"),
                expected="events whose times begin with the recording, in microseconds",
                fix="subtract the time of its first event from all times of a recording",
            )
        return TrainingExamples(loaded.encoded, loaded.examples, loaded.shape)
    assert isinstance(loaded, ImageInput)
    examples, shape = loaded.examples.take(slice(first, None)), loaded.shape
    if recipe.front_end is None:
        return TrainingExamples(examples.images, examples, shape)
    intensities, settings = examples.intensities(), recipe.settings(len(examples))
    noisy = _with_noise(intensities, settings) if split == "train" and settings.noise > 0 else ()
    simulation = config.simulation
    encoded, *versions = (
        loaded.front_end.intensities(images, simulation.n_steps, simulation.dt)
        for images in (intensities, *noisy)
    )
    largest, rate = float(max(map(np.max, (encoded, *versions)))), config.encoding.input_rate
    if largest > 1:
        raise UserError(
            "inputs fire faster than the rate that stands for an intensity of 1",
            key="encoding.input_rate",
            value=format_quantity(rate, "frequency"),
            expected=f"{format_quantity(math.ceil(largest * rate), 'frequency')} or more",
        )
    return TrainingExamples(encoded, examples, shape, np.stack(versions) if versions else None)


def _with_noise(images: NDArray[np.float32], settings: TrainingSettings) -> Iterator[NDArray[np.float32]]:
    """Yield the images with noise, each time another."""
    import torch

    from bioscnn.training.fit import generator
    from bioscnn.training.noise import image_noise

    noise = generator(settings.seed, "noise")
    for _ in range(_VERSIONS):
        yield image_noise(torch.from_numpy(images), 1.0, noise).numpy()


def network_file(recipe: Recipe, out: Path | None = None) -> Path:
    """Return the file of the network that a recipe makes, in a folder, or where its study has it."""
    model = Path(recipe.config.network.model)
    return (out or (model.parent if model.suffix else SHIPPED)) / f"{recipe.name}.onnx"


def made_otherwise(file: Path, recipe: Recipe) -> str | None:
    """Return the command that made the network in a file, if it was not that of a recipe; else None."""
    card = read_card(file) if file.exists() else None
    command = None if card is None else str(card.get("command"))
    return None if command == recipe.command else command


def _folder_that_is_there(folder: Path) -> Path:
    """Return a folder, or the nearest one around it that exists."""
    for path in (folder, *folder.absolute().parents):
        with suppress(OSError):  # such as a name that is too long
            if path.is_dir():
                return path
    return Path()


def train_recipe(
    recipe: Recipe,
    data: Path | None,
    out: Path | None = None,
    progress: Progress | None = None,
    *,
    stages: Stages | None = None,
) -> tuple[Path, dict[str, Any]]:
    """Train a network by its recipe, and write ``<name>.onnx`` and its card ``<name>.json``.

    A shipped network that the recipe begins with, or that teaches, is that of the same folder if it was
    trained there. While it trains, ``<name>.checkpoint.npz`` keeps the state; an interrupted training goes on
    from it.

    Parameters
    ----------
    recipe : Recipe
        What to train and how.
    data : Path or None
        The data folder, as in `bioscnn.datasets.load_dataset`.
    out : Path, optional
        Folder of the two files; that of the network in the study if left out.
    progress : callable, optional
        As in `bioscnn.training.train.train`.
    stages : Progress, optional
        Told about the loading of data that takes long.

    Returns
    -------
    file : Path
        The ONNX file.
    card : dict
        As of `bioscnn.training.train.train`; it also names the data, their hash, the command, and the network
        that training began with.

    Raises
    ------
    UserError
        As of `bioscnn.training.train.train`; if the data cannot be had or the folder not be written; or if
        the file is there and was not made by training.
    """
    require_torch()
    file = network_file(recipe, out)
    folder = file.parent
    _refuse_foreign(file)
    with scratch_for_results(_folder_that_is_there(folder), ".unfinished"):
        pass  # one that takes no files, such as those of /proc, is told before data are loaded
    training, validation = (
        load_training_examples(recipe, split, data, progress=stages) for split in ("train", "validation")
    )
    settings, classes = recipe.settings(len(training.examples)), training.examples.classes
    if recipe.start is None:
        graph = recipe.initial(training.shape, len(classes), settings.seed)
    else:
        start = _network("start", recipe.start, folder, training)
        graph = replace(with_neuron(start, recipe.neuron), name=recipe.name)
        if not any(isinstance(layer, LIFRate) for layer in graph.layers):
            refuse_keys_of_lif_rates(recipe.config)
    teacher = None if recipe.teacher is None else _network("teacher", recipe.teacher, folder, training)
    checkpoint = folder / f"{recipe.name}.checkpoint.npz"
    with made_folder(folder), unwritable_is_told(folder), _start_is_named(recipe):
        trained, measured = train(
            graph,
            training.stimulus,
            training.examples.labels,
            validation.stimulus,
            validation.examples.labels,
            settings,
            teacher,
            checkpoint,
            progress,
            training.noisy,
        )
        card = {
            "name": recipe.name,
            "command": recipe.command,
            "started_from": recipe.start or RANDOM,
            "teacher": recipe.teacher,
            "classes": list(classes),
            "training": recipe.config.training.model_dump(),
            "data": {
                split: {
                    "name": part.examples.name,
                    "n": len(part.examples),
                    "sha256": part.examples.sha256,
                    "source": part.examples.source,
                }
                for split, part in (("train", training), ("validation", validation))
            },
            **recipe.facts(),
            **measured,
        }
        # The card first: a network without one would be taken for somebody else's.
        write_json(file.with_suffix(".json"), card)
        write_onnx(trained, file, {"weights_sha256": card["weights_sha256"]})
        checkpoint.unlink(missing_ok=True)
    return file, card


@contextmanager
def _start_is_named(recipe: Recipe) -> Iterator[None]:
    """Name the network that cannot be begun with, and the command that trains one that can."""
    try:
        yield
    except UserError as error:
        if error.key != "training.start" or recipe.start is None:
            raise
        command, _ = training_of_rectifiers((recipe.arguments or (recipe.name,))[0], recipe.start)
        fix = f"{command}, then the same with --on {recipe.stage}"
        raise error.but(value=recipe.start, fix=fix) from None


def _network(key: str, name: str, folder: Path, training: TrainingExamples) -> LayerGraph:
    """Return a network that was trained into the same folder, or else the one of that name.

    Raises
    ------
    UserError
        If it takes other images, or tells another number of classes apart; of a teacher, also other classes.
    """
    beside = folder / f"{name}.onnx"
    source = beside if not Path(name).suffix and beside.exists() else name
    graph = read_model(source)
    n_classes = len(training.examples.classes)
    if graph.input_shape != training.shape or graph.n_classes != n_classes:
        raise UserError(
            "the network does not fit the examples",
            key=f"training.{key}",
            value=f"{name}: {graph.input_shape} to {graph.n_classes} classes",
            expected=f"{training.shape} to {n_classes} classes",
        )
    card_classes, classes = (read_card(source) or {}).get("classes"), list(training.examples.classes)
    if key == "teacher" and isinstance(card_classes, list) and card_classes != classes:
        raise UserError(
            "the teacher has other classes, or has them in another order",
            key="training.teacher",
            value=f"{name}: {', '.join(map(str, card_classes[:10]))}",
            expected=", ".join(map(str, classes[:10])),
        )
    return graph


def with_neuron(graph: LayerGraph, neuron: LIFRate | ReLU) -> LayerGraph:
    """Return a network whose LIF rates are those of a study's neuron, which is what will be simulated."""

    def of_the_study(layer: LIFRate) -> LIFRate:
        assert isinstance(neuron, LIFRate)
        names = ("tau_m", "t_ref")
        # Times read from a file are rounded; equal ones are left, and the weights stay the same bit for bit.
        if all(math.isclose(getattr(layer, n), getattr(neuron, n), rel_tol=1e-6) for n in names):
            return layer
        return replace(layer, tau_m=neuron.tau_m, t_ref=neuron.t_ref)

    if not isinstance(neuron, LIFRate):
        return graph
    return graph.with_layers([of_the_study(x) if isinstance(x, LIFRate) else x for x in graph.layers])


def _refuse_foreign(file: Path) -> None:
    """Refuse to write over a network that no training has made.

    Raises
    ------
    UserError
        If there is a file, and no card of a training beside it; or what is there is no file.
    """
    for path in (file, file.with_suffix(".json"), file.with_suffix(".checkpoint.npz")):
        require_file(path)
    if not file.exists():
        return
    card = read_card(file)
    if card is None or "weights_sha256" not in card or "epochs" not in card:
        raise UserError(
            "a network is there already, and its card does not say that it was trained here",
            file=file,
            fix="remove it, or give --out another folder",
        )

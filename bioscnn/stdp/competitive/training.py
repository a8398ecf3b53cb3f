"""Training: image after image without labels, in parts that can be resumed, then classes of neurons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.draws import draw_key
from bioscnn.errors import UserError
from bioscnn.files import write_npz
from bioscnn.fingerprint import hash_of
from bioscnn.seeds import stream
from bioscnn.stdp.competitive.model import Model
from bioscnn.stdp.competitive.settings import Circuit, Precision
from bioscnn.stdp.competitive.simulate import Answers, State, compiled_program, fresh_state, show
from bioscnn.stdp.labels import assign, mean_answers, votes
from bioscnn.stdp.network import array_of, read_checkpoint

PART = 2500
"""Images between two checkpoints."""

Told = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Progress:
    """A training so far.

    Parameters
    ----------
    state : State
        What the network has learned.
    seen, slots : int
        Images that were shown, and presentations, repeated ones included.
    answers : ndarray of uint16, shape (n_images, n_neurons)
        Spikes in answer to the last part, while weights still changed.
    curve : list of tuple
        Images seen before each part but the first, and the accuracy on that part of classes that were
        assigned on the part before it: no image is judged by an answer that it had a share in.
    """

    state: State
    seen: int
    slots: int
    answers: NDArray[np.uint16]
    curve: tuple[tuple[int, float], ...] = ()


def train(
    model: Model,
    circuit: Circuit,
    images: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    passes: int,
    seed: int,
    checkpoint: Path | None = None,
    precision: Precision = "float32",
    told: Told | None = None,
) -> Iterator[Progress]:
    """Yield a training after each part; it goes on from its checkpoint, bit for bit, if there is one.

    Parameters
    ----------
    model, circuit : Model, Circuit
        The network.
    images : ndarray of float32, shape (n_images, n_inputs)
        Intensities, 0 to 1; shown in an order of its own in each pass.
    labels : ndarray of int64, shape (n_images,)
        For the curve alone.
    passes : int
        How often all images are shown.
    seed : int
        Of weights, order and input spikes.
    checkpoint : Path, optional
        File that is written after each part.
    precision : str
        Of the simulation.
    told : callable, optional
        Told how many images of a part are done.

    Raises
    ------
    UserError
        If the checkpoint is that of another training.
    """
    key, name = input_key(seed), _name(model, circuit, images, seed, precision)
    now = resumed(checkpoint, name, model, circuit)
    if now is None:
        state = fresh_state(model, circuit, stream(seed, "stdp", "weights"))
        now = Progress(state, 0, 0, np.zeros((0, circuit.n_neurons), np.uint16))
    n, total, n_classes = len(images), passes * len(images), int(labels.max()) + 1
    if now.seen >= total:
        yield now
    while now.seen < total:
        which, first = divmod(now.seen, n)
        order = stream(seed, "stdp", "order", which).permutation(n)
        part = order[first : first + PART]
        ordinals = now.seen + np.arange(len(part))
        state, answers = show(
            model, circuit, now.state, images[part], ordinals, key, learns=True, precision=precision,
            told=told,
        )  # fmt: skip
        curve = now.curve
        if len(now.answers):
            before = _labels_of_part(labels, n, seed, now.seen, len(now.answers))
            curve = (
                *curve,
                (now.seen, _accuracy(now.answers, before, answers.counts, labels[part], n_classes)),
            )
        now = Progress(
            state, now.seen + len(part), now.slots + int(answers.presentations.sum()), answers.counts, curve
        )
        if checkpoint is not None:
            _write(checkpoint, name, now)
        yield now


def input_key(seed: int, purpose: str = "training") -> int:
    """Return the key of the input spikes of a training, or of what comes after it."""
    return draw_key(stream(seed, "stdp", purpose, "inputs"))


def _labels_of_part(labels: NDArray[np.int64], n: int, seed: int, end: int, length: int) -> NDArray[np.int64]:
    """Return the labels of the images of the part that ended before image `end`."""
    which, last = divmod(end - 1, n)
    order = stream(seed, "stdp", "order", which).permutation(n)
    return labels[order[last + 1 - length : last + 1]]


def _accuracy(
    before: NDArray[np.uint16], labels: NDArray[np.int64],
    counts: NDArray[np.uint16], wanted: NDArray[np.int64], n_classes: int,
) -> float:  # fmt: skip
    try:
        assigned = assign(mean_answers(before, labels, n_classes))
    except UserError:  # a short part lacks a class
        return float("nan")
    return float(np.mean(votes(counts, assigned, n_classes).argmax(axis=1) == wanted))


def _name(model: Model, circuit: Circuit, images: NDArray[np.float32], seed: int, precision: str) -> str:
    return hash_of(model.table(), circuit.as_dict(), images, seed, precision)


def _write(path: Path, name: str, now: Progress) -> None:
    arrays: dict[str, Any] = {
        "training": np.array(name),
        "weight": now.state.weight,
        "seen": np.array([now.seen, now.slots]),
        "answers": now.answers,
        "curve": np.array(now.curve, np.float64).reshape(-1, 2),
    }
    write_npz(path, arrays | {f"kept_{key}": values for key, values in now.state.kept.items()})


def resumed(path: Path | None, name: str, model: Model, circuit: Circuit) -> Progress | None:
    """Return the training of this name that a checkpoint holds; None where there is no checkpoint.

    Raises
    ------
    UserError
        If it is another's, or damaged.
    """
    arrays = read_checkpoint(path, name)
    if path is None or arrays is None:
        return None
    n = circuit.n_neurons
    kept = {part.name: array_of(path, arrays, f"kept_{part.name}", n) for part in model.excitatory.kept}
    state = State(array_of(path, arrays, "weight", circuit.n_inputs, n), kept)
    seen, slots = map(int, array_of(path, arrays, "seen", 2))
    points = array_of(path, arrays, "curve", None, 2, finite=False)
    curve = tuple((int(images), float(share)) for images, share in points if np.isfinite(images))
    return Progress(state, max(0, seen), slots, array_of(path, arrays, "answers", None, n), curve)


def answers_of(
    model: Model,
    circuit: Circuit,
    state: State,
    images: NDArray[np.float32],
    key: int,
    *,
    jobs: int = 1,
    rasters: int = 0,
    precision: Precision = "float32",
    told: Told | None = None,
) -> Answers:
    """Return what a network answers to images while nothing of it changes.

    Parameters
    ----------
    jobs : int
        Programs at a time, each with its share of the images; they decide no result.
    model, circuit, state, images, key, rasters, precision, told
        As of `show`; the first of several programs tells.
    """
    shares = np.array_split(np.arange(len(images)), max(1, min(jobs, len(images))))

    def answer(share: NDArray[np.int64]) -> Answers:
        first = share[0] == 0
        _, answers = show(
            model, circuit, state, images[share], share, key, learns=False, precision=precision,
            rasters=rasters if first else 0, told=told if first else None,
        )  # fmt: skip
        return answers

    compiled_program(model, circuit, precision)
    with ThreadPoolExecutor(len(shares)) as pool:
        parts = list(pool.map(answer, shares))
    return Answers(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Answers)))

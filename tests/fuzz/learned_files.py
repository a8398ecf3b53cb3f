"""Networks that learned without labels, their studies, equations and checkpoints: valid ones, and readers."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np

from tests.fuzz.reader import SIMS, packed

STUDIES = ("mnist-stdp", "mnist-stdp-convolutional", "caltech-stdp")


def studies(folder: Path) -> list[bytes]:
    return [(SIMS / f"{name}.toml").read_bytes() for name in STUDIES]


def study(path: Path) -> object:
    from bioscnn.stdp.study import read_learned_study
    from bioscnn.studies import read_study

    found = read_learned_study(path)
    return read_study(path) if found is None else found.toml()


def equations(folder: Path) -> list[bytes]:
    from bioscnn.stdp.competitive.model import FILES, SHIPPED

    return [(SHIPPED / name).read_bytes() for name in FILES.values()]


def model(path: Path) -> object:
    """Read a file as what it says it is."""
    from bioscnn.stdp.competitive.model import read_model

    text = path.read_bytes()
    name = "synapse" if b"on_p" in text else "excitatory" if b"between" in text else "inhibitory"
    return read_model(**{name: path}).table()


@cache
def shown() -> Any:
    from bioscnn.datasets.mnist import load_embedded

    return load_embedded().take(np.arange(3))


@cache
def keys() -> Any:
    from bioscnn.stdp.study import read_learned_study

    found = read_learned_study(SIMS / "mnist-stdp.toml", ["learning.neurons=3"])
    assert found is not None
    return found.config


def card(rule: str, learning: dict[str, Any], **facts: Any) -> dict[str, Any]:
    data = {"dataset": "mnist", "split": "train", "n": 60_000, "sha256": "d"}
    return {
        "name": "net", "rule": rule, "n_inputs": 784, "classes": list("0123456789"), "learning": learning,
        "data": data, "images_seen": 60, "labels_used": 50, "curve": [[30, 0.5], [60, 0.75]],
        "curve_of": "Accuracy", "equations": {"neuron": "dV/dt = 0"}, "command": "bioscnn train x", **facts,
    }  # fmt: skip


def networks(folder: Path) -> list[bytes]:
    from bioscnn.stdp.competitive.config import circuit_of
    from bioscnn.stdp.competitive.model import read_model
    from bioscnn.stdp.network import write_network

    learning = keys().learning
    arrays = {"weight": np.ones((784, 3), np.float16), "answers": np.ones((10, 3), np.float32),
              "kept_theta": np.ones(3, np.float32)}  # fmt: skip
    write_network(folder / "net" / "net.npz", arrays, card(
        "competitive", learning.model_dump(),
        model=read_model().table(), circuit=circuit_of(learning, 784).as_dict(),
    ))  # fmt: skip
    return [packed(folder / "net")]


def read_network(path: Path) -> object:
    """Run a network whose card knows its arrays; nothing is simulated, and no figure drawn."""
    from bioscnn.files import read_npz
    from bioscnn.simulation.simulate import Silent
    from bioscnn.stdp import run
    from bioscnn.stdp.competitive import classify
    from bioscnn.stdp.network import hash_of_arrays
    from bioscnn.stdp.study import LearnedStudy

    classify.answers_of = answers  # type: ignore[assignment]
    run.load_images = lambda *asked: shown()
    run.write_page = lambda page, folder: folder
    for file in path.iterdir():
        if file.is_symlink():
            file.unlink()  # networks may be links, as stores of networks have them: they are followed
    arrays, card = read_npz(path / "net.npz"), path / "net.json"
    if arrays is not None:
        with suppress(OSError, ValueError, TypeError, RecursionError):
            if card.is_file():
                known = json.loads(card.read_text("utf-8")) | {"weights_sha256": hash_of_arrays(arrays)}
                card.write_text(json.dumps(known), "utf-8")
    config = keys()
    learning = config.learning.model_copy(update={"network": str(path / "net.npz")})
    study = LearnedStudy("net", config.model_copy(update={"learning": learning}))
    results = path.parent / "results"
    rmtree(results, ignore_errors=True)  # its index would grow with every network that is read
    return run.run_learned(study, data=None, out=None, results=results, progress=Silent()).summary


def answers(model: Any, circuit: Any, state: Any, images: Any, *asked: Any, **how: Any) -> Any:
    from bioscnn.stdp.competitive.simulate import RASTER, Answers

    ones = np.ones(len(images), np.int64)
    counts = np.ones((len(images), circuit.n_neurons), np.uint16)
    return Answers(counts, *[ones] * 5, np.zeros(1, RASTER))


@cache
def training() -> Any:
    from bioscnn.stdp.competitive.config import circuit_of
    from bioscnn.stdp.competitive.model import read_model

    return read_model(), circuit_of(keys().learning, 784)


def checkpoint(folder: Path) -> list[bytes]:
    from bioscnn.files import write_npz

    path = folder / "checkpoint.npz"
    write_npz(path, {
        "training": np.array("me"), "weight": np.ones((784, 3), np.float32), "kept_theta": np.ones(3),
        "seen": np.array([60, 70]), "answers": np.ones((10, 3), np.uint16), "curve": np.ones((2, 2)),
    })  # fmt: skip
    return [path.read_bytes()]


def resume(path: Path) -> object:
    from bioscnn.stdp.competitive.training import resumed

    return resumed(path, "me", *training())


def architecture() -> Any:
    from bioscnn.stdp.convolutional.classify import architecture
    from bioscnn.stdp.study import read_learned_study

    changes = ["learning.first.maps=2", "learning.second.maps=3"]
    found = read_learned_study(SIMS / "mnist-stdp-convolutional.toml", changes)
    assert found is not None
    return architecture(found.config.learning)


def layers(folder: Path) -> list[bytes]:
    from bioscnn.files import write_npz

    path, arrays = folder / "checkpoint.npz", {"training": np.array("me"), "seen": np.array([6, 0])}
    for layer, shape in zip(("first", "second"), architecture().shapes(), strict=True):
        arrays |= {f"{layer}_weights": np.ones(shape, np.float32), f"{layer}_wins": np.ones(shape[-1], int),
                   f"{layer}_unsettled": np.ones((1, 2))}  # fmt: skip
    write_npz(path, arrays)
    return [path.read_bytes()]


def resume_layers(path: Path) -> object:
    from bioscnn.stdp.convolutional.training import resumed

    return resumed(path, "me", architecture())

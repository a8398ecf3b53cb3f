"""Which simulations a benchmark consists of: one study file, a few of its keys changed for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from bioscnn.ann import read_card, read_model, shipped_models
from bioscnn.ann.models import locate
from bioscnn.datasets import load_dataset
from bioscnn.errors import UserError
from bioscnn.quantities import format_quantity
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.prepare import prepare
from bioscnn.studies.study import Study, read_study

LONG = 100e-3
"""Duration of the trials behind accuracy against time, s."""

TIME_STEPS = (1e-3, 0.5e-3, 0.1e-3)
RESETS = ("exact", "subtract", "zero")
REFERENCE = ("exact", TIME_STEPS[-1])
"""Reset rule and time step (s) that the others are compared with."""

Case = tuple[str, float]


@dataclass(frozen=True)
class Benchmark:
    """What is measured.

    Parameters
    ----------
    name : str
        Name of the benchmark and of its folder, such as ``"mnist"``.
    study : Path
        The study that all simulations are made of.
    networks : tuple of str
        Shipped networks or ONNX files.
    split : str
        Images that accuracies are reported on.
    trials : int or None
        The first so many images of each split; None for all.
    time_step_trials : int
        Validation images that time steps and reset rules are compared on.
    changes : tuple of str
        ``"table.key=value"``, as on the command line.

    Raises
    ------
    UserError
        If there is no such network, or two have one name.
    """

    name: str
    study: Path
    networks: tuple[str, ...]
    split: str = "test"
    trials: int | None = None
    time_step_trials: int = 500
    changes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [title(network) for network in self.networks]
        if len(set(names)) < len(names):
            raise UserError(
                "two networks of one name", key="--network", value=names, expected="each file name once"
            )

    @property
    def command(self) -> str:
        """The command that repeats it."""
        words = ["bioscnn benchmark", self.name]
        if self.networks != _shipped(self.name):
            words += [f"--network {network}" for network in self.networks]
        if self.study != Path("sims") / f"{self.name}.toml":
            words.append(f"--study {self.study}")
        for option, value in (("split", self.split), ("trials", self.trials)):
            words += [] if value in ("test", None) else [f"--{option} {value}"]
        words += [f"--set {change}" for change in self.changes if not change.startswith("simulation.jobs")]
        return " ".join(words)

    def read(self, *changes: str) -> Study:
        """Return the study with the benchmark's changes and then some more."""
        return read_study(self.study, [*self.changes, *changes])


@dataclass(frozen=True)
class Task:
    """One simulation.

    Parameters
    ----------
    what : str
        For the progress, such as ``"mnist-small, 30 ms of 10,000 test images"``.
    study : Study
        What is simulated.
    work : float
        About how long it takes, in neurons times steps: for the progress.
    with_ann : bool
        Whether the trained network classifies the images too.
    """

    what: str
    study: Study
    work: float
    with_ann: bool = False


@dataclass(frozen=True)
class Tasks:
    """The simulations of one network.

    Parameters
    ----------
    network : str
        Its name, without folder and ending.
    weights_sha256 : str
        Its fingerprint.
    choice : Task
        Validation images, which choose the readout.
    headline : Task
        The images that the accuracy is reported on, for the duration of the study.
    long : Task
        The same images for `LONG`.
    time_steps : dict of Task
        Validation images, by reset rule and time step (s).
    """

    network: str
    weights_sha256: str
    choice: Task
    headline: Task
    long: Task
    time_steps: dict[Case, Task]

    def all(self) -> list[Task]:
        """Return every task, the most wanted first."""
        return [self.choice, self.headline, self.long, *self.time_steps.values()]


def title(network: str) -> str:
    """Return the name under which a network appears, without folder and ending.

    Raises
    ------
    UserError
        If there is no such network.
    """
    return locate(network).stem


def shipped_networks(name: str) -> tuple[str, ...]:
    """Return the shipped networks of a data set, sorted by name.

    Raises
    ------
    UserError
        If there is none.
    """
    found = _shipped(name)
    if not found:
        raise UserError(
            "no shipped network for this data set", key="dataset", value=name,
            expected=f"a name that begins one of {', '.join(shipped_models())}",
            fix="name the networks with --network",
        )  # fmt: skip
    return found


def _shipped(name: str) -> tuple[str, ...]:
    of_name = [model for model in shipped_models() if model.startswith(f"{name}-")]
    return tuple(model for model in of_name if _is_compared(read_card(model) or {}))


def _is_compared(card: dict[str, Any]) -> bool:
    """Say whether the benchmark is about such a network.

    One behind a front end of its own does not fit the study, and one that was shown noise answers another
    question than that of clean images.
    """
    return "encoding" not in card and not card.get("settings", {}).get("noise")


def count_images(benchmark: Benchmark, data: Path | None) -> dict[str, int]:
    """Return how many images each split that is needed has.

    Raises
    ------
    UserError
        If the study is wrong, or the images cannot be had.
    """
    study = benchmark.read().config
    refuse_noise(study, "a benchmark compares networks without noise")
    name = study.dataset.name
    if study.encoding.kind != "currents":
        raise UserError(
            "a benchmark compares networks of images",
            key="dataset.name",
            value=name,
            fix="cross-validate a network of recordings: `bioscnn cross-validate`",
        )
    splits = dict.fromkeys(("validation", benchmark.split))
    return {split: len(load_dataset(name, split, data=data)) for split in splits}


def tasks_of(benchmark: Benchmark, network: str, n_images: dict[str, int], data: Path | None) -> Tasks:
    """Return the simulations of one network.

    Parameters
    ----------
    benchmark : Benchmark
        What is measured.
    network : str
        One of its networks.
    n_images : dict of int
        From `count_images`.
    data : Path or None
        Data folder.

    Raises
    ------
    UserError
        If the study or the network is wrong, or the images do not fit the network.
    """
    graph = read_model(network)
    neurons = sum(prod(s) for node, s in zip(graph.nodes, graph.shapes, strict=True) if node.activates)

    def task(split: str, most: int | None = None, changes: Sequence[str] = (), ann: bool = False) -> Task:
        changes = [f"network.model={network}", f"dataset.split={split}", *changes]
        n = min(limit for limit in (n_images[split], most, benchmark.trials) if limit is not None)
        study = benchmark.read(*changes, f"dataset.trials={n}")
        keys = study.config.simulation
        duration, dt = (format_quantity(time, "time") for time in (keys.duration, keys.dt))
        what = (
            f"{title(network)}: {n:,} {split} images, {duration}, dt {dt}, reset {study.config.neuron.reset}"
        )
        return Task(what, study, float(n * keys.n_steps * neurons), ann)

    choice = task("validation")
    prepare(choice.study, data)
    return Tasks(
        title(network),
        graph.sha256(),
        choice,
        headline=task(benchmark.split, ann=True),
        long=task(benchmark.split, changes=[f"simulation.duration={format_quantity(LONG, 'time')}"]),
        time_steps={
            (reset, dt): task(
                "validation",
                benchmark.time_step_trials,
                [f"neuron.reset={reset}", f"simulation.dt={format_quantity(dt, 'time')}"],
            )
            for dt in TIME_STEPS
            for reset in RESETS
        },
    )

"""The commands that are disturbed, in their smallest sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.place import Place
from tests.processes import ROOT

BIOSCNN = ("-m", "bioscnn")
STUDY = str(ROOT / "sims" / "mnist.toml")
RUN = (*BIOSCNN, "run", STUDY, "--trials", "50")
SWEEP = f"""
study = "{STUDY}"
[set]
"dataset.trials" = 2
[design]
kind = "grid"
[parameters]
"network.weight_scale" = {{ low = 0.5, high = 2, scale = "log", steps = 3 }}
"encoding.gain" = {{ low = 0.5, high = 2, scale = "log", steps = 3 }}
"""


def _nothing(place: Place) -> None:
    pass


def _sweep_file(place: Place) -> None:
    (place.work / "small.toml").write_text(SWEEP)


def _finished_run(place: Place) -> None:
    code, said = place.run(RUN)
    assert code == 0, said


@dataclass(frozen=True)
class Command:
    """A command, and what has to be there before it.

    Parameters
    ----------
    words : tuple of str
        For Python.
    prepare : callable
        Called with a `Place`.
    warm : bool
        Whether it begins with the programs that it has compiled before.
    """

    words: tuple[str, ...]
    prepare: Callable[[Place], None] = _nothing
    warm: bool = True


COMMANDS = {
    "run": Command(RUN),
    "first run": Command(RUN, warm=False),
    "train": Command(
        (*BIOSCNN, "train", "mnist-small", "--epochs", "2", "--out", "networks",
         "--set", "training.examples=1000", "--set", "training.layers=4c5s4")
    ),
    "sweep": Command((*BIOSCNN, "sweep", "small.toml", "--jobs", "2"), _sweep_file),
    "noise": Command(
        (*BIOSCNN, "noise", STUDY, "--quick", "--trials", "5", "--kinds", "blur", "--jobs", "2",
         "--networks", "soft LIF")
    ),
    "time-step": Command(
        (*BIOSCNN, "time-step", STUDY, "--trials", "5", "--steps", "1 ms,0.5 ms", "--jobs", "2")
    ),
    "fetch": Command(("-m", "tests.faults.fetching", "mnist"), warm=False),
    "fetch archive": Command(("-m", "tests.faults.fetching", "nmnist"), warm=False),
    "report": Command((*BIOSCNN, "report", "results/mnist/latest"), _finished_run),
    "export": Command((*BIOSCNN, "export", "results/mnist/latest", "--to", "csv"), _finished_run),
}  # fmt: skip

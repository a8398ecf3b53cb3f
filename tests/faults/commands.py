"""The commands that are disturbed, in their smallest sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bioscnn.datasets.folders import data_folder
from tests.faults.place import Place
from tests.processes import ROOT

BIOSCNN = ("-m", "bioscnn")
SMALLER = ("-m", "tests.faults.smaller")
STUDY = str(ROOT / "sims" / "mnist.toml")
FOVEAL = str(ROOT / "sims" / "mnist-foveal.toml")
NMNIST = str(ROOT / "sims" / "nmnist.toml")
SIMULATED = ("--set", "dataset.recordings=simulated")
OF_A_DIGIT = 2
"""Real recordings of each digit that are divided into folds."""

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


def _two_runs(place: Place) -> None:
    for name, gain in (("one", "1"), ("other", "0.5")):
        code, said = place.run((*RUN, "--set", f"encoding.gain={gain}", "--out", name))
        assert code == 0, said


def _shard_elsewhere(place: Place) -> None:
    _sweep_file(place)
    code, said = place.run((*COMMANDS["sweep"].words, "--shard", "1/2"))
    assert code == 0, said
    (place.work / "results").rename(place.work / "elsewhere")


def _few_recordings(place: Place) -> None:
    every = Path(data_folder(None) or "", "N-MNIST", "Train")
    for digit in sorted(every.iterdir()):
        few = place.work / "data" / "N-MNIST" / "Train" / digit.name
        few.mkdir(parents=True)
        for recording in sorted(digit.iterdir())[:OF_A_DIGIT]:
            (few / recording.name).symlink_to(recording)


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

    @property
    def anywhere(self) -> tuple[str, ...]:
        """The words without the number of processes."""
        at = self.words.index("--jobs")
        return self.words[:at] + self.words[at + 2 :]


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
    "ladder": Command((*BIOSCNN, "ladder", STUDY, "--trials", "5", "--jobs", "2")),
    "timing": Command(
        (*BIOSCNN, "timing", NMNIST, "--trials", "40", "--folds", "2", *SIMULATED, "--perturb", "jitter 5 ms",
         "--jobs", "2")
    ),
    "benchmark": Command(
        (*BIOSCNN, "benchmark", "mnist", "--network", "mnist-small", "--split", "validation", "--trials", "5",
         "--time-step-trials", "5", "--jobs", "2")
    ),
    "cross-validate": Command(
        (*BIOSCNN, "cross-validate", NMNIST, "nmnist-small-real", "--folds", "2", "--data", "data",
         "--jobs", "2"),
        _few_recordings,
    ),
    "retina": Command(
        (*SMALLER, "retina", FOVEAL, "--quick", "--set", 'encoding.retina=["off-midget"]', "--jobs", "2")
    ),
    "codes": Command((*SMALLER, "codes", STUDY, "--quick", "--jobs", "2")),
    "times-needed": Command(
        (*SMALLER, "times-needed", NMNIST, "--quick", "--trials", "20", *SIMULATED,
         "--set", "encoding.bin_size=2", "--jobs", "2")
    ),
    "fetch": Command(("-m", "tests.faults.fetching", "mnist"), warm=False),
    "fetch archive": Command(("-m", "tests.faults.fetching", "nmnist"), warm=False),
    "report": Command((*BIOSCNN, "report", "results/mnist/latest"), _finished_run),
    "export": Command((*BIOSCNN, "export", "results/mnist/latest", "--to", "csv"), _finished_run),
    "explain": Command((*BIOSCNN, "explain", "results/mnist/latest", "--trials", "20"), _finished_run),
    "compare": Command((*BIOSCNN, "compare", "one", "other"), _two_runs),
    "merge": Command((*BIOSCNN, "merge", "elsewhere"), _shard_elsewhere),
}  # fmt: skip
EXPERIMENTS = [name for name, command in COMMANDS.items() if "--jobs" in command.words]

"""Inputs that failed once: what a user expects of each, and what becomes of it.

A kind of input is a folder, here or in the folder that ``BIOSCNN_CASES`` names.
"""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bioscnn.ann import read_onnx
from bioscnn.encoding import Currents
from bioscnn.errors import UserError
from bioscnn.network import Dense, Population, Projection, SpikingNetwork
from bioscnn.neurons import EquationNeuron, ExponentialCurrent, LeakyIntegrator, read_definition
from bioscnn.simulation import Device, Recording, simulate
from tests.browser.conftest import write_made_up_run
from tests.program import ROOT, bioscnn
from tests.runs import recorded, write_run

OWN = Path(__file__).parent
CASES = Path(os.environ.get("BIOSCNN_CASES", OWN))
NO_CASES = (".md", ".py", ".pyc")

LOGITS, TRIALS = "read, logits of onnxruntime", "trials in a row as alone"


@dataclass(frozen=True)
class Outcome:
    """What becomes of a case."""

    what: str
    """``refused``, or what was made of it; anything else is a fault."""
    said: str = ""
    """The error of one that is refused."""


def cases() -> list[Path]:
    """Return the files of all kinds."""
    return [path for path in sorted(CASES.rglob("*")) if path.is_file() and path.suffix not in NO_CASES]


def expected(case: Path) -> tuple[str, tuple[str, ...]]:
    """Return what a user expects of a case, and words that an error has to say: file, key, fix."""
    name = f"{case.parent.name}/{case.name}"
    match case.relative_to(CASES).parts[0]:
        case "networks":
            words = REFUSED_NETWORKS.get(case.stem)
            return (LOGITS, ()) if words is None else ("refused", (case.name, *filter(None, words)))
        case "broken-results":
            return "refused", (case.name.partition(".")[2], "key:")
        case "neurons" if name not in REFUSED:
            return TRIALS, ()
    return "refused", REFUSED.get(name, tuple(change.partition("=")[0] for change in typed(case)[:1]))


def typed(case: Path) -> list[str]:
    """Return the changes of a study that its last line says were typed."""
    changes: list[str] = json.loads(case.read_bytes().partition(b"#SET ")[2] or b"[]")
    return changes


REFUSED = {
    "code-in-text/neuron.toml": ("neuron.toml", "reset", "U+2028 LINE SEPARATOR"),
    "code-in-text/study.toml": ("study.toml", "neuron.definition.reset", "U+2028 LINE SEPARATOR"),
    "code-in-text/sweep.toml": ("study.toml", "neuron.definition.reset", "U+2028 LINE SEPARATOR"),
    "code-in-text/carriage-return.toml": ("carriage-return.toml", "a carriage return alone"),
    "images/animated.png": ("animated.png", "a file of several images"),
    "images/cut-short.png": ("cut-short.png", "not an intact image"),
    "images/from-a-telephone.jpg": ("from-a-telephone.jpg", "HEIC"),
    "images/sixteen-bits.png": ("sixteen-bits.png", "16 bits"),
    "image-as-eps/image_0001.jpg": ("image_0001.jpg", "EPS"),
    "broken-studies/neuron-00.toml": ("neuron-00.toml", "no such operator"),
    "neurons/threshold-lastspike.toml": ("threshold-lastspike.toml", "lastspike belongs to the simulation"),
    "neurons/threshold-rand.toml": ("threshold-rand.toml", "trials in a row would differ from trials alone"),
    "neurons/threshold-t.toml": ("threshold-t.toml", "trials in a row would differ from trials alone"),
}
"""Cases that are refused, and what their errors say; of a study with typed keys, the first key."""


REFUSED_NETWORKS = {
    "bias-for-each-image": ("Gemm", "one bias for all images"),
    "int8-qdq": ("x_QuantizeLinear", "before it is quantised"),
    "random-weights": ("RandomNormalLike", "leave random numbers out"),
    "softmax-over-batch": ("Softmax", ""),
    "training-mode-opset-13": ("BatchNormalization", "model.eval()"),
}
"""Networks that are not read, and of each the node at fault and the fix."""


def outcome(case: Path, folder: Path) -> Outcome:
    """Return what becomes of a case in an empty folder."""
    return KINDS[case.relative_to(CASES).parts[0]](case, folder)


def _asked(folder: Path, *words: object) -> Outcome:
    """Run the program in a folder in which nothing may be left."""
    before = sorted(folder.rglob("*"))
    done = bioscnn(folder, *words)
    left = [path.name for path in folder.rglob("*") if path not in before]
    if done.returncode == 0:
        return Outcome("read")
    clear = done.returncode == 2 and "Traceback" not in done.stderr and done.stdout == "" and not left
    return Outcome("refused" if clear else f"code {done.returncode}, left {left}", done.stderr)


def _text(case: Path, folder: Path) -> Outcome:
    """Plan a study, or one with the neuron or the change that the file holds, or a sweep."""
    text = case.read_bytes().decode()
    try:
        keys = set(tomllib.loads(text.replace("\r", "\n")))
    except tomllib.TOMLDecodeError:
        keys = set()
    if "equations" in keys:
        changes = ("network.model=mnist-small-relu", f"neuron.model={case}")
        return _asked(folder, "plan", ROOT / "sims" / "mnist.toml", *_set(changes))
    if "design" in keys:
        return _asked(folder, "sweep", case)
    return _asked(folder, "plan", case, *_set(typed(case)))


def _set(changes: Sequence[str]) -> list[str]:
    return [word for change in changes for word in ("--set", change)]


def _neuron(case: Path, folder: Path) -> Outcome:
    planned = _text(case, folder)
    if planned.what != "read":
        return planned
    differing = [name for name in ("numpy", "cpp_standalone") if not _trials_are_alone(case, Device(name))]
    return Outcome(f"other trials in a row on {', '.join(differing)}" if differing else TRIALS)


def _trials_are_alone(case: Path, device: Device) -> bool:
    """Return whether spikes of two trials in a row, up to their last step, are those of each by itself."""
    n = 6
    neuron = EquationNeuron(read_definition(case))
    readout = Population("readout", (n,), LeakyIntegrator())
    populations = (Population("input", (n,)), Population("own", (n,), neuron), readout)
    weights = [Dense((n,), (n,), matrix) for matrix in (np.eye(n), np.full((n, n), 0.6e-9))]
    projections = (
        Projection("input", "own", weights[0], None),
        Projection("own", "readout", weights[1], ExponentialCurrent(6e-3)),
    )
    network = SpikingNetwork(populations, projections)
    names = [population.name for population in network.neurons]

    def simulated(*trials: int) -> Recording:
        currents = Currents(np.outer([1, 0.6], np.linspace(0.3e-9, 1e-9, n)), 40, 1e-3).take(np.array(trials))
        return simulate(network, currents, device, record=names, potentials=names, trials=np.array(trials))

    together, alone = simulated(0, 1), Recording.concatenate([simulated(0), simulated(1)])
    return all(
        together[name].spikes == alone[name].spikes
        and np.array_equal(together[name].potentials, alone[name].potentials)
        for name in names
    )


def _image(case: Path, folder: Path) -> Outcome:
    for name in ("a", "b"):
        (folder / "photographs" / name).mkdir(parents=True)
        shutil.copy(case, folder / "photographs" / name)
    return _asked(folder, "new", "own", "--data", "folder:photographs")


def _result(case: Path, folder: Path) -> Outcome:
    command, (_, name) = case.parent.name, case.name.split(".", 1)
    if (whole := _of_whole_results(command)).what != "read":
        return whole
    runs = _runs(command, folder)
    shutil.copy(case, runs[-1] / name)
    return _asked(folder, command, *runs)


@cache
def _of_whole_results(command: str) -> Outcome:
    """Return what becomes of results that are not damaged: to refuse them all would be easy."""
    with TemporaryDirectory() as folder:
        return _asked(Path(folder), command, *_runs(command, Path(folder)))


def _runs(command: str, folder: Path) -> list[Path]:
    if command == "report":
        return [write_made_up_run(folder, 12)]
    return [write_run(folder / run, recorded(12)) for run in ("one", "other")]


def _network(case: Path, folder: Path) -> Outcome:
    from bench.cases import logits_error  # needs onnxruntime

    try:
        graph = read_onnx(case)
    except UserError as error:
        return Outcome("refused", str(error))
    error_of_logits = logits_error(graph, case)
    return Outcome(LOGITS if error_of_logits < 1e-5 else f"logits differ by {error_of_logits:.1g}")


KINDS: dict[str, Callable[[Path, Path], Outcome]] = {
    "broken-results": _result, "broken-studies": _text, "code-in-text": _text, "image-as-eps": _image,
    "images": _image, "networks": _network, "neurons": _neuron,
}  # fmt: skip

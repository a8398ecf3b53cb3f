"""What one simulation has shown, kept on disk so that it is never repeated."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

import bioscnn
from bioscnn.errors import UserError
from bioscnn.files import write_npz
from bioscnn.metrics import Energy, Proportion, energy_estimate, wilson
from bioscnn.network import OUTPUT, READOUT
from bioscnn.readout import READOUTS
from bioscnn.simulation import Device, Progress, simulate_batches
from bioscnn.studies.prepare import Prepared
from bioscnn.studies.scores import Scores

# What a result depends on besides the study: the code between the files and the numbers, and its packages.
_CODE = (
    "ann", "conversion", "encoding", "metrics", "network", "neurons", "simulation", "readout.py", "spikes.py",
    "studies/benchmark/measurement.py", "studies/prepare.py", "studies/scores.py",
)  # fmt: skip
_PACKAGES = ("brian2", "numpy")


@dataclass(frozen=True, eq=False)
class Measurement:
    """What one simulation has shown.

    Parameters
    ----------
    label : ndarray of int64, shape (n_trials,)
        True class.
    ann_class : ndarray of int64, shape (n_trials,), or None
        Class by the trained network, where it was asked for.
    chosen : ndarray of int64, shape (n_readouts, n_trials)
        Class by each of `READOUTS` at the end of the trial.
    right_by_step : ndarray of int64, shape (n_readouts, n_steps)
        Trials that would be right if they ended after each step.
    dt : float
        Duration of a step, s.
    spikes, synops : float
        Spikes and synaptic operations of a trial.
    energy : Energy
        Estimate for a trial.
    seconds : float
        Wall time of the simulation, without compilation.
    """

    label: NDArray[np.int64]
    ann_class: NDArray[np.int64] | None
    chosen: NDArray[np.int64]
    right_by_step: NDArray[np.int64]
    dt: float
    spikes: float
    synops: float
    energy: Energy
    seconds: float

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(self.label)

    def chosen_by(self, rule: str) -> NDArray[np.int64]:
        """Return the class that a readout chooses at the end of each trial, shape (n_trials,)."""
        return np.asarray(self.chosen[_row(rule)])

    def right(self, rule: str) -> NDArray[np.bool_]:
        """Return which trials a readout gets right, shape (n_trials,)."""
        return np.asarray(self.chosen_by(rule) == self.label)

    def curve(self, rule: str) -> list[Proportion]:
        """Return the accuracy of a readout after each step."""
        return [wilson(int(right), self.n_trials) for right in self.right_by_step[_row(rule)]]

    def best_rule(self) -> str:
        """Return the readout that is right most often, the first of `READOUTS` among equals."""
        return max(READOUTS, key=lambda rule: int(self.right(rule).sum()))


def _row(rule: str) -> int:
    return list(READOUTS).index(rule)


def measure(prepared: Prepared, with_ann: bool, progress: Progress) -> Measurement:
    """Simulate all trials of a study, recording the output and the readout alone.

    Raises
    ------
    UserError
        As `bioscnn.simulation.simulate` does.
    """
    keys, labels, scores = (
        prepared.study.config.simulation,
        prepared.examples.labels,
        Scores(prepared.network),
    )
    device = Device(keys.device, keys.precision, keys.jobs)
    watch = _Watch(progress)
    for batch in simulate_batches(
        prepared.network, prepared.stimulus, device, record=(OUTPUT, READOUT), progress=watch
    ):
        scores.add(batch)
    seconds = perf_counter() - watch.begun
    decided = np.stack([scores.decided(rule) for rule in READOUTS])
    activity = scores.activity()
    spikes, synops = activity["spikes_per_trial"], activity["synops_per_trial"]
    return Measurement(
        label=labels,
        ann_class=prepared.ann_class if with_ann else None,
        chosen=decided[:, :, -1],
        right_by_step=(decided == labels[:, None]).sum(axis=1),
        dt=keys.dt,
        spikes=spikes,
        synops=synops,
        energy=energy_estimate(prepared.graph, synops, activity["updates_per_trial"]),
        seconds=seconds,
    )


class _Watch:
    """Progress that remembers when the simulation began."""

    def __init__(self, progress: Progress) -> None:
        self.begun, self._progress = perf_counter(), progress

    def stage(self, what: str) -> None:
        self.begun = perf_counter()
        self._progress.stage(what)

    def trial(self) -> None:
        self._progress.trial()


def measurement_key(prepared: Prepared, with_ann: bool) -> str:
    """Return the hash that names a measurement: of study, data, weights, code and packages."""
    parts = [prepared.key, with_ann, code_sha256(), [version(package) for package in _PACKAGES]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def code_sha256() -> str:
    """Return a hash of the code that makes measurements."""
    root, digest = Path(bioscnn.__file__).parent, hashlib.sha256()
    for name in _CODE:
        for path in [root / name] if name.endswith(".py") else sorted((root / name).rglob("*")):
            if path.suffix in (".py", ".cpp", ".h", ".mk"):
                digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def keep(measurement: Measurement, path: Path) -> None:
    """Write a measurement to a file, whole or not at all.

    Raises
    ------
    UserError
        If it cannot be written.
    """
    parts = asdict(measurement)
    parts["energy"] = list(parts["energy"].values())
    if measurement.ann_class is None:
        del parts["ann_class"]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make a folder: {error.strerror}", file=path.parent) from error
    write_npz(path, parts)


def kept(path: Path) -> Measurement | None:
    """Read a measurement; None if there is none, or it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            numbers = {name: float(stored[name]) for name in ("dt", "spikes", "synops", "seconds")}
            return Measurement(
                label=stored["label"],
                ann_class=stored.get("ann_class"),
                chosen=stored["chosen"],
                right_by_step=stored["right_by_step"],
                energy=Energy(*map(float, stored["energy"])),
                **numbers,
            )
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None

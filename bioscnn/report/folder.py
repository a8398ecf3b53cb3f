"""The files of a run, read and checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bioscnn.encoding import DifferenceOfGaussians, find_cells
from bioscnn.errors import UserError
from bioscnn.ledger import LayerComparison, Ledger
from bioscnn.ledger.files import from_json
from bioscnn.network import OUTPUT, READOUT
from bioscnn.readout import READOUTS
from bioscnn.report.files import read_json, read_text
from bioscnn.simulation.storage import RunData, load_run

FIX = "run the study again: `bioscnn run STUDY.toml`"

REQUIRED = {
    "summary.json": (
        "dataset", "source", "n_trials", "ann_accuracy", "accuracy", "readout", "spikes_per_trial",
        "synops_per_trial", "energy", "latency_ms", "duration_ms", "dt_ms", "device", "seconds",
        "weights_sha256", "data_sha256",
    ),
    "provenance.json": (
        "command", "started", "seed", "commit", "dirty", "versions", "machine", "data", "network",
        "populations", "projections",
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run.

    Parameters
    ----------
    data : RunData
        What was recorded.
    summary, provenance : dict
        Contents of the JSON files of these names.
    config : str
        The study with every default filled in, TOML.
    explained : (Ledger, list of LayerComparison) or None
        Where the accuracy goes, once ``bioscnn explain`` has found out.
    """

    data: RunData
    summary: dict[str, Any]
    provenance: dict[str, Any]
    config: str
    explained: tuple[Ledger, list[LayerComparison]] | None = None

    @property
    def classes(self) -> list[str]:
        """Name of each class."""
        return [str(name) for name in self.provenance["data"]["classes"]]

    @property
    def recorded(self) -> bool:
        """Whether recordings of an event camera were shown, not images."""
        return "events_per_trial" in self.summary

    @property
    def spikes_in(self) -> bool:
        """Whether spikes came in, not currents."""
        return self.data.example_input is not None

    @property
    def encoding(self) -> dict[str, Any]:
        """How images or recordings reached the first neurons; see `bioscnn.studies.config.Encoding`."""
        return dict(tomllib.loads(self.config).get("encoding", {}))

    @property
    def cells(self) -> tuple[DifferenceOfGaussians, ...]:
        """Ganglion cells that filter the images; none where the network sees pixels or events."""
        return find_cells(self.encoding.get("retina", ()))

    @property
    def saccade_ends(self) -> list[float]:
        """Where the saccades but the last end, ms; none if images were shown."""
        return list(self.summary.get("saccade_ends_ms", []))

    @property
    def firing(self) -> list[str]:
        """Populations that can fire, from the input to the output."""
        return [name for name in self.data.recording.populations if name != READOUT]


def read_run(folder: Path, *, with_ledger: bool = True) -> Run:
    """Read the folder of a run, and the ledger if it has one and it is wanted.

    Raises
    ------
    UserError
        If a file is missing or damaged, or the files do not belong together.
    """
    summary, provenance = read_facts(folder)
    try:
        data = load_run(folder / "run.h5")
    except UserError as error:
        raise UserError(error.problem, file=error.file, value=error.value, fix=FIX) from error
    config = read_text(folder / "config.toml", FIX)
    run = Run(
        data, summary, provenance, config, _read_ledger(folder / "ledger.json") if with_ledger else None
    )
    _check(run, folder)
    return run


def read_facts(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the summary and the provenance of a run, without what was recorded.

    Raises
    ------
    UserError
        If the folder is no run, or a file is missing or damaged.
    """
    if not folder.is_dir():
        raise UserError(
            "no such run", file=folder, fix="give the folder of a run, such as results/mnist/latest"
        )
    summary, provenance = (read_json(folder / name, REQUIRED[name], FIX) for name in REQUIRED)
    return summary, provenance


def _read_ledger(path: Path) -> tuple[Ledger, list[LayerComparison]] | None:
    if not path.exists():
        return None
    try:
        return from_json(read_text(path, FIX))
    except ValueError as error:
        fix = f"explain the run again: `bioscnn explain {path.parent}`"
        raise UserError(f"a file of the run is damaged: {error}", file=path, fix=fix) from error


def _check(run: Run, folder: Path) -> None:
    recording, n_trials = run.data.recording, run.summary["n_trials"]
    if not len(run.data.label) == recording.n_trials == n_trials:
        raise UserError(
            "the files of the run do not belong together", file=folder / "run.h5",
            value=f"{recording.n_trials} trials", expected=f"the {n_trials} of summary.json", fix=FIX,
        )  # fmt: skip
    if run.summary["readout"] not in READOUTS:
        raise UserError(
            "unknown readout", file=folder / "summary.json", key="readout", value=run.summary["readout"],
            expected=" | ".join(READOUTS),
        )  # fmt: skip
    try:
        tomllib.loads(run.config)
    except tomllib.TOMLDecodeError as error:
        raise UserError(
            f"a file of the run is damaged: {error}", file=folder / "config.toml", fix=FIX
        ) from error
    for name, kept in ((OUTPUT, "spikes"), (READOUT, "potentials")):
        population = recording.populations.get(name)
        if population is None or getattr(population, kept) is None:
            raise UserError(f"the {kept} of {name!r} were not recorded", file=folder / "run.h5", fix=FIX)

"""The files of a run, read and checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bioscnn.encoding import DifferenceOfGaussians, find_cells
from bioscnn.errors import UserError
from bioscnn.files import is_file, is_there
from bioscnn.ledger import LayerComparison, Ledger
from bioscnn.ledger.files import from_json
from bioscnn.network import OUTPUT, READOUT
from bioscnn.quantities import format_quantity, parse_quantity
from bioscnn.report.files import read_json, read_text
from bioscnn.report.schema import Config, Facts, Provenance, Summary, check_facts
from bioscnn.simulation.storage import RunData, load_run
from bioscnn.toml import parse_toml

FIX = "run the study again: `bioscnn run STUDY.toml`"

KINDS: dict[str, type[Facts]] = {"summary.json": Summary, "provenance.json": Provenance}


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
        return dict(parse_toml(self.config).get("encoding", {}))

    @property
    def cells(self) -> tuple[DifferenceOfGaussians, ...]:
        """Ganglion cells that filter the images; none where the network sees pixels or events."""
        return find_cells(self.encoding.get("retina", ()))

    @property
    def adapts(self) -> bool:
        """Whether each image set its own gain; what the file does not say is as `Encoding.adapts` has it."""
        return bool(self.encoding.get("gain_control", "image" if self.cells else "none") == "image")

    @property
    def saccade_ends(self) -> list[float]:
        """Where the saccades but the last end, ms; none if images were shown."""
        return list(self.summary.get("saccade_ends_ms", []))

    @property
    def windows(self) -> tuple[int, list[int]]:
        """Of the time code, steps of a window and steps at which one closes; 0 and none of other runs."""
        parameters = [population.get("parameters") or {} for population in self.provenance["populations"]]
        windows = [(int(float(p["window"])), int(float(p["closes"]))) for p in parameters if "closes" in p]
        steps = max((window for window, _ in windows), default=0)
        return steps, sorted({closes - steps for _, closes in windows})

    @property
    def borders(self) -> list[float]:
        """Times at which saccades, or windows of the time code, end, ms."""
        dt_ms = float(self.summary["dt_ms"])
        return self.saccade_ends or [dt_ms * (step + 1) for step in self.windows[1]]

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
        raise error.but(fix=FIX) from error
    config = read_text(folder / "config.toml", FIX)
    run = Run(data, summary, provenance, config, read_ledger(folder / "ledger.json") if with_ledger else None)
    _check(run, folder)
    return run


def read_facts(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the summary and the provenance of a run, without what was recorded.

    Raises
    ------
    UserError
        If the folder is no run, or a file is missing or damaged.
    """
    if not any(is_there(folder / name) for name in (*KINDS, "run.h5")):
        raise UserError(
            "no such run", file=folder, fix="give the folder of a run, such as results/mnist/latest"
        )
    if is_file(folder / "summary.json"):
        experiment = read_json(folder / "summary.json", (), FIX).get("experiment")
        if experiment == "learned":
            raise UserError(
                "this network learned by its own spikes, and was not converted from a trained one",
                file=folder,
                expected="the folder of a run of a converted network, such as results/mnist/latest",
                fix="type its own command again: its page is written anew; what its spike times carry "
                "says bioscnn timing STUDY",
            )
        if experiment is not None:
            raise UserError(
                "these are results of an experiment",
                file=folder,
                value=experiment,
                expected="the folder of a run of a converted network, such as results/mnist/latest",
                fix="type its own command again: what is done is kept, and its page is written anew",
            )
    summary, provenance = (
        check_facts(read_json(folder / name, (), FIX), kind, folder / name, FIX)
        for name, kind in KINDS.items()
    )
    return summary, provenance


def read_ledger(path: Path) -> tuple[Ledger, list[LayerComparison]] | None:
    """Read the ``ledger.json`` of a run; None if it has not been explained.

    Raises
    ------
    UserError
        If the file is damaged.
    """
    if not is_there(path):
        return None
    try:
        return from_json(read_text(path, FIX))
    except ValueError as error:
        fix = f"explain the run again: `bioscnn explain {path.parent}`"
        raise UserError(f"a file of the run is damaged: {error}", file=path, fix=fix) from error


def _check(run: Run, folder: Path) -> None:
    """Refuse files that do not fit each other; each by itself is as it should be."""
    _check_config(run, folder / "config.toml")
    for file, key, value, recorded in _shared(run):
        if value != recorded:
            raise UserError(
                "the files of the run do not belong together", file=folder / file, key=key, value=value,
                expected=f"{recorded}, as in run.h5", fix=FIX,
            )  # fmt: skip
    if run.spikes_in and run.summary.get("input_spikes_per_trial") is None:
        path, key = folder / "summary.json", "input_spikes_per_trial"
        raise UserError("a file of the results is incomplete", file=path, key=key, fix=FIX)
    for recording in (run.data.recording, run.data.examples):
        for name, quantity in ((OUTPUT, "spikes"), (READOUT, "potentials")):
            if getattr(recording.populations.get(name), quantity, None) is None:
                raise UserError(
                    f"the {quantity} of {name!r} were not recorded", file=folder / "run.h5", fix=FIX
                )


def _check_config(run: Run, path: Path) -> None:
    """Refuse a study that no run has, or that is of another number of steps than the run."""
    try:
        tables = parse_toml(run.config)
        encoding, simulation = (tables.get(name, {}) for name in ("encoding", "simulation"))
    except UserError as error:
        raise UserError(f"a file of the run is damaged: {error.problem}", file=path, fix=FIX) from error
    check_facts({"encoding": encoding, "simulation": simulation}, Config, path, FIX)
    try:
        find_cells(encoding.get("retina", ()))
    except UserError as error:
        raise error.but(file=path) from None
    recording = run.data.recording
    for key, recorded in (("dt", recording.dt), ("duration", recording.n_steps * recording.dt)):
        if key not in simulation:
            continue
        where: dict[str, Any] = {"file": path, "key": f"simulation.{key}", "fix": FIX}
        try:
            time = parse_quantity(simulation[key], "time")
        except UserError as error:
            raise error.but(**where) from None
        if not np.isclose(time, recorded, rtol=1e-6, atol=0):
            raise UserError(
                "the files of the run do not belong together", **where, value=simulation[key],
                expected=f"{format_quantity(recorded, 'time')}, as in run.h5",
            )  # fmt: skip


def _shared(run: Run) -> Iterator[tuple[str, str, object, object]]:
    """Yield values that a file and run.h5 both hold: file, key, and the two values."""
    data, summary, provenance = run.data, run.summary, run.provenance
    dt_ms, n_steps = 1e3 * data.recording.dt, data.recording.n_steps
    yield "summary.json", "n_trials", summary["n_trials"], data.recording.n_trials
    yield "summary.json", "dt_ms", round(summary["dt_ms"], 9), round(dt_ms, 9)
    yield "summary.json", "duration_ms", round(summary["duration_ms"] / dt_ms) * dt_ms, n_steps * dt_ms
    yield "summary.json", "input_spikes_per_trial", "input_spikes_per_trial" in summary, run.spikes_in
    described = {p["name"]: p for p in provenance["populations"]}
    for name, shape in data.shapes.items():
        described_shape = tuple(described[name]["shape"]) if name in described else None
        yield "provenance.json", f"populations, {name}", described_shape, shape
    yield "provenance.json", "data.classes", (len(run.classes),), data.shapes.get(READOUT)
    yield "provenance.json", "data.classes", (len(run.classes),), data.shapes.get(OUTPUT)
    ann_class = data.label if data.ann_class is None else data.ann_class
    most = int(max(data.label.max(initial=0), ann_class.max(initial=0)))
    yield "run.h5", "trials/ann_class", data.ann_class is None, "ann_accuracy" not in summary
    yield "provenance.json", "data.classes", max(len(run.classes), most + 1), len(run.classes)
    if data.ann_class is not None:
        yield (
            "provenance.json",
            f"populations, {READOUT}, tau_m",
            "tau_m" in described[READOUT]["parameters"],
            True,
        )
    if run.spikes_in:
        shape = data.input_shape
        channels = 3 if shape[:1] == (3,) else 1  # of pixels
        maps = 2 if run.recorded else len(run.cells) or channels
        yield "summary.json", "events_per_trial", (3, maps), (len(shape), shape[0])

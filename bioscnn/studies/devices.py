"""One study on every device that this machine has, and what they have in common, spike by spike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from bioscnn.doctor import find_genn, find_gpu
from bioscnn.files import write_csv, write_json
from bioscnn.report import write_index
from bioscnn.result_versions import FORMAT, KEY
from bioscnn.simulation import simulate_batches
from bioscnn.studies.compare import compare_runs
from bioscnn.studies.comparison import Comparison, verdict
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.plan import plan_study
from bioscnn.studies.prepare import prepare
from bioscnn.studies.provenance import code_version, environment
from bioscnn.studies.run import run_study
from bioscnn.studies.study import Study
from bioscnn.studies.watcher import Watcher


@dataclass(frozen=True)
class Variant:
    """What simulates.

    Parameters
    ----------
    device, connectivity, precision : str
        Keys of ``[simulation]``.
    """

    device: str
    connectivity: str
    precision: str = "float64"

    def __str__(self) -> str:
        return f"{self.device}-{self.connectivity}-{self.precision}"

    def of(self, study: Study) -> Study:
        """Return a study on this device: one process, everything recorded."""
        tables = study.config.model_dump()
        tables["simulation"] |= {
            "device": self.device, "connectivity": self.connectivity, "precision": self.precision, "jobs": 1,
        }  # fmt: skip
        if self.device == "genn":
            tables["simulation"]["use_gpu"] = find_gpu()
        tables["readout"]["record"] = "all"
        return Study(study.name, StudyConfig.model_validate(tables))


NUMPY = Variant("numpy", "explicit")
LISTED = Variant("cpp_standalone", "explicit")
COMPUTED = Variant("cpp_standalone", "auto")
GENN = Variant("genn", "explicit")
SINGLE = Variant("cpp_standalone", "auto", "float32")
GENN_SINGLE = Variant("genn", "explicit", "float32")
EXACT = "float32 exact"
"""Precision of sums that single precision holds without rounding."""

_BESIDES = 5.0
"""What a run takes besides its simulation, s, about: loading, examples, report."""
_TIMED_BY_NUMPY = 20
"""Trials that NumPy is timed with; compiled programs are timed with all."""


def variants() -> dict[Variant, Variant]:
    """Return the devices that this machine can run, and the one with which each is compared.

    That is NumPy; in single precision, the same program in double precision, and C++ for GeNN.
    """
    compared_with = {NUMPY: NUMPY, LISTED: NUMPY, COMPUTED: NUMPY, SINGLE: COMPUTED}
    return compared_with if find_genn() is None else {**compared_with, GENN: NUMPY, GENN_SINGLE: SINGLE}


@dataclass(frozen=True)
class Devices:
    """A study on every device.

    Parameters
    ----------
    folder : Path
        With ``devices.csv``, ``summary.json``, and in ``runs/`` the folder of each run.
    summary : dict
        Contents of ``summary.json``; ``rows`` are those of the table.
    """

    folder: Path
    summary: dict[str, Any]

    @property
    def identical(self) -> bool:
        """Whether all that computed in double precision, or exactly, gave the same spikes and classes."""
        return all(row["identical"] for row in self.summary["rows"] if row["precision"] in ("float64", EXACT))


def run_devices(study: Study, *, data: Path | None, results: Path, progress: Watcher) -> Devices:
    """Run a study on every device, compare, and write ``<results>/devices/<study>/``.

    Everything is recorded, so a trial takes half a megabyte of disk or more. Each device has one process, and
    is timed once more without recording.

    Parameters
    ----------
    study : Study
        What to run; its device, connectivity, precision, jobs and what it records are set here.
    data : Path or None
        Data folder, as in `bioscnn.datasets.load_dataset`.
    results : Path
        Folder of all results.
    progress : Watcher
        Told what happens.

    Raises
    ------
    UserError
        As `bioscnn.studies.run.run_study` does.
    """
    started, pairs = datetime.now(UTC), variants()
    plans = {variant: plan_study(variant.of(study), data) for variant in pairs}
    simulated = next(iter(plans.values())).simulated
    folder = results / "devices" / (f"{study.name}-simulated" if simulated else study.name)
    folders = {variant: folder / "runs" / str(variant) for variant in pairs}
    work = {variant: plan.seconds + plan.build_seconds + _BESIDES for variant, plan in plans.items()}
    progress.plan(sum(work.values()))
    rows, comparisons, seconds = [], {}, {}
    for variant, base in pairs.items():
        trials = plans[variant].trials
        progress.task(f"{variant}, {trials:,} trials", trials, work[variant])
        run = run_study(
            variant.of(study), data=data, out=folders[variant], results=results, progress=progress
        ).summary
        compared = compare_runs(folders[base], folders[variant]).spikes
        assert compared is not None, "the device is all that differs"
        comparisons[str(variant)] = compared.as_dict()
        seconds[variant] = _seconds_a_trial(variant.of(study), data)
        rows.append(_row(variant, base, compared, seconds[variant], seconds[variant] / seconds[NUMPY]))
    summary = {
        KEY: FORMAT,
        "study": study.toml(),
        "started": started.isoformat(timespec="seconds"),
        **code_version(),
        **environment(),
        **{key: run[key] for key in ("dataset", "source", "n_trials", "data_sha256", "weights_sha256")},
        "simulated": simulated,
        "changed": dict(study.edits),
        "rows": rows,
        "comparisons": comparisons,
    }
    write_csv(folder / "devices.csv", rows)
    write_json(folder / "summary.json", summary)
    write_index(results)
    return Devices(folder, summary)


def _row(
    variant: Variant, base: Variant, compared: Comparison, seconds: float, ratio: float
) -> dict[str, Any]:
    spikes = [p.spikes[1] for p in compared.populations]
    return {
        "device": variant.device,
        "connectivity": variant.connectivity,
        "precision": variant.precision,
        "compared_with": "" if variant == base else str(base),
        "spikes": sum(spikes),
        "identical": compared.identical,
        "n_trials": compared.n_trials,
        "trials_that_differ": len(compared.trials),
        "class_changed": len(compared.class_changed),
        "spikes_in_one": sum(sum(p.only_in_one) for p in compared.populations if p.only_in_one),
        "readout_apart_nv": 1e9 * compared.readout_apart,
        "verdict": verdict(compared),
        "seconds_a_trial": seconds,
        "time_ratio": ratio,
    }


def _seconds_a_trial(study: Study, data: Path | None) -> float:
    """Return how long a trial takes where nothing is recorded, once a program is compiled."""
    prepared, timer = prepare(study, data), _Timer()
    stimulus = prepared.stimulus
    if prepared.device.name == NUMPY.device:
        stimulus = stimulus[:_TIMED_BY_NUMPY]
    for _ in simulate_batches(prepared.network, stimulus, prepared.device, progress=timer):
        pass
    return (perf_counter() - timer.begun) / stimulus.n_trials


class _Timer:
    """Progress that remembers when the last stage began."""

    def __init__(self) -> None:
        self.begun = perf_counter()

    def stage(self, what: str) -> None:
        self.begun = perf_counter()

    def trial(self) -> None:
        pass

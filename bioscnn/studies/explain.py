"""From the folder of a run to its ledger: prepare the study again, simulate, write, report."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bioscnn.errors import UserError
from bioscnn.files import newest_run, refuse_folder, write_atomically
from bioscnn.ledger import AS_RUN, Case, Conditions, Ledger, compare_layers, draw_up, spiking_classes
from bioscnn.ledger.files import to_csv, to_json
from bioscnn.readout import decisions
from bioscnn.report import REPORT, write_index, write_report
from bioscnn.report.folder import Run, read_run
from bioscnn.simulation import Device, Progress
from bioscnn.studies.explainable import case_of, refuse_unexplained
from bioscnn.studies.prepare import Prepared, conditions_of, prepare
from bioscnn.studies.study import read_study

LAYER_TRIALS = 100


def explain_run(
    folder: Path, *, data: Path | None, trials: int, jobs: int | None, progress: Progress
) -> tuple[Path, Ledger]:
    """Explain the accuracy of a run; write ``ledger.json``, ``ledger.csv`` and the report into its folder.

    Parameters
    ----------
    folder : Path
        Of a run.
    data : Path or None
        Data folder, as for the run.
    trials : int
        The first trials of the run that are simulated again; all of it if it has fewer.
    jobs : int or None
        Processes at a time; None for those of the run.
    progress : Progress
        Told what happens.

    Returns
    -------
    (Path, Ledger)
        The folder, and what was found.

    Raises
    ------
    UserError
        If the folder is no run, its data or weights have changed, or the code now decides differently.
        The folder stays as it was then.
    """
    if trials < 1:
        raise UserError("a ledger needs trials", key="--trials", value=trials, expected="at least 1")
    progress.stage("loading")
    folder = newest_run(folder)
    refuse_folder(folder / REPORT)
    run = read_run(folder, with_ledger=False)
    study = read_study(folder / "config.toml")
    refuse_unexplained(study.config, folder / "config.toml")
    prepared = prepare(study, data)
    _check_unchanged(run, prepared, folder)
    config = study.config
    case = case_of(prepared, trials)
    conditions = conditions_of(config)
    device = Device(config.simulation.device, conditions.precision, jobs or config.simulation.jobs)
    _check_reproduced(run, case, conditions, device, folder, progress)
    ledger = draw_up(case, conditions, config.readout.rule, device, progress)
    progress.stage("comparing layers")
    few = slice(0, LAYER_TRIALS)
    layers = compare_layers(
        Case(case.graph, case.images[few], case.labels[few], case.calibration), conditions, device
    )
    progress.stage("reporting")
    write_atomically(folder / "ledger.csv", to_csv(ledger).encode())
    write_atomically(folder / "ledger.json", to_json(ledger, layers).encode())
    write_report(folder)
    for results in folder.absolute().parents:
        if (results / "index.html").exists():
            write_index(results)
            break
    return folder, ledger


def _check_unchanged(run: Run, prepared: Prepared, folder: Path) -> None:
    """Refuse to explain a run by data or weights that it did not have."""
    calibration = run.provenance["network"].get("calibration")
    now = prepared.calibration
    for what, then, present, fix in (
        ("data", run.summary["data_sha256"], prepared.examples.sha256, "give --data as for the run"),
        ("weights", run.summary["weights_sha256"], prepared.graph.sha256(), "put the weights back"),
        (
            "calibration images",
            calibration and calibration["sha256"],
            now and now.examples.sha256,
            "give --data as for the run",
        ),
    ):
        if then != present:
            raise UserError(
                f"the {what} of the run have changed since",
                file=folder,
                value=f"SHA-256 {present}",
                expected=str(then),
                fix=f"{fix}, or run the study again",
            )


def _check_reproduced(
    run: Run, case: Case, conditions: Conditions, device: Device, folder: Path, progress: Progress
) -> None:
    """Refuse to explain decisions other than those of the run."""
    rule = run.summary["readout"]
    now = spiking_classes(case, {AS_RUN: conditions}, rule, device, progress)[AS_RUN]
    then = decisions(run.data.recording, rule)[: len(now), -1]
    if not np.array_equal(now, then):
        raise UserError(
            "simulated again, the run decides differently: it was made by another version or machine",
            file=folder,
            value=f"{np.sum(now != then)} of {len(now)} trials",
            fix="run the study again",
        )

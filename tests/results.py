"""A folder of results of every kind, made up, as their studies write them."""

from __future__ import annotations

import json
from pathlib import Path

from bioscnn.ledger import Ledger
from bioscnn.ledger.files import to_json
from bioscnn.metrics import Difference
from bioscnn.report.folder import REQUIRED
from tests import filter_study, timing_study


def _json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_run(
    folder: Path, accuracy: float = 0.9906, started: str = "2026-11-24T09:00:00+00:00", **more: object
) -> Path:
    """Write a run's facts; its recording is there, but empty."""
    summary = dict.fromkeys(REQUIRED["summary.json"], 0) | {
        "dataset": "mnist", "source": "made up <by> a test", "n_trials": 5000, "readout": "peak-potential",
        "accuracy": {"peak-potential": [accuracy, accuracy - 0.002, accuracy + 0.002]},
        "ann_accuracy": [0.993, 0.9903, 0.995], "duration_ms": 30.0,
    }  # fmt: skip
    _json(folder / "summary.json", summary | more)
    provenance = dict.fromkeys(REQUIRED["provenance.json"], 0) | {
        "started": started, "network": {"model": "mnist-small"},
    }  # fmt: skip
    _json(folder / "provenance.json", provenance)
    for name in ("run.h5", "config.toml", "report.html"):
        (folder / name).touch()
    return folder


def write_ledger(folder: Path) -> None:
    """Write the ledger of a run in which no cause is told from zero."""
    none = Difference(0.0, -0.01, 0.01)
    ledger = Ledger(1000, "peak-potential", 0.99, 0.98, 0.98, none, (), None, (), *[none] * 5, {})
    (folder / "ledger.json").write_text(to_json(ledger, []))
    (folder / "ledger.csv").touch()


VERDICT = ["Accuracy falls with the leak & rises <with> the synaptic current.", "Decisions come later."]


def write_devices(folder: Path) -> None:
    rows = [
        {"device": device, "connectivity": "explicit", "precision": precision, "compared_with": base,
         "spikes": 358_477, "identical": identical, "trials_that_differ": int(not identical),
         "time_ratio": ratio}
        for device, precision, base, identical, ratio in (
            ("numpy", "float64", "", True, 1.0), ("cpp_standalone", "float64", "numpy", True, 0.013),
            ("genn", "float64", "numpy", False, 0.05), ("cpp_standalone", "float32", "cpp", False, 0.011))
    ]  # fmt: skip
    content = {"started": "2026-11-24T11:00:00+00:00", "dataset": "mnist", "source": "made up",
               "n_trials": 200, "simulated": False, "rows": rows}  # fmt: skip
    _json(folder / "summary.json", content)
    (folder / "devices.csv").touch()
    inside = folder / "runs" / "numpy-explicit-float64"
    inside.mkdir(parents=True)
    (inside / "report.html").touch()


def write_cross_validation(folder: Path) -> None:
    content = {
        "network": "nmnist-small-real", "began_with": "nmnist-small", "dataset": "nmnist",
        "source": "made up", "simulated": False, "n": 1000, "folds": 5, "readout": "mean-potential",
        "accuracy": {"mean-potential": [0.986, 0.977, 0.992], "rates": [0.99, 0.982, 0.995]},
        "gained": [0.003, -0.002, 0.007],
    }  # fmt: skip
    _json(folder / "summary.json", content)
    (folder / "decisions.csv").touch()


STEPS = {
    "mnist": {"answers": "How well are digits classified?", "command": ["run", "sims/mnist.toml"],
              "began": "2026-11-24T09:00:00+00:00", "seconds": 12.0, "outcome": "done", "error": "",
              "commit": "c" * 40, "dirty": False},
    "caltech": {"answers": "Are motorbikes told from airplanes through a retina?",
                "command": ["run", "sims/caltech.toml"], "began": "2026-11-24T09:01:00+00:00", "seconds": 2.0,
                "outcome": "failed", "error": "bioscnn: no <photographs> here\n  fix: " + "fetch them " * 20,
                "commit": None, "dirty": None},
}  # fmt: skip


NOISE = ["In noise of severity 3, a network & its <synapses> lose most to occlusion.", "Nothing helps."]
SWEEP = ["Of 12 parameters, the accuracy depends most on the time that a <trial> lasts."]


def write_experiment(folder: Path, verdict: list[str]) -> Path:
    """Write what the index reads of an experiment."""
    folder.mkdir(parents=True)
    entry = {"source": "mnist: made up <by> a test", "n": "500 trials", "value": "62.6", "note": "points"}
    summary = {
        "entry": {**entry, "more": ["another: 51.0"]}, "simulated": False, "verdict": verdict,
        "started": "2026-11-27T09:00:00+00:00",
    }  # fmt: skip
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "table.csv").write_text("a\n1\n")
    (folder / "report.html").touch()
    return folder


def write_results(results: Path) -> Path:
    """Write one result of each kind and more; a run and a timing study are unfinished, a third is damaged."""
    write_run(results / "mnist" / "aaaa", 0.9812, "2026-11-26T09:00:00+00:00")
    newest = write_run(results / "mnist" / "bbbb")
    write_ledger(newest)
    (results / "mnist" / "latest").symlink_to(newest.name)
    (results / "mnist" / ".cccc-x1y2").mkdir()
    write_run(results / "mnist-fine-tuned", 0.9924)
    write_run(results / "nmnist-simulated" / "dddd", 0.987, dataset="nmnist-simulated", simulated=True)
    broken = write_run(results / "a study # 100 %" / "eeee")
    content = (broken / "summary.json").read_text()
    (broken / "summary.json").write_text(content[: len(content) // 2])
    (results / "timing" / "nmnist").mkdir(parents=True)
    timing_study.write_study(results / "timing" / "nmnist" / "ffff")
    (results / "timing" / "nmnist" / "ffff" / "report.html").touch()
    (results / "timing" / "ncaltech101" / "abcd" / "units").mkdir(parents=True)
    for name in ("caltech", "caltech-quick"):
        (results / "filters" / name).mkdir(parents=True)
        filter_study.write_study(results / "filters" / name / "1234")
        (results / "filters" / name / "1234" / "report.html").touch()
    write_experiment(results / "noise" / "mnist" / "5678", NOISE)
    for name in ("mnist-morris", "mnist-grid"):
        write_experiment(results / "sweeps" / name / "2468", SWEEP)
    write_experiment(results / "ladder" / "mnist" / "9876", VERDICT)
    write_experiment(results / "benchmark" / "mnist" / "1357", VERDICT)
    (results / "benchmark" / "mnist" / "1357" / "time-steps.svg").touch()
    write_devices(results / "devices" / "mnist")
    write_cross_validation(results / "cross-validation" / "nmnist-small-real" / "9abc")
    (results / "bench").mkdir()
    (results / "bench" / "table.md").touch()
    _json(results / "study" / "steps.json", STEPS)
    (results / "study" / "mnist.log").touch()
    return results

"""A folder of results of every kind, made up, as their commands write them."""

from __future__ import annotations

import json
from pathlib import Path

from bioscnn.ledger import Ledger
from bioscnn.ledger.files import to_json
from tests.facts import made_up_estimate, provenance_facts, summary_facts


def _json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_run(
    folder: Path,
    accuracy: float = 0.9906,
    started: str = "2026-11-24T09:00:00+00:00",
    changed: dict[str, object] | None = None,
    **more: object,
) -> Path:
    """Write a run's facts; its recording is there, but empty."""
    _json(folder / "summary.json", summary_facts(accuracy, **more))
    _json(folder / "provenance.json", provenance_facts(started=started, changed=changed or {}))
    (folder / "config.toml").write_text('[neuron]\nmodel = "lif"\n')
    for name in ("run.h5", "report.html"):
        (folder / name).touch()
    return folder


def write_ledger(folder: Path) -> None:
    """Write the ledger of a run in which no cause has a significant part."""
    none = made_up_estimate(0.0, 0.01)
    ledger = Ledger(1000, "peak-potential", 0.99, 0.98, 0.98, none, (), None, (), *[none] * 5, {})
    (folder / "ledger.json").write_text(to_json(ledger, []))
    (folder / "ledger.csv").touch()


def write_experiment(folder: Path, value: str, *verdict: str, **more: object) -> None:
    """Write what an experiment says of itself, a table, a report, and a unit that is nobody's business."""
    entry = {
        "source": "mnist: made <up>",
        "n": "500 trials",
        "value": value,
        "note": "[1, 2] of it",
        "more": [],
    }
    content = {"entry": entry, "simulated": False, "verdict": verdict, "started": "2026-11-24T10:00:00+00:00",
               "changed": {"neuron.t_ref": "5 ms"}}  # fmt: skip
    _json(folder / "summary.json", content | more)
    _json(folder / "spec.json", {})
    _json(folder / "units" / "one.json", {})
    for name in ("accuracy.csv", "report.html"):
        (folder / name).touch()


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
               "n_trials": 200, "simulated": False, "changed": {}, "rows": rows}  # fmt: skip
    _json(folder / "summary.json", content)
    (folder / "devices.csv").touch()
    inside = folder / "runs" / "numpy-explicit-float64"
    inside.mkdir(parents=True)
    (inside / "report.html").touch()


STEPS = {
    "mnist": {"answers": "How well are digits classified?", "command": ["run", "sims/mnist.toml"],
              "began": "2026-11-24T09:00:00+00:00", "seconds": 12.0, "outcome": "done", "error": "",
              "commit": "c" * 40, "dirty": False},
    "caltech": {"answers": "Are motorbikes told from airplanes through a retina?",
                "command": ["run", "sims/caltech.toml"], "began": "2026-11-24T09:01:00+00:00", "seconds": 2.0,
                "outcome": "failed", "error": "bioscnn: no <photographs> here\n  fix: " + "fetch them " * 20,
                "commit": None, "dirty": None},
}  # fmt: skip


def write_results(results: Path) -> Path:
    """Write results of each kind; a run and a timing experiment are unfinished, a third is damaged."""
    longer = {"neuron.t_ref": "5 ms"}
    write_run(results / "mnist" / "t_ref-5-ms-aaaa", 0.9812, "2026-11-26T09:00:00+00:00", longer)
    newest = write_run(results / "mnist" / "as-written-bbbb")
    write_ledger(newest)
    (results / "mnist" / "latest").symlink_to(newest.name)
    (results / "mnist" / ".cccc-x1y2").mkdir()
    write_run(results / "mnist-fine-tuned", 0.9924)
    write_run(results / "nmnist-simulated" / "dddd", 0.987, dataset="nmnist-simulated", simulated=True)
    broken = write_run(results / "a study # 100 %" / "eeee")
    content = (broken / "summary.json").read_text()
    (broken / "summary.json").write_text(content[: len(content) // 2])
    (results / "timing" / "ncaltech101" / "abcd" / "units").mkdir(parents=True)
    for kind, study, verdict in (
        ("noise", "mnist", "Noise <destroys> it."), ("sweeps", "mnist-morris", "Threshold matters."),
        ("filters", "caltech", "Midgets help."), ("filters", "caltech-quick", "Quickly told."),
        ("time-step", "mnist", "A coarse step costs nothing."),
    ):  # fmt: skip
        write_experiment(
            results / kind / study / "as-written-1234", f"{len(kind)}.25 %", verdict, "And more."
        )
    write_experiment(results / "benchmark" / "mnist" / "as-written-5678", "99.37 %")
    (results / "benchmark" / "measurements").mkdir()
    write_devices(results / "devices" / "mnist")
    (results / "bench").mkdir()
    (results / "bench" / "table.md").touch()
    _json(results / "study" / "steps.json", STEPS)
    (results / "study" / "mnist.log").touch()
    return results

"""What the JSON files of a run hold, made up and complete."""

from __future__ import annotations

from typing import Any

from bioscnn.readout import READOUTS
from bioscnn.statistics import Estimate


def summary_facts(accuracy: float = 0.99, **more: object) -> dict[str, Any]:
    """The summary of a run."""
    share = [accuracy, accuracy - 0.002, min(1.0, accuracy + 0.002)]
    names = ("synapses", "updates", "stimulus", "ann")
    return {
        "dataset": "mnist", "source": "made up <by> a test", "n_trials": 5000, "ann_accuracy": share,
        "accuracy": dict.fromkeys(READOUTS, share), "readout": "peak-potential", "spikes_per_trial": 1800.0,
        "synops_per_trial": 77000.0, "latency_ms": 17.0, "duration_ms": 30.0, "dt_ms": 1.0,
        "energy": {f"{name}_flop": 7e4 for name in names}
        | {"ann_to_spiking": 10.0, "ann_to_spiking_with_stimulus": 4.0},
        "device": "cpp_standalone", "seconds": {"build": 1.0, "simulate": 2.0, "total": 4.0},
        "weights_sha256": "w" * 64, "data_sha256": "d" * 64,
    } | more  # fmt: skip


def provenance_facts(**more: object) -> dict[str, Any]:
    """The provenance of a run; its populations and projections are to be given."""
    return {
        "command": "bioscnn run sims/mnist.toml", "started": "2026-11-24T09:00:00+00:00", "seed": 1,
        "commit": "c" * 40, "dirty": False, "versions": {"brian2": "2.9.0"}, "machine": {"cores": "2"},
        "data": {"dataset": "mnist", "split": "validation", "source": "made up", "sha256": "d" * 64,
                 "classes": list("0123456789")},
        "network": {"model": "mnist-small", "weights_sha256": "w" * 64, "card": None, "calibration": None},
        "populations": [], "projections": [],
    } | more  # fmt: skip


def made_up_estimate(value: float, half_width: float, trials: int = 200) -> Estimate:
    """Return a tested estimate with the same interval before and after correction."""
    low, high = value - half_width, value + half_width
    p = 0.01 if low > 0 or high < 0 else 0.5
    return Estimate(value, low, high, trials, 1, ("trials",), p, p_holm=p, low_holm=low, high_holm=high)

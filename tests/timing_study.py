"""What a timing study writes, made up: counts tell the class, the spiking network uses times a little."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from bioscnn.metrics import wilson
from bioscnn.report.timing_folder import write_examples
from bioscnn.spikes import SpikeTrains

N, CHANCE = 200, 0.1
LAYERS = ("input", "conv1", "conv2")
SIGMAS = (1, 2, 5, 10, 20, 50, 100)
METHODS = ("spiking network", "counts", "latencies", "ranks", "counts and times", "time-collapsed CNN")
CLEAN = dict(zip(METHODS, (0.96, 0.93, 0.84, 0.8, 0.94, 0.985), strict=True))
LOSS = {
    "spiking network": 0.5, "counts": 0.0, "latencies": 0.9, "ranks": 1.0, "counts and times": 0.2,
    "time-collapsed CNN": 0.0,
}  # fmt: skip
"""Share of what is above chance that the strongest perturbation of time takes from each method."""

Perturbation = tuple[str, str, float | None, bool, float]


def perturbations() -> list[Perturbation]:
    """Family, label, severity, whether it keeps counts, and its strength, 0 to 1."""
    graded: list[Perturbation] = [
        (family, f"{family} {sigma} ms", sigma / 1000, True, (sigma / 100) ** 0.7)
        for family in ("jitter", "shift")
        for sigma in SIGMAS
    ]
    whole: list[Perturbation] = [
        (label.split(" ")[0], label, None, True, strength)
        for label, strength in (
            ("shuffle-intervals", 0.5),
            ("redistribute", 0.9),
            ("reverse", 0.7),
            ("reorder 2-3-1", 0.4),
            ("reorder 3-2-1", 0.5),
            ("collapse", 1.0),
        )
    ]
    lossy: list[Perturbation] = [
        ("delete", f"delete {percent} %", percent / 100, False, percent / 100) for percent in (10, 30, 50, 80)
    ]
    lossy += [
        ("first-spike", "first-spike", None, False, 0.6),
        ("remove-segment", "remove-segment 2", 2, False, 0.3),
        ("equalise", "equalise 2", 2, False, 0.9),
        ("combined", "collapse + equalise 2", None, False, 0.95),
    ]
    return [("clean", "clean", None, True, 0.0), *graded, *whole, *lossy]


def accuracy_table(layers: tuple[str, ...] = LAYERS) -> pd.DataFrame:
    """One row a layer, perturbation and method, as a study writes it."""
    rows = []
    for layer in layers:
        for family, label, severity, keeps, strength in perturbations():
            for method in METHODS if layer == "input" else METHODS[:-1]:
                loss = LOSS[method] if keeps else max(0.3, LOSS[method])
                clean = wilson(round(N * CLEAN[method]), N)
                share = wilson(round(N * (CHANCE + (CLEAN[method] - CHANCE) * (1 - loss * strength))), N)
                lost = round(N * (clean.value - share.value))
                shift, half = share.value - clean.value, 0.02 + 0.02 * strength
                p = 1.0 if lost == 0 else 0.5 ** (lost - 1)
                rows.append(
                    {
                        "layer": layer, "family": family, "label": label, "severity": severity,
                        "keeps_counts": keeps, "method": method, "accuracy": share.value, "low": share.low,
                        "high": share.high, "n": N, "difference": shift,
                        "diff_low": shift - half if strength else 0.0,
                        "diff_high": shift + half if strength else 0.0, "lost": lost + 1, "won": 1,
                        "p": p, "p_holm": min(1.0, 20 * p),
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def control_table() -> pd.DataFrame:
    """Two sets, spikes as made and jittered, four decoders; all as expected."""
    rows = []
    for name, informed in (
        ("timing only", METHODS[2:5]),
        ("counts only", ("counts", "latencies", "counts and times")),
    ):
        for label in ("clean", "jitter 100 ms"):
            for method in METHODS[1:5]:
                high = method in informed and (label == "clean" or name == "counts only")
                share = wilson(N - 3 if high else round(N * CHANCE) + 3, N)
                expected = "" if (name, method) == ("counts only", "latencies") else None
                expected = ("high" if high else "chance") if expected is None else expected
                rows.append(
                    {
                        "set": name, "label": label, "method": method, "accuracy": share.value,
                        "low": share.low, "high": share.high, "n": N, "chance": CHANCE, "expected": expected,
                        "passed": True,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def comparison_table(layers: tuple[str, ...] = LAYERS) -> pd.DataFrame:
    """Counts and times against counts at every layer, the spiking network against the CNN at the input."""
    pairs = [(layer, "counts", "counts and times") for layer in layers]
    pairs.append(("input", "time-collapsed CNN", "spiking network"))
    return pd.DataFrame(
        {
            "layer": layer, "first": first, "second": second, "n": N,
            "difference": CLEAN[second] - CLEAN[first], "diff_low": CLEAN[second] - CLEAN[first] - 0.03,
            "diff_high": CLEAN[second] - CLEAN[first] + 0.03, "lost": 7, "won": 9, "p": 0.8, "p_holm": 1.0,
        }
        for layer, first, second in pairs
    )  # fmt: skip


def information_table(layers: tuple[str, ...] = LAYERS) -> pd.DataFrame:
    """Bits of a neuron's count, latency and both."""
    rows = []
    for k, layer in enumerate(layers):
        for response, bits in (("count", 0.1), ("latency", 0.06), ("both", 0.13)):
            more = bits * (1 + 0.5 * k)
            rows.append(
                {
                    "layer": layer, "response": response, "bits": more, "low": more - 0.01,
                    "high": more + 0.01, "shuffled": 0.001, "neurons": 100,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def examples(layers: tuple[str, ...] = LAYERS) -> tuple[dict[str, SpikeTrains], np.ndarray]:
    """Random spikes of twenty trials in each layer."""
    rng = np.random.default_rng(3)
    trains = {}
    for size, layer in enumerate(layers, start=20):
        trial, step, neuron = np.nonzero(rng.random((20, 299, size)) < 0.02)
        trains[layer] = SpikeTrains.from_events(
            trial, step, neuron, n_trials=20, size=size, n_steps=300, dt=1e-3
        )
    return trains, np.arange(20) // 2


def summary(simulated: bool = False) -> dict[str, object]:
    return {
        "study": "timing", "dataset": "nmnist-simulated" if simulated else "nmnist",
        "source": "made up <by> a test & no camera", "simulated": simulated, "n": N,
        "classes": [str(k) for k in range(10)], "chance": CHANCE, "network": "nmnist-small",
        "collapsed_network": "nmnist-collapsed", "duration_ms": 300.0, "dt_ms": 1.0, "folds": 5, "seed": 1,
        "layers": list(LAYERS), "tests": [400, 4], "seconds": 812.3, "data_sha256": "0f1e2d3c" * 8,
        "weights_sha256": "81e1c66d" * 8, "collapsed_sha256": "5a6b7c8d" * 8,
        "command": "bioscnn timing nmnist --trials 200",
        "bioscnn": "0.1.0", "commit": "c22e3747d1f0c9d9c6c2f0f1a1b2c3d4e5f60718", "dirty": False,
        "versions": {"bioscnn": "0.1.0", "python": "3.11.2"},
        "machine": {"system": "Linux", "processor": "a <fast> one & two cores", "cores": "2"},
    }  # fmt: skip


VERDICT = {
    "controls_passed": True,
    "answer": "The spiking network uses when spikes come, and a decoder of counts needs none of it.",
    "text": "The spiking network uses when spikes come, and a decoder of counts needs none of it. "
    "This rests on 200 recordings.",
    "facts": {"largest loss, points": -43.0, "perturbation": "collapse", "layers": ["input", "conv1"]},
}


def write_study(folder: Path, *, simulated: bool = False, controls_pass: bool = True) -> Path:
    """Write the folder of a study, whose controls may have failed in one row."""
    folder.mkdir(exist_ok=True)
    controls, verdict = control_table(), dict(VERDICT)
    if not controls_pass:
        controls.loc[0, ["accuracy", "low", "high"]] = [0.7, 0.6, 0.8]
        controls.loc[0, "passed"] = False
        verdict |= {
            "controls_passed": False,
            "answer": "",
            "text": "The decoder of counts saw what no count can tell.",
        }
    accuracy_table().to_csv(folder / "accuracy.csv", index=False)
    write_examples(folder / "examples.npz", *examples())
    comparison_table().to_csv(folder / "comparisons.csv", index=False)
    controls.to_csv(folder / "controls.csv", index=False)
    information_table().to_csv(folder / "information.csv", index=False)
    (folder / "verdict.json").write_text(json.dumps(verdict))
    (folder / "summary.json").write_text(json.dumps(summary(simulated)))
    return folder


def made_up_rates(n_trials: int = 40, size: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """The three rates of neurons that fire more in the second half: by neuron, by trial, by both, Hz."""
    rng, window, n_windows = np.random.default_rng(1), 10e-3, 30
    rate = rng.gamma(1, 20, size)[:, None] * np.where(np.arange(n_windows) < n_windows // 2, 0.5, 1.5)
    spikes = rng.poisson(rate * window, (n_trials, size, n_windows))
    return (
        spikes.sum(axis=2) / (n_windows * window),
        spikes.mean(axis=1) / window,
        spikes.mean(axis=0) / window,
        window,
    )

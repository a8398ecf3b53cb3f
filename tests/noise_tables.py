"""Tables of a noise experiment, made up: each kind of noise takes its own share, noise training helps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bioscnn.noise import NOISES
from bioscnn.statistics import proportion_of_counts

N, SEEDS, CHANCE = 500, 5, 0.1

ACTS_ON = {name: kind.acts_on for name, kind in NOISES.items() if name != "membrane-noise-xi"}
AMOUNTS = {name: tuple(NOISES[name].at(severity).setting for severity in range(1, 6)) for name in ACTS_ON}

NETWORKS = {
    "mnist": {
        "soft LIF": "mnist-small", "fine-tuned": "mnist-small-fine-tuned", "ReLU": "mnist-small-relu",
        "noise-trained": "mnist-small-noise", "retina": "mnist-foveal",
    },
    "nmnist": {
        "soft LIF": "nmnist-small", "fine-tuned": "nmnist-small-fine-tuned",
        "noise-trained": "nmnist-small-noise",
    },
}  # fmt: skip


def noises_of(dataset: str) -> list[str]:
    """Every kind of noise that fits a data set, in the order of the study."""
    inputs = "images" if dataset == "mnist" else "events"
    return [name for name, acts_on in ACTS_ON.items() if acts_on in (inputs, "spikes", "network")]


def fits(network: str, noise: str, dataset: str) -> bool:
    """Whether a network has what a noise acts on; currents are no spikes."""
    return noise != "spike-jitter" or dataset == "nmnist" or network == "retina"


def accuracy_table(dataset: str = "mnist") -> pd.DataFrame:
    """One row per network, method, kind of noise and severity; clean inputs first."""
    rng, rows = np.random.default_rng(3), []
    noises = noises_of(dataset)
    weakness = dict(zip(noises, rng.permutation(np.geomspace(0.02, 1.6, len(noises))), strict=True))
    for k, network in enumerate(NETWORKS[dataset]):
        helped = 0.45 if network == "noise-trained" else rng.uniform(0.85, 1.2)
        for method in ("spiking", "ann"):
            clean = 0.985 - 0.006 * k + 0.004 * (method == "ann")
            conditions = [("clean", 0)]
            conditions += [
                (noise, severity)
                for noise in noises
                for severity in range(1, 6)
                if fits(network, noise, dataset)
                and (method == "spiking" or ACTS_ON[noise] in ("images", "events"))
            ]
            for noise, severity in conditions:
                strength = helped * weakness.get(noise, 0) * (severity / 3) ** 1.7
                share = CHANCE + (clean - CHANCE) * np.exp(-strength)
                rows.append(
                    _row(network, method, noise, severity, int(rng.binomial(N * SEEDS, share)))
                    | _activity(method, noise, strength, k)
                )
    return pd.DataFrame(rows)


def _row(network: str, method: str, noise: str, severity: int, right: int) -> dict[str, Any]:
    share = proportion_of_counts(right, N * SEEDS)
    return {
        "network": network, "method": method, "noise": noise, "acts_on": ACTS_ON.get(noise, "clean"),
        "severity": severity, "amount": AMOUNTS[noise][severity - 1] if severity else "",
        "accuracy": share.value, "low": share.low, "high": share.high, "n": N, "seeds": SEEDS,
    }  # fmt: skip


def _activity(method: str, noise: str, strength: float, k: int) -> dict[str, Any]:
    """Latency and spikes: noise delays decisions; lost spikes are fewer, stuck neurons more."""
    if method == "ann":
        return {"latency_ms": None, "spikes": None}
    lost = noise in ("event-loss", "spike-loss", "transmission-failure", "dead-neurons")
    return {
        "latency_ms": 31 + 2 * k + 18 * (1 - np.exp(-strength)),
        "spikes": (2140 + 300 * k) * np.exp(-0.5 * strength if lost else 0.4 * min(strength, 2.5)),
    }


QUESTIONS = {
    "mnist": {
        "retina": ("retina", "soft LIF"), "noise-training": ("noise-trained", "soft LIF"),
        "fine-tuning": ("fine-tuned", "soft LIF"), "spiking": ("soft LIF", "soft LIF, ANN"),
        "normalisation": ("ReLU", "soft LIF"),
    },
    "nmnist": {
        "noise-training": ("noise-trained", "soft LIF"), "fine-tuning": ("fine-tuned", "soft LIF"),
        "spiking": ("soft LIF", "soft LIF, ANN"),
    },
}  # fmt: skip


def comparison_table(dataset: str = "mnist") -> pd.DataFrame:
    """One row per question and kind of noise, clean inputs and means over kinds."""
    rng, rows = np.random.default_rng(5), []
    for question, (first, second) in QUESTIONS[dataset].items():
        kinds = [noise for noise in noises_of(dataset) if fits(first, noise, dataset)]
        kinds = [noise for noise in kinds if fits(second.removesuffix(", ANN"), noise, dataset)]
        if question == "spiking":
            kinds = [noise for noise in kinds if ACTS_ON[noise] in ("images", "events")]
        centre = 0.12 if question == "noise-training" else 0.0
        means = [f"all {place}" for place in dict.fromkeys(ACTS_ON[noise] for noise in kinds)]
        if question == "noise-training":
            means += ["seen in training", "not seen in training"]
        for noise in ("clean", *kinds, *means, "all"):
            value = 0.002 if noise == "clean" else rng.normal(centre, 0.02 if " " in noise else 0.06)
            half = 0.012 if noise == "all" else 0.03
            rows.append(
                {
                    "question": question, "first": first, "second": second, "noise": noise,
                    "acts_on": ACTS_ON.get(noise, "all"), "difference": value, "low": value - half,
                    "high": value + half, "significant": abs(value) > half,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def pictures(dataset: str = "mnist") -> tuple[np.ndarray, np.ndarray]:
    """A ring at severities 0 to 5 of every noise of images or events: paler and noisier with each."""
    rng = np.random.default_rng(6)
    names = np.array([name for name in noises_of(dataset) if ACTS_ON[name] in ("images", "events")])
    y, x = np.mgrid[-1:1:28j, -1:1:28j]
    ring = np.exp(-(((np.hypot(x, 1.2 * y) - 0.6) / 0.14) ** 2))
    severity = np.arange(6)[None, :, None, None]
    noise = rng.normal(0, 0.08, (len(names), 6, 28, 28)) * severity
    return names, (255 * np.clip(ring * (1 - 0.1 * severity) + noise, 0, 1)).astype(np.uint8)

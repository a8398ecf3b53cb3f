"""Converted and learned networks on the same digits, clean and in noise: a table of docs/stdp.md.

    python -m analysis.learned_in_noise        # docs/tables/stdp-noise*.csv; some minutes

The first 1,000 validation digits, one seed of noise; every network is one that comes with bioscnn.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.learned import with_interval
from bioscnn.claims import made_now
from bioscnn.claims.record import write_table
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import RULES, classify_case
from bioscnn.simulation.simulate import Silent
from bioscnn.statistics import proportion
from bioscnn.stdp.run import network_of
from bioscnn.stdp.study import read_learned_study
from bioscnn.studies import read_study
from bioscnn.studies.disturbance import disturbed, noises_of
from bioscnn.studies.examples import load_images

TABLE = Path("docs/tables/stdp-noise.csv")
BY_NOISE = Path("docs/tables/stdp-noise-accuracy.csv")
TRIALS = 1000
CONVERTED = {
    "converted, rate": ("mnist", []),
    "converted, trained in noise": ("mnist", ["network.model=mnist-small-noise"]),
    "converted, time": ("mnist-time", []),
}
LEARNED = {
    "learned, votes": [],
    "learned, likelihood": ["learning.readout=likelihood"],
}
NOISES = (
    None,
    "gaussian-noise",
    "salt-and-pepper",
    "blur",
    "occlusion",
    "contrast",
    "rotation",
    "spike-loss",
)
SEVERITY = 3
CODE = ("bioscnn.experiments.classify:CLASSIFY", "bioscnn.stdp.competitive.classify")


def converted(study: str, changes: list[str], bench: Bench) -> tuple[Any, ...]:
    """Return which digits a converted network has right, and spikes, operations and latency."""
    loaded = read_study(study, [*changes, f"dataset.trials={TRIALS}"])
    outcome = classify_case(bench.case(loaded))
    chosen = outcome["chosen"][RULES.index(loaded.config.readout.rule)]
    spikes, synops = float(outcome["spikes"].mean()), float(outcome["synops"])
    return chosen == outcome["label"], spikes, synops, float(np.median(outcome["latency_ms"]))


def learned(changes: list[str]) -> tuple[Any, ...]:
    """Return the same of the learned network; its latency is that of the first answer."""
    study = read_learned_study("mnist-stdp", [*changes, f"dataset.trials={TRIALS}"])
    assert study is not None
    config = study.config
    clean = load_images(config.dataset, "validation", TRIALS, None)
    noisy = disturbed(clean.images, noises_of(config, "images"), config.simulation.seed)
    answers = study.rule.classify(config, network_of(study, clean), replace(clean, images=noisy), Silent())
    spikes = float(sum(counts.mean() for name, counts in answers.spikes.items() if name != "input"))
    assert answers.latency_ms is not None
    return answers.chosen == clean.labels, spikes, answers.synops, float(np.nanmedian(answers.latency_ms))


def main() -> None:
    """Measure all networks in all noises and write the table."""
    bench, rows = Bench(None), []
    for noise in NOISES:
        changes = [] if noise is None else [f"noise.{noise}.severity={SEVERITY}"]
        found = {name: converted(study, [*own, *changes], bench) for name, (study, own) in CONVERTED.items()}
        found |= {name: learned([*own, *changes]) for name, own in LEARNED.items()}
        for name, (right, spikes, synops, latency) in found.items():
            share = proportion(right)
            row = {"network": name, "noise": noise or "none"}
            row |= with_interval("accuracy (%)", share.value, share.low, share.high)
            activity = {"spikes (per image)": spikes, "synaptic operations (per image)": synops}
            rows.append(row | activity | {"latency (ms)": latency})
            print(rows[-1], flush=True)
    write(rows)


def write(rows: list[dict[str, Any]]) -> None:
    """Write all rows as one table, and the accuracies as another, one row per noise."""
    record = made_now("python -m analysis.learned_in_noise", "digits", *CODE)
    by_noise: dict[str, dict[str, Any]] = {}
    for row in rows:
        own = by_noise.setdefault(row["noise"], {"noise, severity 3": row["noise"]})
        for end in ("", " low", " high"):
            own[f"{row['network']} (%){end}"] = row[f"accuracy (%){end}"]
    for table, content in ((TABLE, rows), (BY_NOISE, list(by_noise.values()))):
        write_table(table, pd.DataFrame(content).to_csv(index=False, float_format="%.6g").encode(), record)


if __name__ == "__main__":
    main()

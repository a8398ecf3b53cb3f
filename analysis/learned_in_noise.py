"""Converted and learned networks on the same digits, clean and in noise: a table of docs/stdp.md.

    python -m analysis.learned_in_noise        # docs/tables/stdp-noise*.csv; some minutes

The first 1,000 validation digits, one seed of noise; every network is one that comes with bioscnn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.learned import with_interval
from bioscnn.claims import made_now
from bioscnn.claims.record import write_table
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import RULES, classify_case
from bioscnn.simulation.simulate import Silent
from bioscnn.statistics import corrected, difference, proportion
from bioscnn.stdp.run import network_of
from bioscnn.stdp.study import read_learned_study
from bioscnn.studies import read_study
from bioscnn.studies.disturbance import disturbed, noises_of
from bioscnn.studies.examples import load_images

TABLE = Path("docs/tables/stdp-noise.csv")
BY_NOISE = Path("docs/tables/stdp-noise-accuracy.csv")
DIFFERENCES = Path("docs/tables/stdp-noise-differences.csv")
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


def differences(right: Mapping[tuple[str, str], NDArray[np.bool_]]) -> list[dict[str, Any]]:
    """Return what the learned network has right more than the converted ones, and than itself without noise.

    Parameters
    ----------
    right : mapping of ndarray of bool, shape (n_trials,)
        By network and noise, which digits were right.

    Returns
    -------
    list of dict
        One row per difference, in points. Intervals and p values are corrected over all rows.
    """
    learned = next(iter(LEARNED))
    family = {}
    for (network, noise), others in right.items():
        if network in CONVERTED:
            family[f"{learned} less {network}", noise] = difference(right[learned, noise], others)
        elif network == learned and noise != "none":
            family[f"{learned} less the same without noise", noise] = difference(
                others, right[learned, "none"]
            )
    rows = []
    for (comparison, noise), found in corrected(family).items():
        low, high = found.interval
        points = with_interval("difference (points)", found.value, low, high)
        rows.append({"comparison": comparison, "noise": noise, **points, "p, corrected": found.p_holm})
    return rows


def main() -> None:
    """Measure all networks in all noises and write the tables."""
    bench, rows, correct = Bench(None), [], {}
    for noise in NOISES:
        changes = [] if noise is None else [f"noise.{noise}.severity={SEVERITY}"]
        found = {name: converted(study, [*own, *changes], bench) for name, (study, own) in CONVERTED.items()}
        found |= {name: learned([*own, *changes]) for name, own in LEARNED.items()}
        for name, (right, spikes, synops, latency) in found.items():
            correct[name, noise or "none"] = right
            share = proportion(right)
            row = {"network": name, "noise": noise or "none"}
            row |= with_interval("accuracy (%)", share.value, share.low, share.high)
            activity = {"spikes (per image)": spikes, "synaptic operations (per image)": synops}
            rows.append(row | activity | {"latency (ms)": latency})
            print(rows[-1], flush=True)
    write(rows, differences(correct))


def write(rows: list[dict[str, Any]], compared: list[dict[str, Any]]) -> None:
    """Write tables of all rows, of the accuracies with one row per noise, and of differences."""
    record = made_now("python -m analysis.learned_in_noise", "digits", *CODE)
    by_noise: dict[str, dict[str, Any]] = {}
    for row in rows:
        own = by_noise.setdefault(row["noise"], {"noise, severity 3": row["noise"]})
        for end in ("", " low", " high"):
            own[f"{row['network']} (%){end}"] = row[f"accuracy (%){end}"]
    tables = {TABLE: rows, BY_NOISE: list(by_noise.values()), DIFFERENCES: compared}
    for table, content in tables.items():
        units = {"p, corrected": "1"} if table == DIFFERENCES else {}
        text = pd.DataFrame(content).to_csv(index=False, float_format="%.6g")
        write_table(table, text.encode(), replace(record, units=units))


if __name__ == "__main__":
    main()

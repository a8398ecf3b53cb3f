"""What float32 changes: the same trials in single and double precision, spike for spike.

python -m bench.precision
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from bench.networks import STUDY, data_folder
from bioscnn.network import READOUT
from bioscnn.readout import final_decisions
from bioscnn.simulation import Device, Recording, simulate_batches
from bioscnn.statistics import difference, proportion
from bioscnn.studies.prepare import prepare
from bioscnn.studies.study import read_study


def measure_precision(model: str, images: int, data: Path | None, split: str = "test") -> dict[str, Any]:
    """Compare float32 with float64.

    Parameters
    ----------
    model : str
        A shipped network.
    images : int
        How many images.
    data : Path or None
        Data folder.
    split : str
        Of the images.

    Returns
    -------
    dict
        Spikes, how many stand in one precision only, the share of trials in which any does, trials whose
        class changes, accuracy of both and their difference, with 95 % intervals.
    """
    changes = [f"network.model={model}", f"dataset.trials={images}", f"dataset.split={split}"]
    ready = prepare(read_study(STUDY, changes), data)
    record = [population.name for population in ready.network.neurons if population.spikes]
    spikes = differ = 0
    touched, classes = [], []
    batches = (
        simulate_batches(ready.network, ready.stimulus, device, record=record, potentials=[READOUT])
        for device in (Device(precision=precision, jobs=2) for precision in ("float32", "float64"))
    )
    for single, double in zip(*batches, strict=True):
        moved = np.zeros(single.n_trials, np.int64)
        for name in record:
            in_single, in_double = (spike_keys(batch, name) for batch in (single, double))
            only = np.setxor1d(in_single, in_double, assume_unique=True)
            population = single[name].spikes
            assert population is not None
            moved += np.bincount(only // (population.n_steps * population.size), minlength=single.n_trials)
            spikes += len(in_double)
        differ += int(moved.sum())
        touched.append(moved > 0)
        rule = ready.study.config.readout.rule
        classes.append([final_decisions(batch, rule) for batch in (single, double)])
    in_single, in_double = (
        np.concatenate(parts) == ready.examples.labels for parts in zip(*classes, strict=True)
    )
    changed = np.concatenate([a != b for a, b in classes])
    change = difference(in_double, in_single)
    return {
        "network": model,
        "n": images,
        "spikes": spikes,
        "spikes_that_differ": differ,
        "trials_with_another_spike": float(np.concatenate(touched).mean()),
        "classes_that_change": int(changed.sum()),
        "float32": _share(in_single),
        "float64": _share(in_double),
        "difference": [change.value, change.low, change.high],
    }


def spike_keys(recording: Recording, name: str) -> np.ndarray:
    """Return one number for each spike of a population: trial, step and neuron."""
    spikes = recording[name].spikes
    assert spikes is not None
    return (spikes.trial() * spikes.n_steps + spikes.step) * spikes.size + spikes.neuron


def _share(right: np.ndarray) -> dict[str, float]:
    share = proportion(right)
    return {"value": share.value, "low": share.low, "high": share.high}


if __name__ == "__main__":
    for name in ("mnist-small", "mnist-large"):
        print(json.dumps(measure_precision(name, 5000, data_folder()), indent=2))

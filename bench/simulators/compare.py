"""Which simulations are compared with which, and what is counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.simulators.measure import first_spikes, moved, only_in_one, spiking
from bioscnn.network import READOUT
from bioscnn.readout import READOUTS, final_decisions
from bioscnn.simulation import Recording
from bioscnn.spikes import SpikeTrains
from bioscnn.statistics import mean_difference

Row = dict[str, Any]

GRID, PRECISE = "iaf_psc_exp", "iaf_psc_exp_ps"
FINEST = 0.01
"""Step in which NEST's spikes with precise times are recorded, ms."""


@dataclass(frozen=True)
class There:
    """A simulation elsewhere; times in ms."""

    simulator: str
    model: str
    dt: float
    delay: float


@dataclass(frozen=True)
class Here:
    """A simulation in bioscnn, by the keys of a study; times in ms."""

    reset: str
    dt: float
    delay: float


@dataclass(frozen=True)
class Pair:
    """Two simulations, and what they are compared for."""

    question: str
    there: There
    here: Here


STEPS = (1.0, 0.1, 0.01)

PAIRS = (
    *(Pair("the same model", There("NEST", GRID, dt, dt), Here("zero", dt, dt)) for dt in STEPS),
    *(
        Pair("precise times, delay 1 ms", There("NEST", PRECISE, FINEST, 1.0), Here(reset, dt, 1.0))
        for dt in STEPS
        for reset in ("exact", "subtract", "zero")
    ),
    *(
        Pair("precise times, as shipped", There("NEST", PRECISE, FINEST, FINEST), Here("exact", dt, 0.0))
        for dt in STEPS
    ),
    *(
        Pair("the ancestor's simulator", There("Nengo", model, dt, 0.0), Here("exact", dt, 0.0))
        for model in ("LIF-unclipped", "LIF")
        for dt in STEPS[:2]
    ),
)


def on_grid(spikes: SpikeTrains, dt: float) -> SpikeTrains:
    """Return spikes in coarser steps of `dt` seconds."""
    ratio = round(dt / spikes.dt)
    step = spikes.step // ratio
    keys = {"n_trials": spikes.n_trials, "size": spikes.size, "n_steps": spikes.n_steps // ratio, "dt": dt}
    return SpikeTrains.from_events(spikes.trial(), step, spikes.neuron, **keys)


def compared(
    pair: Pair, there: Recording, here: Recording, labels: NDArray[np.integer]
) -> tuple[Row, list[Row]]:
    """Return the row of two recordings, and one row for each of their layers.

    Differences are bioscnn less the other simulator, with 95 % intervals over trials. Spikes that only one
    of them has, and those that moved by more than a step or have no counterpart, are counted in the coarser
    steps.
    """
    about = {
        "question": pair.question,
        "simulator": pair.there.simulator,
        "model": pair.there.model,
        "dt_ms": pair.there.dt,
        "delay_ms": pair.there.delay,
        "bioscnn_reset": pair.here.reset,
        "bioscnn_dt_ms": pair.here.dt,
        "bioscnn_delay_ms": pair.here.delay,
        "n": len(labels),
    }
    layers = [about | {"layer": name} | _counts(there, here, [name]) for name in spiking(there)]
    row = about | _counts(there, here, list(spiking(there)))
    row |= dict(_first(first_spikes(there), first_spikes(here)))
    for rule in READOUTS:
        one, other = (final_decisions(recording, rule) for recording in (there, here))
        key = rule.replace("-", "_")
        row[f"classes_equal_{key}"] = int((one == other).sum())
        row[f"correct_{key}"] = int((one == labels).sum())
        row[f"bioscnn_correct_{key}"] = int((other == labels).sum())
    row["readout_apart_mv"] = _apart(there, here) if there.dt == here.dt else None
    return row, layers


def _counts(there: Recording, here: Recording, names: list[str]) -> Row:
    dt = max(there.dt, here.dt)
    one, other = (
        np.sum([recording[name].counts_by_trial for name in names], axis=0) for recording in (there, here)
    )
    change, scale = mean_difference(other.astype(float), one.astype(float)), 100 / one.mean()
    trains = [tuple(on_grid(spiking(recording)[name], dt) for recording in (there, here)) for name in names]
    return {
        "spikes": int(one.sum()),
        "bioscnn_spikes": int(other.sum()),
        "difference_percent": scale * change.value,
        "difference_percent_low": scale * change.low,
        "difference_percent_high": scale * change.high,
        "only_in_one": sum(only_in_one(*pair) for pair in trains),
        "moved": sum(moved(*pair) for pair in trains),
    }


def _first(there: NDArray[np.float64], here: NDArray[np.float64]) -> Iterator[tuple[str, float | int]]:
    """Yield the first output spike, where both have one."""
    both = np.isfinite(there) & np.isfinite(here)
    yield "output_fires", int(np.isfinite(there).sum())
    yield "bioscnn_output_fires", int(np.isfinite(here).sum())
    yield "first_output_spike_ms", float(there[both].mean())
    change = mean_difference(here[both], there[both])
    yield "first_difference_ms", change.value
    yield "first_difference_ms_low", change.low
    yield "first_difference_ms_high", change.high


def _apart(there: Recording, here: Recording) -> float:
    """Return the largest difference of the potentials of the readout, mV."""
    one, other = there[READOUT].potentials, here[READOUT].potentials
    assert one is not None and other is not None
    return float(1e3 * np.abs(one - other).max())

"""What a time step does to the rate of a neuron under fluctuating input: `python -m analysis.fluctuation`.

Ninety conditions: a constant current, and balanced Poisson input through synapses that makes the membrane
fluctuate. The same input reaches the neurons in every time step and under every reset rule; the rate is
compared with that of the rule ``exact`` at the smallest step. Writes docs/tables/fluctuating-input*.csv.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bioscnn.claims import made_now, write_table
from bioscnn.network import Population
from bioscnn.neurons import LIF, ExponentialCurrent
from bioscnn.seeds import stream
from bioscnn.simulation.reference import _Neurons
from bioscnn.statistics import mean, mean_difference

TABLE = Path("docs/tables/fluctuating-input.csv")
SUMMARY = Path("docs/tables/fluctuating-input-summary.csv")
UNITS = {"conditions": "1", "fluctuation_mv": "mV"}
DRIVES = (0.5, 0.8, 1.0, 1.5, 2.5, 4.0)  # constant current, rheobases
FLUCTUATIONS = (2.0, 4.0, 8.0, 12.0, 20.0)  # sd of the membrane without threshold, mV
TAU_S = (2.0, 5.0, 10.0)  # ms
INPUT_RATE = 2000.0  # Hz, excitatory and inhibitory together
FINEST = 0.01  # ms
CELLS, DURATION = 200, 1.0  # per condition; s

NEURON = LIF()
RULES = {
    "exact": NEURON,
    "subtract": replace(NEURON, reset="subtract"),
    "zero": replace(NEURON, reset="zero"),
    "exact, at release": NEURON,
    "plain Brian2": replace(NEURON, reset="zero"),
}
"""Reset rules. Brian2 itself holds a neuron for a step less than ``refractory`` says."""


@dataclass(frozen=True)
class Variant:
    """A reset rule at a time step, ms."""

    rule: str
    dt: float


VARIANTS = (*(Variant(rule, 1.0) for rule in RULES), Variant("exact", 0.5), Variant("exact", 0.1))


class Charged(_Neurons):
    """Neurons of the reference simulator whose reset may take its charge from another moment.

    The rule ``exact`` gives a neuron the charge that arrived between the crossing and the end of the step,
    under the current of that step. But a neuron whose refractory period ends as long before the end of a
    later step is charged by the current of that later step: `at_release` waits for it. `constant` takes
    the mean of a synaptic current over each step in place of its decay, which is how Nengo does it.
    """

    def __init__(
        self, population: Population, tau_s: float, dt: float, *, at_release: bool, constant: bool = False
    ) -> None:
        super().__init__(population, ExponentialCurrent(tau_s), dt)
        self.at_release, self.constant = at_release, constant
        self.missed = np.zeros(population.size)

    def mean_current(self) -> NDArray[np.float64]:
        """Return the current over the coming step, A."""
        part = self.synapse.tau_s * -np.expm1(-self.dt / self.synapse.tau_s) / self.dt
        return np.asarray(self.arrived["I_syn"] * part + self.I_stim)

    def advance(self) -> NDArray[np.int64]:
        """Integrate a step, and return who fires; what arrives is the caller's to add."""
        mean = self.mean_current()
        last = (self.held == 1) & (self.missed > 0)
        before = self.V.copy()
        self.integrate()
        if self.constant:
            decay = np.exp(-self.dt / self.tau_m)
            held = before * decay + self.neuron.R_m * mean * (1 - decay)
            self.V = np.where(self.free, held, self.V)
        if self.at_release:
            self.V[last] = (self.neuron.R_m * mean * self.missed)[last]
            self.missed[last] = 0
        crossed = self.V.copy()
        fired = self.fire()
        if self.at_release or self.constant:
            current = self.neuron.R_m * (mean if self.constant else self.arrived["I_syn"] + self.I_stim)
            drive = np.maximum(current - self.V_th, np.finfo(float).tiny)[fired]
            # The part of a time constant since the crossing, which lies in this step.
            u = np.minimum((crossed - self.V_th)[fired] / drive, -np.expm1(-self.dt / self.tau_m[fired]))
            self.V[fired] = 0 if self.at_release else current[fired] * u
            self.missed[fired] = u
        return fired


class _Cells(Charged):
    """Neurons under a variant, which count their spikes."""

    def __init__(self, variant: Variant, tau_s: float, drive: NDArray[np.float64]) -> None:
        neuron, dt = RULES[variant.rule], 1e-3 * variant.dt
        if variant.rule == "plain Brian2":
            neuron = replace(neuron, t_ref=neuron.t_ref - dt)
        population = Population("cells", drive.shape, neuron, bias=drive)
        super().__init__(population, tau_s, dt, at_release=variant.rule == "exact, at release")
        self.spikes = np.zeros(len(drive))


def conditions(tau_s: float) -> Iterator[tuple[float, float, float]]:
    """Yield drive, fluctuation, and the weight, A, that makes it: Campbell's theorem."""
    for drive, sd in product(DRIVES, FLUCTUATIONS):
        square = tau_s**2 / (2 * (NEURON.tau_m + tau_s)) * INPUT_RATE
        yield drive, sd, 1e-3 * sd / (NEURON.R_m * np.sqrt(square))


def spike_counts(tau_s: float, cells: int, duration: float) -> dict[Variant, NDArray[np.float64]]:
    """Return the spikes of each cell, shape (n_conditions, cells), under every variant and at `FINEST`."""
    compared = [Variant("exact", FINEST), *VARIANTS]
    drive, weight = (np.repeat([values[place] for values in conditions(tau_s)], cells) for place in (0, 2))
    neurons = {variant: _Cells(variant, tau_s, drive * NEURON.rheobase) for variant in compared}
    waiting = {variant: np.zeros(len(drive)) for variant in compared}
    ratio = {variant: round(variant.dt / FINEST) for variant in compared}
    rng, size = stream(3, f"fluctuating input {tau_s}"), len(drive)
    for step in range(round(1e3 * duration / FINEST)):
        n = rng.poisson(INPUT_RATE * 1e-3 * FINEST * size)
        cell, sign = rng.integers(size, size=n), rng.integers(2, size=n) * 2.0 - 1
        jumps = np.bincount(cell, sign, minlength=size) * weight
        for variant, cells_ in neurons.items():
            waiting[variant] += jumps
            if (step + 1) % ratio[variant] == 0:
                cells_.spikes[cells_.advance()] += 1
                cells_.arrived["I_syn"] += waiting[variant]
                waiting[variant][:] = 0
    return {variant: of_variant.spikes.reshape(-1, cells) for variant, of_variant in neurons.items()}


def rows(cells: int = CELLS, duration: float = DURATION) -> Iterator[dict[str, Any]]:
    """Yield one row per condition and variant: rate, and its difference from the finest in % of that."""
    for tau_s in TAU_S:
        counts = spike_counts(1e-3 * tau_s, cells, duration)
        finest = counts.pop(Variant("exact", FINEST))
        for variant, of_variant in counts.items():
            for (drive, sd, _), own, limit in zip(conditions(1e-3 * tau_s), of_variant, finest, strict=True):
                change = mean_difference(own, limit)
                scale = 100 / limit.mean() if limit.any() else np.nan
                yield {
                    "rule": variant.rule,
                    "dt_ms": variant.dt,
                    "tau_s_ms": tau_s,
                    "drive_rheobases": drive,
                    "fluctuation_mv": sd,
                    "cells": cells,
                    "seconds": duration,
                    "rate_hz": limit.mean() / duration,
                    "difference (%)": scale * change.value,
                    "difference (%) low": scale * change.low,
                    "difference (%) high": scale * change.high,
                }


def summary(table: pd.DataFrame, slowest: float = 1.0) -> pd.DataFrame:
    """Return mean and range over the conditions that fire at `slowest` Hz at least, by rule and step.

    Once over all of them, and once for each size of the fluctuation. Intervals are over conditions.
    """
    lively = table[table["rate_hz"] >= slowest]
    lines = []
    for sd in ("all", *FLUCTUATIONS):
        of_size = lively if sd == "all" else lively[lively["fluctuation_mv"] == sd]
        for (rule, dt), part in of_size.groupby(["rule", "dt_ms"], sort=False):
            change = part["difference (%)"]
            over = mean(change.to_numpy())
            ends = over.low, over.high, change.min(), change.max()
            lines.append((rule, dt, sd, len(part), over.value, *ends))
    columns = ["rule", "dt_ms", "fluctuation_mv", "conditions", "mean (%)", "mean (%) low", "mean (%) high"]
    return pd.DataFrame(lines, columns=[*columns, "lowest (%)", "highest (%)"])


def main() -> None:
    """Measure all conditions, and write both tables."""
    made = made_now(
        "python -m analysis.fluctuation",
        "neurons, conditions",
        "bioscnn.simulation.reference",
        "bioscnn.statistics",
    )
    table = pd.DataFrame(rows()).round(3)
    summed = summary(table).round(2)
    for path, content in ((TABLE, table), (SUMMARY, summed)):
        write_table(path, content.to_csv(index=False).encode(), replace(made, units=UNITS))
    print(summed.to_string(index=False))


if __name__ == "__main__":
    main()

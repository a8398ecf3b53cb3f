"""Tables of the codes experiment: what each code comes to, and how they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.experiments.codes.contestants import CODES, JITTER, RATE, TIME, UNTUNED, Amount
from bioscnn.experiments.experiment import Done, Row
from bioscnn.experiments.rows import TRAINING_SEEDS, corrected_rows, estimate_cells, finding, share_cells
from bioscnn.experiments.trained import network_of
from bioscnn.experiments.unit import Unit
from bioscnn.metrics import energy_estimate
from bioscnn.noise import SpikeLoss
from bioscnn.statistics import Estimate, difference, mean, mean_difference, proportion

CLEAN = "clean"
PRIMARY, EXPLORATORY = "primary", "exploratory"
ACCURACY, SPIKES = "accuracy", "spikes"

MOVED, LOST = (JITTER, 1e-3), (SpikeLoss.name, 0.1)
"""Disturbances of the primary comparisons: a jitter of 1 ms, and a loss of 10 % of the spikes."""


@dataclass(frozen=True, eq=False)
class Results:
    """Outcomes of the experiment, by code, price and condition: arrays with the seeds first.

    Parameters
    ----------
    done : Done
        Trainings and simulations.
    amount : Amount
        Seeds, prices.
    choosing, test : str
        Conditions of the clean comparison.
    """

    done: Done
    amount: Amount
    choosing: str
    test: str

    def units(
        self, code: str, condition: str, price: float | None = None, severity: float | None = None
    ) -> list[Unit]:
        """Return the units of a code under a condition, one per seed."""
        price = self.amount.price if price is None else price
        return [
            unit
            for unit in self.done.where(code, condition)
            if unit.options["price"] == price and unit.severity == severity
        ]

    def each(self, units: Sequence[Unit], name: str) -> NDArray[Any]:
        """Return an array of every seed's outcome, shape (n_seeds, ...)."""
        return np.stack([self.done[unit][name] for unit in units])

    def right(self, units: Sequence[Unit], end: int = -1) -> NDArray[np.bool_]:
        """Return which trials were right after an end, shape (n_seeds, n_trials)."""
        return np.asarray(self.each(units, "chosen")[:, end] == self.each(units, "label"))

    def spikes(self, units: Sequence[Unit], end: int = -1) -> NDArray[np.int64]:
        """Return spikes until an end, shape (n_seeds, n_trials)."""
        return np.asarray(self.each(units, "spikes")[:, end])

    def conditions(self) -> list[tuple[str, float | None]]:
        """Return every condition of the few test images but the clean one, in the order of the plan."""
        units = self.done.where(CODES[0])
        planned = ((unit.condition, unit.severity) for unit in units if "price" in unit.options)
        return [condition for condition in dict.fromkeys(planned) if not condition[0].startswith(CLEAN)]


def setting_of(unit: Unit) -> str:
    """Return the strength of a unit's condition as text."""
    if "sd" in unit.options:
        return f"{1e3 * unit.options['sd']:g} ms"
    noises = list(unit.study.config.noise.values())
    return noises[0].setting if noises else ""


def network_rows(results: Results) -> list[Row]:
    """Return ``networks.csv``: every network on the test images."""
    rows = []
    for code in CODES:
        for price in results.amount.prices:
            for unit in results.units(code, results.test, price):
                outcome = results.done[unit]
                rows.append(
                    {
                        "code": code,
                        "price": price,
                        "seed": unit.study.config.simulation.seed,
                        "accuracy": float(np.mean(outcome["chosen"][-1] == outcome["label"])),
                        "spikes": float(outcome["spikes"][-1].mean()),
                        "input_spikes": float(outcome["input_spikes"].mean()),
                        "synops": float(outcome["synops"].mean()),
                        "latency_ms": float(outcome["latency_ms"].mean()),
                    }
                )
    return rows


def clean_rows(results: Results, networks: Mapping[str, NDArray[np.uint8]]) -> list[Row]:
    """Return ``clean.csv``: each code and price on the test images, means over networks.

    Parameters
    ----------
    networks : mapping
        ONNX file of any network of each code: they have one architecture.
    """
    rows = []
    for code in CODES:
        graph = network_of(networks[code])
        for price in results.amount.prices:
            units = results.units(code, results.test, price)
            keys = units[0].study.config.simulation
            neurons, duration = int(results.done[units[0]]["neurons"]), keys.n_steps * keys.dt
            synops = results.each(units, "synops")
            energy = energy_estimate(
                graph, float(synops.mean()), neurons, duration, 1 if code == TIME else None
            )
            rows.append(
                {
                    "code": code,
                    "price": price,
                    **share_cells(_share(results.right(units))),
                    **estimate_cells("spikes", _mean(results.spikes(units))),
                    "input_spikes": float(results.each(units, "input_spikes").mean()),
                    **estimate_cells("synops", _mean(synops)),
                    **estimate_cells("latency_ms", _mean(results.each(units, "latency_ms"))),
                    "trial_ms": 1e3 * duration,
                    "events_flop": energy.synapses,
                    "stimulus_flop": energy.stimulus,
                    "updates_flop": energy.updates,
                    "ann_flop": energy.ann,
                    "n": synops.shape[1],
                    "seeds": synops.shape[0],
                }
            )
    return rows


def front_rows(results: Results) -> list[Row]:
    """Return ``front.csv``: accuracy, spikes and time of each code, price and end of a trial.

    Whether a point is on the front is decided by validation images: none of the others, of both codes, is at
    least as accurate there with fewer spikes, or in less time. What it comes to is said of test images.
    """
    rows = []
    for code in CODES:
        for price in (*results.amount.prices, *((UNTUNED,) if code == RATE else ())):
            chosen, tested = (results.units(code, name, price) for name in (results.choosing, results.test))
            dt = tested[0].study.config.simulation.dt
            for place, end in enumerate(tested[0].options["ends"]):
                rows.append(
                    {
                        "code": code,
                        "price": price,
                        "time_ms": round(1e3 * dt * end, 6),
                        "validation_accuracy": float(results.right(chosen, place).mean()),
                        "validation_spikes": float(results.spikes(chosen, place).mean()),
                        **share_cells(_share(results.right(tested, place))),
                        **estimate_cells("spikes", _mean(results.spikes(tested, place))),
                    }
                )
    for row in rows:
        row["on_front_of_spikes"] = _undominated(row, rows, "validation_spikes")
        row["on_front_of_time"] = _undominated(row, rows, "time_ms")
    return rows


def _undominated(row: Row, rows: Sequence[Row], cost: str) -> bool:
    def beats(rival: Row) -> bool:
        better = rival["validation_accuracy"] - row["validation_accuracy"], row[cost] - rival[cost]
        return bool(min(better) >= 0 and max(better) > 0)

    return not any(beats(rival) for rival in rows)


def condition_rows(results: Results) -> list[Row]:
    """Return ``conditions.csv``: accuracy and spikes of each code under every condition."""
    rows = []
    for condition, severity in [(CLEAN, None), *results.conditions()]:
        for code in CODES:
            units = results.units(code, condition, severity=severity)
            right = results.right(units)
            rows.append(
                {
                    "condition": condition,
                    "severity": severity,
                    "setting": setting_of(units[0]),
                    "code": code,
                    **share_cells(_share(right)),
                    **estimate_cells("spikes", _mean(results.spikes(units))),
                    "n": right.shape[1],
                    "seeds": right.shape[0],
                }
            )
    return rows


def loss_rows(results: Results) -> list[Row]:
    """Return ``losses.csv``: what every condition takes from each code, a family per code."""
    rows = []
    for code in CODES:
        clean = results.right(results.units(code, CLEAN))
        losses: list[tuple[Row, Estimate]] = []
        for condition, severity in results.conditions():
            units = results.units(code, condition, severity=severity)
            cells = {"code": code, **_cells(units[0])}
            losses.append((cells, difference(results.right(units), clean, seeds=TRAINING_SEEDS)))
        rows += [{**row, "finding": finding(row)} for row in corrected_rows(losses, f"losses, {code}")]
    return rows


def comparison_rows(results: Results) -> list[Row]:
    """Return ``comparisons.csv``: spike times less rates, under the same condition.

    The primary family was fixed before anything was trained, at the middle price: accuracy and spikes on all
    test images, accuracy in `MOVED` and `LOST`. All else is exploratory, a family of its own.
    """
    primary: list[tuple[Row, Estimate]] = []
    exploratory: list[tuple[Row, Estimate]] = []
    for price in results.amount.prices:
        pair = [results.units(code, results.test, price) for code in (TIME, RATE)]
        family = primary if price == results.amount.price else exploratory
        cells = {"condition": CLEAN, "severity": None, "setting": "", "price": price}
        right, spikes = ([measured(units) for units in pair] for measured in (results.right, results.spikes))
        family.append(({**cells, "outcome": ACCURACY}, difference(*right, seeds=TRAINING_SEEDS)))
        family.append(({**cells, "outcome": SPIKES}, mean_difference(*spikes, seeds=TRAINING_SEEDS)))
    for condition, severity in results.conditions():
        pair = [results.units(code, condition, severity=severity) for code in (TIME, RATE)]
        unit = pair[0][0]
        preregistered = (condition, _amount_of(unit)) in (MOVED, LOST)
        cells = {**_cells(unit), "price": results.amount.price, "outcome": ACCURACY}
        compared = difference(*(results.right(units) for units in pair), seeds=TRAINING_SEEDS)
        (primary if preregistered else exploratory).append((cells, compared))
    rows = []
    for role, family in ((PRIMARY, primary), (EXPLORATORY, exploratory)):
        for row in corrected_rows(family, role):
            judged = finding(row) if row["outcome"] == ACCURACY else ""
            rows.append({"role": role, **row, "finding": judged})
    return rows


def _cells(unit: Unit) -> Row:
    return {"condition": unit.condition, "severity": unit.severity, "setting": setting_of(unit)}


def _amount_of(unit: Unit) -> float | None:
    """Return the strength of the jitter or noise of a unit, SI units."""
    amounts = [noise.amount for noise in unit.study.config.noise.values()]
    sd: float | None = unit.options.get("sd")
    return sd if sd is not None else amounts[0] if amounts else None


def _share(right: NDArray[np.bool_]) -> Estimate:
    return proportion(right, seeds=TRAINING_SEEDS)


def _mean(values: NDArray[Any]) -> Estimate:
    return mean(values, seeds=TRAINING_SEEDS)

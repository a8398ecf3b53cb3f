"""The simulated network as tables: neuron models with their parameters, activity by population."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from bioscnn.report.folder import Run
from bioscnn.report.results import Results

MODEL = ("equations", "threshold", "reset", "refractory", "parameters")


@dataclass(frozen=True)
class Model:
    """What some populations have in common.

    Parameters
    ----------
    populations : list of str
        Their names.
    text : str
        Equations and rules as they were simulated.
    parameters : dict of str
        Values with units, by name.
    """

    populations: list[str]
    text: str
    parameters: dict[str, str]


@dataclass(frozen=True)
class Activity:
    """One population's activity, means over all trials: spikes a trial, Hz, share of silent neurons."""

    name: str
    size: int
    spikes: float
    rate: float
    silent: float


def neuron_models(run: Run) -> list[Model]:
    """Group the populations that were simulated by the same equations, rules and parameters."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for population in run.provenance["populations"]:
        if population.get("equations"):
            key = json.dumps([population.get(part) for part in MODEL])
            groups.setdefault(key, []).append(population)
    return [
        Model([str(p["name"]) for p in group], _text(group[0]), group[0].get("parameters") or {})
        for group in groups.values()
    ]


def _text(population: dict[str, Any]) -> str:
    rules = [
        f"{name + ':':<11} {population[name]}"
        for name in ("threshold", "reset", "refractory")
        if population.get(name)
    ]
    equations = _aligned(str(population["equations"]).strip())
    return "\n".join([equations, "", *rules]) if rules else equations


def _aligned(equations: str) -> str:
    """Put the colons before the units below each other."""
    lines = [line.partition(":")[::2] for line in equations.splitlines()]
    width = max(len(left.rstrip()) for left, _ in lines)
    return "\n".join(f"{left.rstrip():<{width}} : {unit.strip()}" if unit else left for left, unit in lines)


def training_facts(run: Run) -> dict[str, str]:
    """Return what the trained network's card says in few words, its deeper tables left out."""
    card = run.provenance["network"].get("card") or {}
    facts = {}
    for name, value in card.items():
        parts = value if isinstance(value, dict) else {"": value}
        if not any(_is_deep(part) for part in parts.values()):
            words = (f"{key.replace('_', ' ')} {part}".strip() for key, part in parts.items())
            facts[name.replace("_", " ")] = ", ".join(words)
    return facts


def _is_deep(value: object) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(v, dict | list) for v in value)
    )


def count_synapses(run: Run) -> int:
    """Count the synapses; where the source injects its current, there are none."""
    projections = run.provenance["projections"]
    return sum(p["n_synapses"] for p in projections if p["synapse"] != "constant current")


def activity_table(run: Run, results: Results) -> list[Activity]:
    """Return the activity of each population, from the input to the output."""
    counts = {name: run.data.recording[name].counts_by_trial for name in results.rates}
    return [
        Activity(name, len(rate), float(counts[name].mean()), float(rate.mean()), float(np.mean(rate == 0)))
        for name, rate in results.rates.items()
    ]

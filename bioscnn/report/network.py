"""The simulated network as tables and equations, and how it was trained."""

from __future__ import annotations

import json
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from bioscnn import plots
from bioscnn.report.captions import learning_caption
from bioscnn.report.folder import Run
from bioscnn.report.formats import percent, percent_interval, shape
from bioscnn.report.page import Column, Facts, Figure, Folded, Part, Section, Table, Text, numbers

POPULATIONS = [
    Column("name", "population"),
    numbers("shape", "shape"),
    numbers("size", "neurons"),
]
PROJECTIONS = [
    Column("ends", "projection"),
    Column("connectivity", "connectivity"),
    numbers("n_synapses", "connections"),
    Column("synapse", "through", words=True),
]
COLUMNS = 84
"""Of equations, on a page as wide as it is."""

WORDS: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}

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
        fill(f"{name + ':':<11} {population[name]}", COLUMNS, subsequent_indent=12 * " ", **WORDS)
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
    """Return facts from the trained network's card, its deeper tables left out."""
    card = run.provenance["network"].get("card") or {}
    facts = {}
    for name, value in card.items():
        parts = dict(value) if isinstance(value, dict) else {"": value}
        if value is None or any(_is_deep(part) for key, part in parts.items() if key != "wilson_95"):
            continue
        words = _accuracy(parts)
        words += [f"{key.replace('_', ' ')} {part}".strip() for key, part in parts.items()]
        facts[_IN_WORDS.get(name, name.replace("_", " ").replace("sha256", "SHA-256"))] = ", ".join(words)
    return facts


def _accuracy(parts: dict[str, Any]) -> list[str]:
    """Take accuracy, interval and n out of an entry of a card, and return them in words, if it has them."""
    match parts:
        case {"accuracy": float(accuracy), "wilson_95": [float(low), float(high)], "n": int(n)}:
            for name in ("accuracy", "wilson_95", "n"):
                del parts[name]
            return [f"{percent(accuracy)} {percent_interval(low, high)}, n = {n:,}"]
    return []


_IN_WORDS = {
    "n_train": "training examples", "validation": "rates, validation", "spiking": "spikes, validation",
    "seconds": "time (s)",
}  # fmt: skip
"""Names of entries of a card, as a reader knows them."""


def _is_deep(value: object) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(v, dict | list) for v in value)
    )


def count_synapses(run: Run) -> int:
    """Count the synapses; where the source injects its current, there are none."""
    projections = run.provenance["projections"]
    return sum(p["n_synapses"] for p in projections if p["synapse"] != "constant current")


def network_section(run: Run) -> Section:
    """Return the section of populations, projections and equations, and of the study file."""
    populations = [row | {"shape": shape(row["shape"])} for row in map(dict, run.provenance["populations"])]
    projections = [
        row | {"ends": f"{row['pre']} → {row['post']}"} for row in map(dict, run.provenance["projections"])
    ]
    parts: list[Part] = [Table(populations, POPULATIONS), Table(projections, PROJECTIONS)]
    if notes := run.summary.get("notes"):
        parts.append(Text(list(notes)))
    if rounded := run.provenance.get("rounded"):
        parts.append(Text(f"Rounded: {rounded}."))
    for model in neuron_models(run):
        parameters = [(f"{name} =", value) for name, value in model.parameters.items()]
        parts += [
            Text(", ".join(model.populations), "heading"),
            Text(model.text, "code"),
            Facts(parameters, inline=True),
        ]
    title = "The study with every default filled in (config.toml)"
    parts.append(Folded(title, [Text(run.config, "code")]))
    return Section("network", "The network, as simulated", parts, "Network", "physics")


def training_section(run: Run) -> Section:
    """Return the section of how the network was trained, which its card tells."""
    card = run.provenance["network"]["card"]
    parts: list[Part] = [Facts(training_facts(run))]
    if "best_epoch" in card:
        parts.append(
            Figure(
                lambda width: plots.learning_curves(card["epochs"], card["best_epoch"], width=width),
                f"Line charts of the losses and accuracies of {len(card['epochs'])} epochs of training",
                learning_caption(card),
                of_recordings=False,
                drawn_from=(plots.learning_curves.__module__, card["epochs"], card["best_epoch"]),
            )
        )
    parts.append(Folded("All that is known of the training", [Text(json.dumps(card, indent=2), "code")]))
    return Section("training", "How the network was trained", parts, "Training", "training")

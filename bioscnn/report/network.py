"""The simulated network as tables and equations, and how it was trained."""

from __future__ import annotations

import json
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from bioscnn import plots
from bioscnn.network import OUTPUT, READOUT
from bioscnn.report.captions import learning_caption
from bioscnn.report.folder import Run
from bioscnn.report.formats import number, percent, percent_interval, plural, shape
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
PASSED = {
    "exponential current": "a current that decays after each spike",
    "constant current": "a current that is constant in a trial",
}
"""Through what a projection acts, in a sentence."""
UNUSED = (
    "network.normalisation, network.percentile and network.max_rate play no part here: this network was "
    "trained with the rates of LIF neurons, and they are for ReLU networks."
)
"""Of keys of a study that stand in its file for other networks."""
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
        words += [_fact(key or name, part, key) for key, part in parts.items()]
        facts[_IN_WORDS.get(name, name.replace("_", " ").replace("sha256", "SHA-256"))] = ", ".join(words)
    return facts


def _fact(key: str, value: object, shown: str) -> str:
    """Return a value of a card with its unit, and its name before it unless that stands elsewhere."""
    factor, unit = _UNITS.get(key, (1, ""))
    words = str(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        words = f"{value:,}" if isinstance(value, int) and not unit else number(value * factor)
    name = _IN_WORDS.get(shown, shown.removesuffix("_ms").replace("_", " "))
    return " ".join(filter(None, (name, words, unit)))


_UNITS = {
    "rotation": (1, "degrees"), "shift": (1, "pixels"), "warp": (1, "pixels"), "scaling": (100, "%"),
    "shear": (100, "% of the height"), "mirror": (100, "%"), "event_loss": (100, "% of the input spikes"),
    "noise": (100, "% of the examples"), "duration": (1e3, "ms"), "dt": (1e3, "ms"), "tau_s": (1e3, "ms"),
    "input_rate": (1, "Hz"), "frame": (1e3, "ms"), "rate_noise": (1, "Hz"), "shortest_window": (1e3, "ms"),
    "slope_width": (1, "rheobases"), "decide_from": (1e3, "ms"), "duration_ms": (1, "ms"),
    "seconds": (1, "s"),
}  # fmt: skip
"""Of settings and results of a card: what they are multiplied by, and the unit that they have then."""


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
    "spiking_before": "spikes, validation, before", "seconds": "time",
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


def _populations_caption(run: Run) -> str:
    """Tell output and readout apart, where both are there."""
    names = {population["name"] for population in run.provenance["populations"]}
    if not {OUTPUT, READOUT} <= names:
        return ""
    return (
        f"{READOUT}: one neuron per class without a threshold, beside those of {OUTPUT}, which have one; "
        "both get the same input."
    )


def _projections_caption(run: Run) -> str:
    """Say how connections add up to the synapses of the page's head."""
    total, synapses = sum(p["n_synapses"] for p in run.provenance["projections"]), count_synapses(run)
    if total == synapses:
        return f"{plural(synapses, 'synapse')} in all."
    return (
        f"{plural(synapses, 'synapse')} in all: the {total - synapses:,} connections through which the input "
        "injects a constant current are not counted, as no spike passes them."
    )


def network_section(run: Run) -> Section:
    """Return the section of populations, projections and equations, and of the study file."""
    populations = [row | {"shape": shape(row["shape"])} for row in map(dict, run.provenance["populations"])]
    projections = [
        row | {"ends": f"{row['pre']} → {row['post']}", "synapse": PASSED.get(row["synapse"], row["synapse"])}
        for row in map(dict, run.provenance["projections"])
    ]
    parts: list[Part] = [
        Table(populations, POPULATIONS, _populations_caption(run)),
        Table(projections, PROJECTIONS, _projections_caption(run)),
    ]
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
    normalised = run.provenance["network"].get("calibration")
    unused = [Text(UNUSED)] if "max_rate" in run.config and not normalised else []
    parts.append(Folded(title, [*unused, Text(run.config, "code")]))
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

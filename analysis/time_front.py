"""Accuracy against spikes and time: `python -m analysis.time_front` fills docs/time-code.md.

    python -m analysis.time_front rates fast-rates times     # simulates these parts; others are kept

Shipped networks of rates, read after 8 to 30 ms; shipped networks of spike times; and the small one,
fine-tuned for windows of fewer steps, whose membranes and synapses are as much faster. All are simulated on
the 10,000 test digits. Where a trial may stop early, its rule is chosen on validation digits. It needs torch.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bioscnn import plots
from bioscnn.ann import LayerGraph, read_model
from bioscnn.claims import made_now, publish
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.network import OUTPUT, READOUT
from bioscnn.readout import decisions
from bioscnn.report.document import Document
from bioscnn.simulation import simulate_batches
from bioscnn.spikes import SpikeTrains
from bioscnn.statistics import proportion
from bioscnn.studies.recipe import Recipe
from bioscnn.studies.recipes import find_recipe
from bioscnn.studies.settling import lasting_its_windows
from bioscnn.studies.study import Study, read_study
from bioscnn.studies.training import load_training_examples, with_neuron

DOCS = Path("docs")
TABLE = DOCS / "tables" / "spikes-and-time.csv"
COMMAND = "python -m analysis.time_front rates fast-rates times"
DIGITS = {"validation": 5000, "test": 10_000}

RATES = ("mnist-small", "mnist-small-fine-tuned", "mnist-large", "mnist-large-fine-tuned")
ENDS = (8, 10, 12, 15, 20, 30)
"""When rates are read, ms."""

TIMES = ("mnist-small-time", "mnist-large-time", "mnist-large-sparse-time")
PAIRS = {
    9: ("20 ms", "5 ms"),
    6: ("14 ms", "3.5 ms"),
    4: ("10 ms", "2.5 ms"),
    3: ("8 ms", "2 ms"),
    2: ("6 ms", "1.5 ms"),
}
"""tau_m and tau_s whose postsynaptic potentials rise for so many steps of 1 ms."""

EXAMPLES, EPOCHS = 30_000, 3
TOLERATED = 0.0005
"""Share of validation digits that a rule to stop early may lose."""


@dataclass(frozen=True, eq=False)
class Simulated:
    """What a network did with the digits of a split.

    Parameters
    ----------
    chosen : ndarray of int, shape (n_trials, n_steps)
        Class after each step.
    lead : ndarray of float, shape (n_trials, n_steps)
        Of the largest potential of the readout over the next one, V.
    spikes : ndarray of int, shape (n_steps,)
        Of all populations and the input, until the end of each step, in all trials.
    label : ndarray of int, shape (n_trials,)
        True classes.
    dt : float
        Time step, s.
    """

    chosen: NDArray[np.integer]
    lead: NDArray[np.floating]
    spikes: NDArray[np.integer]
    label: NDArray[np.integer]
    dt: float

    def row(self, step: int) -> dict[str, Any]:
        """Return accuracy and spikes if the trial ends after a step, from 1."""
        right = proportion(self.chosen[:, step - 1] == self.label)
        return {
            "time_ms": round(1e3 * step * self.dt, 6),
            "accuracy": right.value,
            "low": right.low,
            "high": right.high,
            "spikes": self.spikes[step - 1] / len(self.label),
        }


def simulated(study: Study, bench: Bench, trained: LayerGraph | None = None) -> dict[str, Simulated]:
    """Return the simulated validation and test digits of a network, by split."""
    return {split: _simulated(study, split, bench, trained) for split in DIGITS}


def _simulated(study: Study, split: str, bench: Bench, trained: LayerGraph | None) -> Simulated:
    of_split = study.changed(dataset={"split": split, "trials": DIGITS[split]}, simulation={"jobs": 1})
    case = bench.case(of_split, trained)
    chosen, leads, n_steps = list[NDArray[Any]](), list[NDArray[Any]](), case.stimulus.n_steps
    spikes = np.zeros(n_steps, np.int64)
    spiking = [population.name for population in case.network.neurons if population.spikes]
    for batch in simulate_batches(
        case.network, case.stimulus, case.device, record=[*spiking, OUTPUT, READOUT], potentials={READOUT}
    ):
        chosen.append(decisions(batch, study.config.readout.rule))
        ordered = np.sort(batch.potentials(), axis=-1)
        leads.append(ordered[..., -1] - ordered[..., -2])
        for name in spiking:
            spikes += np.bincount(batch.spikes(name).step, minlength=n_steps)
    if isinstance(case.stimulus, SpikeTrains):
        spikes += np.bincount(case.stimulus.step, minlength=n_steps)
    labels = case.examples.labels
    return Simulated(np.concatenate(chosen), np.concatenate(leads), spikes.cumsum(), labels, case.stimulus.dt)


def rate_rows(bench: Bench) -> Iterator[dict[str, Any]]:
    """Yield shipped networks of rates, read after each of `ENDS`."""
    for model in RATES:
        done = simulated(read_study("mnist", [f"network.model={model}"]), bench)["test"]
        for end in ENDS:
            yield {"name": model, "code": "rate", "values": 0, "rule": "end", **done.row(end)}


def time_rows(bench: Bench) -> Iterator[dict[str, Any]]:
    """Yield shipped networks of spike times, and those of shorter windows: read at the end, and early."""
    for model in TIMES:
        study = read_study("mnist-time", [f"network.model={model}"])
        yield from _at_end_and_early(model, study, simulated(study, bench))
    study = read_study("mnist-time", ["network.model=mnist-small-time"])
    graph, (tau_m, tau_s) = bench.graph(study.config), PAIRS[4]
    fast = lasting_its_windows(
        study, graph, neuron={"tau_m": tau_m}, synapse={"tau_s": tau_s}, simulation={"dt": "0.5 ms"}
    )
    yield from _at_end_and_early("mnist-small-time, steps of 0.5 ms", fast, simulated(fast, bench))
    for steps, (tau_m, tau_s) in PAIRS.items():
        keys = [f"neuron.tau_m={tau_m}", f"synapse.tau_s={tau_s}"]
        changed = [f"training.times.examples={EXAMPLES}", f"training.times.epochs={EPOCHS}"]
        graph = fine_tuned(find_recipe("mnist-small-time", [*keys, *changed]))
        short = lasting_its_windows(study, graph, neuron={"tau_m": tau_m}, synapse={"tau_s": tau_s})
        assert short.config.simulation.n_steps == 4 * steps + 1
        name = f"fine-tuned for {steps} steps"
        yield from _at_end_and_early(name, short, simulated(short, bench, graph))


def fast_rate_rows(bench: Bench) -> Iterator[dict[str, Any]]:
    """Yield mnist-small with membranes and synapses that are faster, fine-tuned on its own spikes."""
    tau_m, tau_s = PAIRS[4]
    keys = [f"neuron.tau_m={tau_m}", f"synapse.tau_s={tau_s}"]
    changed = ["spikes.decide_from=6 ms", f"spikes.examples={EXAMPLES // 3}", "spikes.epochs=2"]
    graph = fine_tuned(find_recipe("mnist-small", [*keys, *(f"training.{key}" for key in changed)], "spikes"))
    done = simulated(read_study("mnist", keys), bench, graph)["test"]
    for end in ENDS:
        yield {"name": f"mnist-small-fine-tuned, tau_m {tau_m}", "code": "rate", "values": 0, "rule": "end",
               **done.row(end)}  # fmt: skip


def fine_tuned(recipe: Recipe) -> LayerGraph:
    """Return the network that a recipe makes of the one that it begins with."""
    from bioscnn.training.train import train

    assert recipe.start is not None and recipe.teacher is not None
    training, judged = (load_training_examples(recipe, split, None) for split in ("train", "validation"))
    labels = training.examples.labels, judged.examples.labels
    start, settings = with_neuron(read_model(recipe.start), recipe.neuron), recipe.settings(len(labels[0]))
    graph, _ = train(
        start, training.stimulus, labels[0], judged.stimulus, labels[1], settings, read_model(recipe.teacher)
    )
    return graph


def _at_end_and_early(name: str, study: Study, done: dict[str, Simulated]) -> Iterator[dict[str, Any]]:
    """Yield the row of the whole trial, and that of trials that stop when the lead is large enough."""
    test, chosen_on = done["test"], done["validation"]
    window = round((test.chosen.shape[1] - 1) / 4)
    cells = {"name": name, "code": "time", "values": window}
    n_steps = test.chosen.shape[1]
    yield {**cells, "rule": "end", **test.row(n_steps)}
    lead = lead_to_stop_at(chosen_on, window)
    step = stopped(test, lead, window)
    right = proportion(test.chosen[np.arange(len(step)), step - 1] == test.label)
    yield {
        **cells,
        "rule": "early",
        "lead_mV": 1e3 * lead,
        "time_ms": 1e3 * test.dt * float(step.mean()),
        "accuracy": right.value,
        "low": right.low,
        "high": right.high,
        "spikes": float(test.spikes[step - 1].mean()) / len(test.label),
    }


def lead_to_stop_at(done: Simulated, window: int) -> float:
    """Return the lead, V, at which trials stop soonest without losing more than `TOLERATED` of the digits."""
    whole = float(np.mean(done.chosen[:, -1] == done.label))
    for lead in np.quantile(done.lead[:, -1], np.linspace(0, 1, 101)):
        step = stopped(done, float(lead), window)
        if np.mean(done.chosen[np.arange(len(step)), step - 1] == done.label) >= whole - TOLERATED:
            return float(lead)
    return float("inf")


def stopped(done: Simulated, lead: float, window: int) -> NDArray[np.int64]:
    """Return after which step each trial stops, shape (n_trials,): in its last window, or at its end."""
    n_steps = done.chosen.shape[1]
    enough = done.lead >= lead
    enough[:, : n_steps - window] = False
    enough[:, -1] = True
    return np.asarray(enough.argmax(axis=1) + 1)


PARTS = {"rates": rate_rows, "fast-rates": fast_rate_rows, "times": time_rows}


def markdown(table: pd.DataFrame, sha256: str) -> str:
    """Return the table as Markdown."""
    lines = [
        f"Measured by `{COMMAND}` in the simulator, on the {DIGITS['test']:,} test digits (SHA-256 "
        f"`{sha256[:12]}`); 95 % intervals over digits, one network per row. Spikes are those of all neurons "
        "and of the input until then. Early: a trial stops in its last window, as soon as the largest "
        "potential of the readout leads by an amount that was chosen on validation digits; the time is a "
        "mean.",
        "",
        "| network | values of a spike | read | after (ms) | accuracy (%) | spikes |",
        "|---|---|---|---|---|---|",
    ]
    for row in table.to_dict("records"):
        share = f"{100 * row['accuracy']:.2f} [{100 * row['low']:.2f}, {100 * row['high']:.2f}]"
        values = str(row["values"]) if row["values"] else "rates"
        cells = row["name"], values, row["rule"], f"{row['time_ms']:.3g}", share, f"{row['spikes']:,.0f}"
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *_sentences(table)])


def _sentences(table: pd.DataFrame) -> Iterator[str]:
    """Yield the findings of the table, in sentences."""

    def at(name: str, time_ms: float | None = None, rule: str = "end") -> str:
        rows = table[(table["name"] == name) & (table["rule"] == rule)]
        row = rows.iloc[-1] if time_ms is None else rows[rows["time_ms"] == time_ms].iloc[0]
        return f"{100 * row['accuracy']:.2f} % with {row['spikes']:,.0f} spikes after {row['time_ms']:.3g} ms"

    def saved(name: str) -> str:
        rows = table[table["name"] == name].set_index("rule")["time_ms"]
        return f"{rows['end'] - rows['early']:.1f}"

    fast = f"mnist-small-fine-tuned, tau_m {PAIRS[4][0]}"
    yield (
        "* **Time constants set the pace.** With 10 and 2.5 ms, in steps of 0.5 ms, `mnist-small-time` fires "
        f"the same spikes in half the time: {at('mnist-small-time, steps of 0.5 ms')}. Nothing is trained "
        "again, for all times of the code are measured in time constants."
    )
    yield (
        "* **In steps of 1 ms, shorter windows hold fewer values**, and a network can be trained for them: "
        + "; ".join(f"{steps} values, {at(f'fine-tuned for {steps} steps')}" for steps in PAIRS)
        + f". The training is a short one: {EPOCHS} epochs of {EXAMPLES:,} digits, one seed."
    )
    yield (
        f"* **Rates**: `mnist-small-fine-tuned` has {at('mnist-small-fine-tuned', 12)}, and "
        f"{at('mnist-small-fine-tuned', 15)}. They gain from faster membranes, too: fine-tuned with 10 and "
        f"2.5 ms (2 epochs of {EXAMPLES // 3:,} digits), {at(fast, 10)}; {at(fast, 15)}; {at(fast, 20)}. "
        "Spike times of 4 values are about as right after about as long, with half of the spikes. But these "
        "are one network each, trained on other amounts of images, and rates without a price on spikes."
    )
    yield (
        "* **Stopping early saves little**, because the windows before the last one cannot be shortened so: "
        f"{saved('mnist-small-time')} ms of 37 for the small network, {saved('mnist-large-time')} ms for the "
        "large one, on average. First spikes of the output come later than the potentials that they are made "
        "of: their window is one more."
    )


def main(parts: list[str]) -> None:
    """Simulate the parts that are asked for; write the table, the figure, the document."""
    document, bench = Document(DOCS / "time-code.md", "front"), Bench(None)
    measured = pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame({"part": []})
    for part in parts:
        if part not in PARTS:
            raise UserError("no such part", value=part, expected=" | ".join(PARTS))
        rows = pd.DataFrame(PARTS[part](bench)).assign(part=part)
        measured = pd.concat([measured[measured["part"] != part], rows])
    table = pd.concat([measured[measured["part"] == part] for part in PARTS])
    table.to_csv(TABLE, index=False, float_format="%.6g")
    if missing := PARTS.keys() - set(table["part"]):
        raise UserError("parts of the table are not there yet", file=TABLE, fix=f"add {' '.join(missing)}")
    print(table.to_string())
    plots.save(plots.front_of_codes(rows_of_figure(table)), DOCS / "figures" / "time-code-front.svg")
    study = read_study("mnist", ["dataset.split=test", f"dataset.trials={DIGITS['test']}"])
    made = made_now(COMMAND, "digits", "bioscnn.studies.prepare", "bioscnn.training.train")
    publish(document, markdown(table, bench.clean(study.config).examples.sha256), made)


def rows_of_figure(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the figure: trials that end, with those of shorter windows as one line."""
    rows = table[table["rule"] == "end"].copy()
    short = rows["name"].str.startswith("fine-tuned for")
    rows.loc[short, "name"] = "spike times, 2 to 9 values"
    return rows


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(str(error))

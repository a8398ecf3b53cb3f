"""Sentences for the figures of a report, each computed from the numbers of its run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ledger import LayerComparison, Ledger
from bioscnn.network import READOUT
from bioscnn.neurons import TimeCode
from bioscnn.readout import READOUTS
from bioscnn.report.folder import Run
from bioscnn.report.formats import plural
from bioscnn.report.results import Results, lead_of_truth

ORDINALS = ("first", "second")

WIDE = 0.01
"""Half of an interval of a part of the accuracy from which on a ledger asks for more trials."""


def accuracy_caption(run: Run, results: Results) -> str:
    """Return the caption of accuracy against time: how soon it is final, and how far from the ANN."""
    rule, dt_ms = run.summary["readout"], 1e3 * run.data.recording.dt
    curve = np.array([step.value for step in results.curves[rule]])
    below = np.flatnonzero(curve < curve[-1] - 0.01)
    settled = (below[-1] + 2 if len(below) else 1) * dt_ms
    final = {name: curve[-1].value for name, curve in results.curves.items()}
    best = max(final, key=final.__getitem__)
    comparison = f"{best} is the best"
    if final[rule] == final[best]:
        comparison = "no readout is better"
    lines = "Pale grey: 98 %. "
    if results.ann is not None:
        lines = f"Dashed black: the ANN, {100 * results.ann.value:.2f} %; pale grey: 98 %. "
    return (
        f"Read by {rule}, the network is within one point of its final {100 * curve[-1]:.2f} % "
        f"from {settled:.3g} ms on; at the end {comparison} ({100 * final[best]:.2f} %). "
        f"{lines}"
        f"Bands: 95 % Wilson intervals, n = {plural(len(results.chosen), 'trial')}."
        + _by_saccade(run, [100 * value for value in curve], "It is right in")
    )


def _by_saccade(run: Run, percent: Sequence[float], what: str) -> str:
    """Say a number of each step after each saccade and at the end; nothing where there are no saccades."""
    if not run.saccade_ends:
        return ""
    dt_ms, duration_ms = run.summary["dt_ms"], run.summary["duration_ms"]
    parts = [
        f"{percent[round(end / dt_ms) - 1]:.1f} % after the {name} saccade ({end:g} ms)"
        for name, end in zip(ORDINALS, run.saccade_ends, strict=False)
    ]
    whole = f"{percent[-1]:.1f} % at the end of the trial ({duration_ms:g} ms)"
    return f" {what} {', '.join([*parts, whole])}. Dotted: ends of saccades."


def confusions(run: Run, results: Results, most: int = 3) -> list[str]:
    """Name the most frequent confusions, such as ``4 taken for 9 (12 times, 2.4 % of class 4)``."""
    matrix = results.confusion.copy()
    totals = matrix.sum(axis=1)
    np.fill_diagonal(matrix, 0)
    named = []
    for flat in np.argsort(-matrix, axis=None, kind="stable")[:most]:
        true, chosen = np.unravel_index(flat, matrix.shape)
        count = int(matrix[true, chosen])
        if count:
            name = run.classes[true]
            often = f"{plural(count, 'time')}, {100 * count / totals[true]:.1f} % of class {name}"
            named.append(f"{name} taken for {run.classes[chosen]} ({often})")
    return named


def confusion_caption(run: Run, results: Results) -> str:
    """Return the caption of the confusion matrix: how many trials went wrong, and how."""
    n, wrong = len(results.correct), int(np.sum(~results.correct))
    if wrong == 0:
        return f"All of the {plural(n, 'trial')} were classified correctly by {run.summary['readout']}."
    return (
        f"{wrong:,} of {plural(n, 'trial')} went wrong (readout: {run.summary['readout']}). "
        f"Most frequent: {'; '.join(confusions(run, results))}. "
        "Numbers are trials; colours the errors, as shares of each true class."
    )


def trial_caption(run: Run, results: Results, example: int) -> str:
    """Return the caption of one example trial."""
    trial = run.data.example_trial[example]
    label, chosen = (run.classes[int(x[trial])] for x in (run.data.label, results.chosen))
    trains = {name: run.data.examples[name].spikes for name in run.firing}
    index = run.data.index[trial]
    example_name = f"Recording {index}" if run.recorded else f"Image {index} of the split"
    counts = {
        name: s.trial_start[example + 1] - s.trial_start[example]
        for name, s in trains.items()
        if s is not None
    }
    first = next((name for name in counts if counts[name] > 0), None)
    text = (
        f"{example_name}, of class {label}, was read as {chosen}. "
        f"In {run.summary['duration_ms']:g} ms the network fired {plural(int(sum(counts.values())), 'spike')}"
    )
    output = trains[run.firing[-1]]
    if first is None or output is None or counts[run.firing[-1]] == 0:
        return f"{text}, none of them in {run.firing[-1]}."
    start = output.trial_start[example]
    onset, neuron = (output.step[start] + 1) * output.dt * 1e3, run.classes[output.neuron[start]]
    name = run.firing[-1]
    came = f"the first of {name} came after {onset:.3g} ms, from class {neuron}"
    return f"{text}; {came}. Blue in {name}: the true class."


def spike_times_caption(code: TimeCode) -> str:
    """Return the caption of the time code: how a spike time says a value, and which values there are."""
    smallest, second, *_ = code.values
    return (
        "At the end of the window in which a neuron listens, its potential is the weighted sum of what came "
        "in, here in units of V_th; then it decays, and fires when the threshold meets it. A window of "
        f"{1e3 * code.window_steps * code.dt:.3g} ms has {code.window_steps} spike times: the last says "
        f"{smallest:.3f}, the one before {second:.3f}, the first 1. What is nearer to 0 makes no spike."
    )


def events_caption(run: Run, example: int) -> str:
    """Return the caption of an example's events: how many there are, and how they are shown."""
    spikes, trial = run.data.example_input, run.data.example_trial[example]
    assert spikes is not None
    train = spikes[example : example + 1]
    ones = int(np.sum(train.neuron >= train.size // 2))
    merged = 1 - run.summary["input_spikes_per_trial"] / max(run.summary["events_per_trial"], 1)
    return (
        f"Recording {run.data.index[trial]}, of class {run.classes[int(run.data.label[trial])]}, comes in as "
        f"{plural(train.n_spikes, 'spike')}: {train.n_spikes - ones:,} of polarity 0 (blue) and {ones:,} of "
        "polarity 1 (orange), the bit as the camera wrote it. Maps: how often each pixel spikes. Below each "
        "other: columns, rows and spikes a millisecond against time. A trial has "
        f"{run.summary['events_per_trial']:,.0f} events on average; {100 * merged:.1f} % make no spike of "
        "their own: they share neuron and time step with another, or come after the trial."
        f"{' Dotted: ends of saccades.' if run.saccade_ends else ''}"
    )


def input_caption(run: Run, example: int) -> str:
    """Return the caption of an image's input spikes: how many there are, and how they are shown."""
    spikes, trial = run.data.example_input, run.data.example_trial[example]
    assert spikes is not None
    counts = spikes[example : example + 1].counts()[0]
    first = spikes.first_step()[example]
    onset = f", the first after {(first.min() + 1) * spikes.dt * 1e3:.3g} ms" if counts.any() else ""
    return (
        f"Image {run.data.index[trial]} of the split, of class {run.classes[int(run.data.label[trial])]}, "
        f"comes in as {plural(int(counts.sum()), 'spike')} of {np.count_nonzero(counts):,} of the "
        f"{plural(spikes.size, 'input neuron')}{onset}. A trial has "
        f"{run.summary['input_spikes_per_trial']:,.0f} input spikes on average. Maps: how often each input "
        "neuron fires. Below each other: columns, rows and spikes a millisecond against time."
    )


def evidence_caption(run: Run, lead: NDArray[np.float64]) -> str:
    """Say in how many trials the true class leads at the end of each saccade."""
    leading = 100 * np.mean(lead > 0, axis=0)
    return (
        "Evidence is the mean potential of each class's readout neuron since the trial began: that of each "
        "class in one trial (blue: the true one), and by how much the true class leads the best other one in "
        "all trials (line: median; bands: half and 90 % of the trials)."
        + _by_saccade(run, leading.tolist(), "The true class leads in")
    )


def potentials_caption(run: Run, results: Results) -> str:
    """Return the caption of potentials: how clearly they tell the class in the example trials."""
    potentials = run.data.examples[READOUT].potentials
    assert potentials is not None
    trials = run.data.example_trial
    label, n = run.data.label[trials], len(trials)
    lead = 1e3 * lead_of_truth(potentials[:, -1:], label)[:, 0]
    return (
        f"Potential of each class's neuron in {READOUT!r}, relative to rest; blue: "
        f"the true class. It ends highest in {int(np.sum(lead > 0))} of these {plural(n, 'trial')}, "
        f"{np.median(lead):.3g} mV above the best other (median); by {run.summary['readout']}, "
        f"{int(np.sum(results.correct[trials]))} of them were classified correctly."
    )


def rates_caption(results: Results) -> str:
    """Say which populations fire most and least, and which keep most neurons silent."""
    means = {name: float(rate.mean()) for name, rate in results.rates.items()}
    silent = {name: float(np.mean(rate == 0)) for name, rate in results.rates.items()}
    busiest, calmest = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    quiet = max(silent, key=silent.__getitem__)
    return (
        f"Mean rates lie between {means[calmest]:.3g} Hz ({calmest}) and "
        f"{means[busiest]:.3g} Hz ({busiest}). "
        f"{100 * silent[quiet]:.0f} % of {quiet} never fired in any trial. "
        "One value per neuron, over all trials; box: quartiles and median; whiskers: 5 % and 95 %; "
        "diamond: mean."
    )


def spikes_caption(results: Results) -> str:
    """Return the caption of the spikes per trial."""
    low, high = np.percentile(results.spikes, (5, 95))
    neurons = sum(len(rate) for rate in results.rates.values())
    mean = results.spikes.mean()
    return (
        f"A trial takes {mean:,.0f} spikes on average ({low:,.0f} to {high:,.0f} in nine of ten trials): "
        f"{mean / neurons:.2f} per neuron."
    )


def latency_caption(run: Run, results: Results) -> str:
    """Say when decisions settle, whether the wrong ones settle later, and when evidence arrives."""
    half, most = (1e3 * np.percentile(results.latency, q) for q in (50, 95))
    text = f"Half of the decisions are final after {half:.3g} ms, 95 % after {most:.3g} ms"
    if results.correct.any() and not results.correct.all():
        right, wrong = (1e3 * np.median(results.latency[of]) for of in (results.correct, ~results.correct))
        text += f"; right ones after {right:.3g} ms, wrong ones after {wrong:.3g} ms (medians)"
    n_steps, dt_ms = run.data.recording.n_steps, 1e3 * run.data.recording.dt
    reached = results.informed < n_steps
    if reached.any():
        first = (np.median(results.informed[reached]) + 1) * dt_ms
        text += f". None counts before a spike has reached the readout, after {first:.3g} ms (median)"
    if not reached.all():
        text += f"; none ever does in {plural(int(np.sum(~reached)), 'trial')}, counted as the whole trial"
    return f"{text}."


def first_cause(ledger: Ledger) -> str:
    """Name the cause that takes most, what it is, and those that may take as much."""
    if ledger.first is None:
        return f"On {plural(ledger.n_trials, 'trial')}, no single cause takes a significant part."
    entry = next(entry for entry in ledger.entries if entry.cause == ledger.first)
    rivals = f" (not significantly more than {' and '.join(ledger.rivals)})" if ledger.rivals else ""
    part = entry.agreement_part
    low, high = (100 * end for end in part.interval)
    return (
        f"First cause: {ledger.first}{rivals}. Without it the spiking network gives the ANN's class in "
        f"{100 * part.value:.2f} points more trials [{low:+.2f}, {high:+.2f}]."
    )


def more_trials(ledger: Ledger) -> str:
    """Say how many trials would narrow the widest interval to `WIDE`; nothing if it is no wider."""
    parts = [*(entry.accuracy_part for entry in ledger.entries), ledger.interaction, ledger.unexplained]
    widest = max((high - low) / 2 for low, high in (part.interval for part in (*parts, ledger.gap)))
    if widest <= WIDE:
        return ""
    needed = float(f"{ledger.n_trials * (widest / WIDE) ** 2:.1e}")
    return (
        f"The widest interval is \N{PLUS-MINUS SIGN}{100 * widest:.1f} points, on "
        f"{plural(ledger.n_trials, 'trial')}. It narrows with the square root of their number: for "
        f"\N{PLUS-MINUS SIGN}{100 * WIDE:g} point take about {needed:,.0f}, as far as the data have so many, "
        f"for the run and for explain (--trials {needed:.0f}; with make, TRIALS={needed:.0f})."
    )


def ledger_caption(ledger: Ledger) -> str:
    """Say which cause takes most, whether that is significant, and how the figure adds up."""
    return (
        f"{first_cause(ledger)} From the trained network ({100 * ledger.ann:.2f} %) to the spiking one "
        f"({100 * ledger.as_run:.2f} %): what each cause takes (orange) or gives (blue) when it alone is "
        "switched off on the same trials, what all together give back beyond that sum, and what is left "
        f"without any of them ({100 * ledger.all_off:.2f} %). Pale: not significant; whiskers: 95 % "
        "intervals, corrected by Holm's method."
    )


def layers_caption(layers: list[LayerComparison]) -> str:
    """Say where rates follow activations least, and whether they fall short."""
    worst = min(layers, key=lambda layer: layer.correlation)
    silent = max(layers, key=lambda layer: layer.silent)
    rates = "Spike rates against the rates that the activations of the trained network stand for"
    whole, bias = "rates come in whole spikes a window", f"{worst.bias:+.1f} Hz"
    if worst.unit != "Hz":
        rates = "What the spikes of single neurons say against the activations of the trained network"
        whole, bias = "a spike says the values that whole steps can", f"{worst.bias:+.3f} {worst.unit}"
    return (
        f"{rates}, {plural(worst.n_trials, 'trial')}; {whole}. They follow least in "
        f"{worst.name} (r = {worst.correlation:.3f}, {bias} on average). In {silent.name}, "
        f"{100 * silent.silent:.0f} % of the active units fire no spike. Blue: neurons and trials, "
        "logarithmic; orange: mean; dashed: equal."
    )


def readout_meanings() -> dict[str, str]:
    """Return the quantity that each readout compares, by its name."""
    return {name: (rule.__doc__ or "").strip().partition("\n")[0] for name, rule in READOUTS.items()}


def learning_caption(card: dict[str, Any]) -> str:
    """Return the caption of the learning curves."""
    best = card["epochs"][card["best_epoch"] - 1]
    spikes = ""
    if best["spiking_accuracy"] is not None:
        spikes = (
            f" In spikes it was {100 * best['spiking_accuracy']:.2f} %, "
            f"with {best['spikes_per_image']:,.0f} spikes per image."
        )
    return (
        f"What each epoch came to. The network of epoch {best['epoch']} was kept: its rates were right on "
        f"{100 * best['validation_accuracy']:.2f} % of the validation images.{spikes}"
    )

"""The figures of a report, drawn for a desktop and for a phone."""

from __future__ import annotations

import numpy as np

from bioscnn import plots
from bioscnn.network import READOUT
from bioscnn.readout import READOUTS
from bioscnn.report import words
from bioscnn.report.folder import Run
from bioscnn.report.pictures import Picture, narrow, wide
from bioscnn.report.results import Results, lead_of_truth
from bioscnn.report.retina import retina_figures


def example_of(run: Run, results: Results) -> int:
    """Return the example to show in full: the first that was classified correctly, else the first."""
    return int(np.argmax(results.correct[run.data.example_trial]))


def draw_figures(run: Run, results: Results) -> dict[str, Picture]:
    """Draw all figures of a report, by name."""
    data, dt, rule = run.data, run.data.recording.dt, run.summary["readout"]
    example, trials = example_of(run, results), run.data.example_trial
    trains = {n: spikes for n in run.firing if (spikes := data.examples[n].spikes) is not None}
    potentials = data.examples[READOUT].potentials
    assert potentials is not None
    shown = data.label[trials], results.chosen[trials]
    label, ends = int(shown[0][example]), run.saccade_ends
    came_in = {} if data.example_input is None else {"input": data.example_input}
    what = "Recording" if run.recorded else "Image"
    figures = {
        **_ledger_figures(run),
        **retina_figures(run),
        **_input_figures(run, example),
        **_evidence_figure(run, results, example),
        "accuracy": wide(
            lambda width: plots.accuracy_over_time(
                results.curves, dt, reference=results.ann, chosen=rule, ends=ends, width=width
            ),
            f"Line chart of the accuracy in % of {len(results.curves)} readouts against simulated time in ms",
            words.accuracy_caption(run, results),
        ),
        "confusion": wide(
            lambda width: plots.confusion(results.confusion, run.classes, width=width),
            f"Confusion matrix of {len(run.classes)} classes",
            words.confusion_caption(run, results),
        ),
        "raster": wide(
            lambda width: plots.raster(
                came_in | trains,
                example,
                image=data.example_image[example],
                classes=run.classes,
                label=label,
                ends=ends,
                width=width,
            ),
            f"{what} of class {run.classes[label]}, and the spikes of {len(trains)} populations over time",
            words.trial_caption(run, results, example),
        ),
        "potentials": wide(
            lambda width: plots.output_potentials(
                potentials, dt, *shown, run.classes, images=data.example_image, ends=ends, width=width
            ),
            f"Potentials in mV of {len(run.classes)} readout neurons against time in {len(trials)} trials",
            words.potentials_caption(run, results),
        ),
        "rates": wide(
            lambda width: plots.rates_by_population(results.rates, width=width),
            f"Box plots of firing rates in Hz in {len(results.rates)} populations",
            words.rates_caption(results),
        ),
        "spikes": narrow(
            plots.spikes_histogram(results.spikes),
            "Histogram of the spikes in a trial",
            words.spikes_caption(results),
        ),
        "latency": narrow(
            plots.latency_histogram(results.latency, results.correct, dt),
            "Histogram of the decision latency in ms, right and wrong decisions",
            words.latency_caption(run, results),
        ),
    }
    if run.summary.get("simulated"):
        figures = {name: figure.simulated for name, figure in figures.items()}
    return {**_learning_figure(run), **figures}


def _input_figures(run: Run, example: int) -> dict[str, Picture]:
    """Draw the spikes that came in with the example, if spikes did."""
    spikes = run.data.example_input
    if spikes is None:
        return {}
    n_maps, height, width_px = run.data.input_shape
    names = plots.POLARITIES if run.recorded else [cell.name for cell in run.cells] or ["pixels"]
    caption = words.events_caption if run.recorded else words.input_caption
    what = "events by polarity" if run.recorded else f"input spikes by cell ({', '.join(names)})"
    return {
        "input": wide(
            lambda width: plots.input_spikes(
                spikes, example, (n_maps, height, width_px), names=names, ends=run.saccade_ends, width=width
            ),
            f"Maps of the {what} on {width_px} by {height} pixels, and their course in ms",
            caption(run, example),
        )
    }


def _evidence_figure(run: Run, results: Results, example: int) -> dict[str, Picture]:
    """Draw the evidence over the saccades, if recordings were shown."""
    if not run.recorded:
        return {}
    evidence = READOUTS["mean-potential"](run.data.recording)
    lead, trial = lead_of_truth(evidence, run.data.label), run.data.example_trial[example]
    chosen = int(evidence[trial, -1].argmax())
    return {
        "evidence": wide(
            lambda width: plots.class_evidence(
                evidence[trial],
                int(run.data.label[trial]),
                chosen,
                lead,
                run.data.recording.dt,
                run.classes,
                ends=run.saccade_ends,
                width=width,
            ),
            f"Mean potentials in mV of {len(run.classes)} classes in one trial, and the true class's lead",
            words.evidence_caption(run, lead),
        )
    }


def _learning_figure(run: Run) -> dict[str, Picture]:
    """Draw the learning curves of the network, if its card has them."""
    card = run.provenance["network"].get("card") or {}
    if "best_epoch" not in card:
        return {}
    return {
        "learning": wide(
            lambda width: plots.learning_curves(card["epochs"], card["best_epoch"], width=width),
            f"Line charts of the losses and accuracies of {len(card['epochs'])} epochs of training",
            words.learning_caption(card),
        )
    }


def _ledger_figures(run: Run) -> dict[str, Picture]:
    if run.explained is None:
        return {}
    ledger, layers = run.explained
    return {
        "ledger": wide(
            lambda width: plots.waterfall(ledger.ann, ledger.parts, ledger.as_run, width=width),
            f"Waterfall chart of accuracy in %, from the trained network over {len(ledger.parts)} parts",
            words.ledger_caption(ledger),
        ),
        "layers": wide(
            lambda width: plots.rates_against_activations(layers, width=width),
            f"Densities of spike rate against expected rate in Hz, in {len(layers)} populations",
            words.layers_caption(layers),
        ),
    }

"""The figures of a run, each with the sentence that says what to see."""

from __future__ import annotations

import numpy as np

from bioscnn import plots
from bioscnn.network import READOUT
from bioscnn.neurons import TimeCode
from bioscnn.quantities import parse_quantity
from bioscnn.readout import READOUTS
from bioscnn.report import captions
from bioscnn.report.folder import Run
from bioscnn.report.page import Figure
from bioscnn.report.results import Results, lead_of_truth
from bioscnn.toml import parse_toml


def example_of(run: Run, results: Results) -> int:
    """Return the example to show in full: the first that was classified correctly, else the first."""
    return int(np.argmax(results.correct[run.data.example_trial]))


def accuracy(run: Run, results: Results) -> Figure:
    """Return the accuracy of every readout over time."""
    rule = run.summary["readout"]
    return Figure(
        lambda width: plots.accuracy_over_time(
            results.curves,
            results.dt,
            reference=results.ann,
            chosen=rule,
            ends=run.saccade_ends,
            width=width,
        ),
        f"Line chart of the accuracy in % of {len(results.curves)} readouts against simulated time in ms",
        captions.accuracy_caption(run, results),
    )


def confusion(run: Run, results: Results) -> Figure:
    """Return the confusion matrix."""
    return Figure(
        lambda width: plots.confusion(results.confusion, run.classes, width=width),
        f"Confusion matrix of {len(run.classes)} classes",
        captions.confusion_caption(run, results),
    )


def raster(run: Run, results: Results) -> Figure:
    """Return all spikes of one example, from the input to the output."""
    data, example = run.data, example_of(run, results)
    trains = {name: spikes for name in run.firing if (spikes := data.examples[name].spikes) is not None}
    came_in = {} if data.example_input is None else {"input": data.example_input}
    label = int(data.label[data.example_trial[example]])
    what = "Recording" if run.recorded else "Image"
    return Figure(
        lambda width: plots.raster(
            came_in | trains,
            example,
            image=data.example_image[example],
            classes=run.classes,
            label=label,
            ends=run.borders,
            width=width,
        ),
        f"{what} of class {run.classes[label]}, and the spikes of {len(trains)} populations over time",
        captions.trial_caption(run, results, example),
    )


def spike_times(run: Run) -> Figure:
    """Return the figure of how a neuron of the time code turns its potential into the time of its spike."""
    study = parse_toml(run.config)
    tau_m, tau_s = (
        parse_quantity(study[t][key], "time") for t, key in (("neuron", "tau_m"), ("synapse", "tau_s"))
    )
    code = TimeCode(tau_m, tau_s, 1e-3 * float(run.summary["dt_ms"]))
    V_th = parse_quantity(study["neuron"]["V_th"], "voltage")
    return Figure(
        lambda width: plots.spike_times(code, V_th, width=width),
        "Potentials in mV that fall to a falling threshold, and the value that each spike time says",
        captions.spike_times_caption(code),
    )


def potentials(run: Run, results: Results) -> Figure:
    """Return the potentials of the readout in the examples."""
    data, trials = run.data, run.data.example_trial
    traces = data.examples[READOUT].potentials
    assert traces is not None
    return Figure(
        lambda width: plots.output_potentials(
            traces,
            results.dt,
            data.label[trials],
            results.chosen[trials],
            run.classes,
            images=data.example_image,
            ends=run.borders,
            width=width,
        ),
        f"Potentials in mV of {len(run.classes)} readout neurons against time in {len(trials)} trials",
        captions.potentials_caption(run, results),
    )


def rates(results: Results) -> Figure:
    """Return the firing rates of each population."""
    return Figure(
        lambda width: plots.rates_by_population(results.rates, width=width),
        f"Box plots of firing rates in Hz in {len(results.rates)} populations",
        captions.rates_caption(results),
    )


def spikes(results: Results) -> Figure:
    """Return the histogram of spikes per trial, to stand beside another figure."""
    return Figure(
        lambda _: plots.spikes_histogram(results.spikes),
        "Histogram of the spikes in a trial",
        captions.spikes_caption(results),
        narrow=True,
    )


def latency(run: Run, results: Results) -> Figure:
    """Return the histogram of decision latencies, to stand beside another figure."""
    return Figure(
        lambda _: plots.latency_histogram(results.latency, results.correct, results.dt),
        "Histogram of the decision latency in ms, right and wrong decisions",
        captions.latency_caption(run, results),
        narrow=True,
    )


def input_spikes(run: Run, results: Results) -> Figure:
    """Return the spikes that came in with the example; `run` has to be one whose input is spikes."""
    came_in, example = run.data.example_input, example_of(run, results)
    assert came_in is not None
    n_maps, height, width_px = run.data.input_shape
    names: tuple[str, ...] = tuple(cell.name for cell in run.cells)
    if not names:
        names = plots.POLARITIES if run.recorded else plots.COLOURS if n_maps > 1 else ("pixels",)
    caption = captions.events_caption if run.recorded else captions.input_caption
    of = "cell" if run.cells else "channel"
    what = "events by polarity" if run.recorded else f"input spikes by {of} ({', '.join(names)})"
    return Figure(
        lambda width: plots.input_spikes(
            came_in, example, (n_maps, height, width_px), names=names, ends=run.saccade_ends, width=width
        ),
        f"Maps of the {what} on {width_px} by {height} pixels, and their course in ms",
        caption(run, example),
    )


def evidence(run: Run, results: Results) -> Figure:
    """Return the evidence over the saccades of a recording."""
    potential = READOUTS["mean-potential"](run.data.recording)
    lead = lead_of_truth(potential, run.data.label)
    trial = run.data.example_trial[example_of(run, results)]
    return Figure(
        lambda width: plots.class_evidence(
            potential[trial],
            int(run.data.label[trial]),
            int(potential[trial, -1].argmax()),
            lead,
            results.dt,
            run.classes,
            ends=run.saccade_ends,
            width=width,
        ),
        f"Mean potentials in mV of {len(run.classes)} classes in one trial, and the true class's lead",
        captions.evidence_caption(run, lead),
    )

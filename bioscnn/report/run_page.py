"""The page of a run: its numbers, and its sections in order."""

from __future__ import annotations

from collections.abc import Iterator

from bioscnn.report.figures import confusion, evidence, input_spikes, potentials, raster, spike_times
from bioscnn.report.folder import Run
from bioscnn.report.formats import number, percent, percent_interval, plural, points, points_interval
from bioscnn.report.ledger import ledger_section
from bioscnn.report.network import count_synapses, network_section, training_section
from bioscnn.report.page import Headline, Inline, Page, Section, emphasis, made_from
from bioscnn.report.provenance import provenance_rows
from bioscnn.report.results import Results, results_of
from bioscnn.report.retina import RANKED, retina_section
from bioscnn.report.scores import accuracy_section, activity_section
from bioscnn.report.warned import sentences_of


def run_page(run: Run) -> Page:
    """Return the page of a run."""
    results, summary = results_of(run), run.summary
    share = summary["accuracy"][summary["readout"]][0]
    return Page(
        title=summary["dataset"],
        eyebrow=f"bioscnn · {run.provenance['started'][:16].replace('T', ' ')} UTC",
        question=f"{percent(share)} right in {number(summary['duration_ms'])} ms",
        lead=[_lead(run, results)],
        verdict=[],
        warnings=sentences_of(run.summary),
        headlines=list(_headlines(run, results)),
        sections=list(_sections(run, results)),
        provenance=_provenance(run),
        simulated=bool(summary.get("simulated")),
        docs="results",
        footer=made_from("run.h5", "summary.json", "provenance.json", "config.toml"),
    )


def _lead(run: Run, results: Results) -> Inline:
    summary = run.summary
    neurons = sum(len(rate) for rate in results.rates.values())
    return (
        "The trained network " if results.ann else "The NIR graph ",
        emphasis(run.provenance["network"]["model"]),
        f" as {plural(neurons, 'spiking neuron')} and {plural(count_synapses(run), 'synapse')}, run on "
        f"{plural(summary['n_trials'], 'recording' if run.recorded else 'image')} in steps of "
        f"{number(summary['dt_ms'])} ms and read by ",
        emphasis(summary["readout"]),
        f". Data source: {summary['source']}.",
    )


def _headlines(run: Run, results: Results) -> Iterator[Headline]:
    summary, difference = run.summary, results.difference
    networks = {"Spiking network": summary["accuracy"][summary["readout"]]}
    if difference is not None:
        networks["ANN, same trials"] = summary["ann_accuracy"]
    for name, (share, low, high) in networks.items():
        yield Headline(name, percent(share), f"95 %: {percent_interval(low, high)}")
    compared = ""
    if difference is not None:
        compared = f"{results.lost} right in the ANN only, {results.won} here only"
        interval = points_interval(difference.low, difference.high)
        yield Headline("Difference (points)", points(difference.value), f"95 %: {interval}")
    yield Headline("Trials", f"{summary['n_trials']:,}", compared)
    came_in = "in all populations"
    if run.spikes_in:
        came_in = f"and {number(summary['input_spikes_per_trial'])} that come in"
    yield Headline("Spikes per trial", number(summary["spikes_per_trial"]), came_in)
    yield Headline("SynOps per trial", number(summary["synops_per_trial"]), "synaptic events")
    if energy := summary.get("energy"):
        ratio = number(energy["ann_to_spiking"])
        with_input = (
            "" if run.spikes_in else f"; {number(energy['ann_to_spiking_with_stimulus'])} with the input"
        )
        words = f"above 1: spiking needs less; an estimate{with_input}"
        yield Headline("ANN / spiking energy", f"{ratio} ×", words)
    if (latency := summary["latency_ms"]) is None:
        yield Headline("Latency", "none", "no trial comes to a decision: no spike reaches the readout")
    else:
        yield Headline("Latency", f"{number(latency)} ms", "median, decision informed and final")


def _sections(run: Run, results: Results) -> Iterator[Section]:
    if run.cells:
        yield retina_section(run)
    if run.recorded:
        yield Section(
            "events", "Events in space, time and polarity", [input_spikes(run, results)], "Events", "events"
        )
    elif run.spikes_in:
        yield Section("input", "Input spikes in space and time", [input_spikes(run, results)], "Input")
    yield accuracy_section(run, results)
    if run.recorded:
        over = "the saccades" if run.saccade_ends else "time"
        yield Section("evidence", f"Evidence over {over}", [evidence(run, results)], "Evidence", "events")
    if run.explained is not None:
        yield ledger_section(*run.explained)
    yield Section(
        "confusion", "Which class is taken for which", [confusion(run, results)], "Confusions", "statistics"
    )
    trial = [raster(run, results), *([spike_times(run)] if run.windows[0] else [])]
    yield Section("trial", "One trial through the network", trial, "One trial", "physics")
    yield Section("potentials", "Output potentials", [potentials(run, results)], "Potentials", "physics")
    yield activity_section(run, results)
    yield network_section(run)
    if run.provenance["network"].get("card"):
        yield training_section(run)


def _provenance(run: Run) -> list[tuple[str, Inline]]:
    summary, provenance, seconds = run.summary, run.provenance, run.summary["seconds"]
    data, network = provenance["data"], provenance["network"]
    searched = f"search for the duration {seconds['search']:.1f} s, " if "search" in seconds else ""
    return provenance_rows(
        provenance
        | {
            "time": f"{seconds['total']:.1f} s until this page was drawn: {searched}"
            f"build {seconds['build']:.1f} s, simulation {seconds['simulate']:.1f} s",
            "device": summary["device"],
            "dataset": f"{data['dataset']}, {data['split']}: {data['source']}",
            "data_sha256": data["sha256"],
            "gain_control": _gain_control(run),
            "noise": summary.get("noise"),
            "network": network["model"],
            "weights_sha256": network["weights_sha256"],
        }
    )


def _gain_control(run: Run) -> str:
    """Return whether each image set its own gain, where inputs have a size: ranks and events have none."""
    if run.encoding["kind"] in (*RANKED, "events"):
        return ""
    what = "coefficients of cells" if run.cells else "pixels"
    return f"{what}, each image by itself" if run.adapts else f"none: {what} in fixed units"

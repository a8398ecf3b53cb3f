"""What the command line prints of a run: its numbers, its ledger, what it needs, what it simulates."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from bioscnn.datasets.own import kind_and_path
from bioscnn.printing.shared import (
    Again,
    own_name,
    print_fields,
    print_next,
    print_simulated,
    print_table,
    print_warnings,
    print_wrapped,
    with_interval,
)
from bioscnn.quantities import format_quantity
from bioscnn.terminal import OUT

if TYPE_CHECKING:
    from bioscnn.ledger import Ledger
    from bioscnn.statistics import Estimate
    from bioscnn.studies.config import StudyConfig
    from bioscnn.studies.plan import Plan
    from bioscnn.studies.run import Run


NAMES_DATA = "dataset.name="


def print_run(run: Run, config: StudyConfig, again: Again, elapsed: float) -> None:
    """Print the numbers of a run, its seconds, where its report is, and what to type next."""
    s = run.summary
    spiking, trained = s["accuracy"][s["readout"]], s.get("ann_accuracy")
    against = "none: a NIR graph is a spiking network already"
    if trained is not None:
        points = 100 * (spiking[0] - trained[0])
        against = f"{with_interval(trained)}; the spiking one: {points:+.2f} points"
    recorded, spikes_in = "simulated" in s, "input_spikes_per_trial" in s
    OUT.print(f"\n[bold]{escape(s['dataset'])}[/bold]  {escape(s['source'])}\n")
    if s.get("simulated"):
        print_simulated(s["dataset"].removesuffix("-simulated"))
    fields = [
        ("spiking network", f"[bold]{with_interval(spiking, s['n_trials'])}[/bold] by {s['readout']}"),
        ("trained network", against),
        (
            "spikes",
            f"{s['spikes_per_trial']:,.0f} per {'recording' if recorded else 'image'}, "
            + (f"{s['input_spikes_per_trial']:,.0f} come in, " if spikes_in else "")
            + f"{s['synops_per_trial']:,.0f} synaptic operations",
        ),
        (
            "latency",
            "none: no trial comes to a decision, since no spike reaches the readout"
            if s["latency_ms"] is None
            else f"{s['latency_ms']:.0f} ms of {s['duration_ms']:.0f} ms "
            "(median; decision informed and final)",
        ),
        ("time", f"{elapsed:.1f} s: {', '.join(_stages(run, elapsed))}"),
        ("report", escape(str(run.folder / "report.html"))),
    ]
    if chosen := s.get("duration_auto"):
        images = f"{chosen['n_images']:,} {chosen['split']} images"
        agreed = (
            f"{100 * (1 - chosen['changed_at_twice']):.1f} % of {images} are decided as at twice that time"
        )
        longest = "" if chosen["settled"] else ", and no longer one was tried"
        fields.append(("duration", f"{chosen['duration_ms']:g} ms: {agreed}{longest}"))
    fields += [("graph", escape(note)) for note in s.get("notes", ())]
    print_fields(fields, 16)
    hints = [{"certain": False, "text": hint} for hint in s.get("hints", ())]
    print_warnings([*s.get("warnings", ()), *hints], width=16)
    if run.known_since:
        print_wrapped(
            f"\nSame results as before, simulated at {run.known_since}; another --out simulates them again."
        )
    print_next(next_commands(run, config, again))


def _stages(run: Run, elapsed: float) -> Iterator[str]:
    """Yield what a command spent its seconds on; they add up to them."""
    stages = {"report": run.report_seconds}
    if not run.known_since:
        taken = run.summary["seconds"]
        searched = {"search for the duration": taken["search"]} if "search" in taken else {}
        stages = {**searched, "build": taken["build"], "simulation": taken["simulate"], **stages}
    stages["loading and checks"] = max(0.0, elapsed - sum(stages.values()))
    yield from (f"{name} {seconds:.1f}" for name, seconds in stages.items())


def next_commands(run: Run, config: StudyConfig, again: Again) -> Iterator[tuple[str, str]]:
    """Yield commands that go on from a run, and what they are for; each would be taken as it stands."""
    from bioscnn.studies.explainable import is_explainable
    from bioscnn.studies.nir_study import model_of

    if "duration_auto" in run.summary:  # what was found: it is not looked for again
        again = again.with_keys(simulation__duration=format_quantity(config.simulation.duration, "time"))
    explained = shlex.join(["explain", str(run.folder), *again.options])
    explain = f"{own_name()} {explained}", "where the accuracy goes, cause by cause"
    at_chance = any(warning["kind"] == "at-chance" for warning in run.summary.get("warnings", ()))
    if at_chance and is_explainable(config):
        yield explain
    if config.is_nir:
        yield again.command("devices"), "the same spikes on every device"
    elif config.network.code == "time":
        half = format_quantity(config.simulation.dt / 2, "time")
        finer = again.command("run", simulation__dt=half, simulation__duration="auto")
        yield finer, "twice as many spike times in a window"
    elif config.neuron.definition is None:
        yield again.command("run", neuron__t_ref="3 ms"), "another refractory period, without recompiling"
    if config.network.code == "rate" and (not config.is_nir or model_of(config).fires):
        yield again.command("run", readout__rule="first-spike"), "another readout"
    if run.summary.get("saccade_ends_ms"):
        yield again.command("run", simulation__duration="100 ms"), "the first saccade alone"
    elif "simulated" in run.summary:
        yield again.command("timing"), "what the times of spikes carry"
    elif "input_spikes_per_trial" in run.summary and config.network.code == "rate":
        slow = {"simulation__device": "numpy", "simulation__connectivity": "auto", "dataset__trials": "20"}
        yield again.command("run", **slow), "no compiler, slow and clear"
    elif not at_chance and is_explainable(config):
        yield explain
    yield again.command("plan"), "neurons, synapses, memory"


def print_ledger(ledger: Ledger, report: Path) -> None:
    """Print where the accuracy goes: one line per cause, then what adds up to the gap."""
    from bioscnn.report.captions import first_cause, more_trials

    print_wrapped(
        f"\ntrained network {100 * ledger.ann:.2f} %, spiking network {100 * ledger.as_run:.2f} % "
        f"by {ledger.rule}, n = {ledger.n_trials:,}\n"
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("cause", no_wrap=True)
    table.add_column("switched off")
    for name in ("accuracy", "= ANN", "part of the gap"):
        table.add_column(name, justify="right", no_wrap=True)
    for e in ledger.entries:
        table.add_row(e.cause, e.change, *_shares(e.accuracy, 1 - e.agreement), _points(e.accuracy_part))
    table.add_row("interaction", "", "", "", _points(ledger.interaction))
    left = _shares(ledger.all_off, ledger.disagreement_unexplained.value)
    table.add_row("unexplained", "all", *left, _points(ledger.unexplained))
    table.add_row("gap", "none", *_shares(ledger.as_run, ledger.disagreement.value), _points(ledger.gap))
    OUT.print(table)
    print_wrapped("\nParts are points of accuracy with corrected 95 % intervals; grey: not significant.")
    if more := more_trials(ledger):
        print_wrapped(more)
    OUT.print("Not applicable:")
    print_fields(((name, escape(reason)) for name, reason in ledger.not_applicable.items()), 18)
    print_wrapped(f"\n[bold]{first_cause(ledger)}[/bold]\nreport  {escape(str(report))}", 8)


def _shares(accuracy: float, disagreement: float) -> tuple[str, str]:
    return f"{100 * accuracy:.2f} %", f"{100 - 100 * disagreement:.2f} %"


def _points(part: Estimate) -> str:
    low, high = (100 * end for end in part.interval)
    text = f"{100 * part.value:+.2f} [{low:+.2f}, {high:+.2f}]"
    return text if part.significant else f"[dim]{text}[/dim]"


def print_plan(plan: Plan) -> None:
    """Print what a study will need."""
    print_table(
        ("projection", "connectivity", "synapses", "simulated"),
        [
            (f"{p.pre} -> {p.post}", p.connectivity, f"{p.n_synapses:,}", p.simulated)
            for p in plan.projections
        ],
    )
    print_wrapped(f"\ndata      {escape(plan.dataset)}: {escape(plan.source)}", 10)
    if plan.simulated:
        print_simulated(plan.dataset.removesuffix("-simulated"))
    print_wrapped(
        f"{plan.neurons:,} neurons, of which {plan.spiking_neurons:,} fire, {plan.synapses:,} synapses; "
        f"{plan.trials:,} trials of {plan.n_steps} steps\n"
        f"memory    about {plan.memory_mb:,.0f} MB for each of {plan.jobs} processes\n"
        f"results   about {plan.results_mb:,.0f} MB on the disk, or less"
        + (f"; while it runs, {plan.scratch_mb:,.0f} MB of the cache folder" if plan.scratch_mb else "")
        + f"\ntime      about {plan.seconds:,.0f} s to simulate on {plan.device}"
        + (f", {plan.example_seconds:,.0f} s to simulate examples again" if plan.example_seconds >= 1 else "")
        + (f", and {plan.build_seconds:.0f} s to compile" if plan.build_seconds else "")
        + "; loading and the report take some seconds more"
        + (f"\nrounded   {escape(plan.rounded)}" if plan.rounded else "")
        + "".join(f"\ngraph     {escape(note)}" for note in plan.notes),
        10,
    )
    print_warnings(map(asdict, plan.warnings), width=9, margin="")


def print_conversion(description: dict[str, Any], model: str, changes: Sequence[str] = ()) -> None:
    """Print the equations, parameters and weights of a converted network, and how to run it."""
    for population in description["populations"]:
        size, shape = population["size"], tuple(population["shape"])
        OUT.print(f"[bold]{population['name']}[/bold]  {size:,} neurons, shape {shape}")
    models: dict[str, list[dict[str, Any]]] = {}
    for population in description["populations"]:
        models.setdefault(population["equations"], []).append(population)
    for equations, alike in models.items():
        OUT.print(f"\n[bold]{', '.join(population['name'] for population in alike)}[/bold]")
        declared = "(shared, constant)"  # their values stand below
        lines = [line for line in equations.splitlines() if not line.rstrip().endswith(declared)]
        OUT.print("\n".join(lines), markup=False)
        for name in ("threshold", "reset", "refractory"):
            if alike[0][name] is not None:
                why = f"  # {alike[0]['resets']}" if name == "reset" and alike[0]["resets"] else ""
                text = f"{name:<12} {'; '.join(alike[0][name].splitlines())}{why}"
                print_wrapped(text, 13, markup=False)
        parameters = ", ".join(f"{name} = {n}" for name, n in alike[0]["parameters"].items())
        print_wrapped(parameters, 2, markup=False)
    OUT.print()
    rows = [
        (f"{p['pre']} -> {p['post']}", p["connectivity"], f"{p['n_synapses']:,}", p["synapse"], p["weights"])
        for p in description["projections"]
    ]
    print_table(("projection", "connectivity", "synapses", "through", "weights"), rows)
    if name := description["calibrated_on"]:
        print_wrapped(
            f"\nRates were matched on images of {name}, intensities 0 to 1. A run matches them anew, "
            "on images of its study after dataset.mean and dataset.std.",
            markup=False,
        )
    study, chosen, commands = "STUDY", "a study of the network's data, such as mnist", []
    names = [change.removeprefix(NAMES_DATA) for change in changes if change.startswith(NAMES_DATA)]
    if names and kind_and_path(names[-1]):
        changes = [change for change in changes if not change.startswith(NAMES_DATA)]
        study, chosen = "STUDY.toml", "a name of your choice"
        commands = [(f"{own_name()} new STUDY --data {shlex.quote(names[-1])}", "")]
    words = shlex.join(word for change in (f"network.model={model}", *changes) for word in ("--set", change))
    print_next([*commands, (f"{own_name()} run {study} {words}", "")], f"Next, in place of STUDY {chosen}:")

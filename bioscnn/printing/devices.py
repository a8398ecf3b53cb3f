"""What the command line prints of two runs, and of all devices, compared spike by spike."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from bioscnn.printing.shared import print_simulated, print_table, print_wrapped
from bioscnn.terminal import OUT

if TYPE_CHECKING:
    from bioscnn.studies.comparison import Comparison, RunComparison
    from bioscnn.studies.devices import Devices
    from bioscnn.studies.divergence import Divergence
    from bioscnn.studies.paired import PairedDifference


def print_comparison(compared: RunComparison) -> None:
    """Print what made two runs, the result in sentences, by how much they differ, and in which keys."""
    for which, run in zip(("first", "second"), compared.settings, strict=True):
        made = f"{run['device']}, {run['connectivity']}, {run['precision']}, Brian2 {_as_text(run['brian2'])}"
        commit = _as_text(run["commit"] and run["commit"][:8])
        OUT.print(f"{which:<8} {run['folder']}", markup=False)
        print_wrapped(f"{'':<8} {made}, commit {commit}", 9, markup=False)
    OUT.print()
    for sentence in compared.sentences:
        print_wrapped(f"[bold]{escape(sentence)}[/bold]", 2)
    OUT.print()
    print_table(
        ("per trial", "first", "second", "difference", "95 % interval", "p"),
        [_row(paired) for paired in compared.differences],
    )
    n = f"{compared.n_trials:,} trials"
    print_wrapped(f"\nn = {n}. Second less first; intervals and p are corrected for all rows together.")
    if compared.spikes is not None:
        OUT.print()
        _print_spikes(compared.spikes)
    if compared.keys:
        OUT.print()
        keys = _with_neurons_folded(compared.keys)
        rows = [(key, *(_key_value(key, value) for value in values)) for key, values in keys.items()]
        print_table(("key that differs", "first", "second"), rows, whole=("key that differs",))


def _with_neurons_folded(keys: Mapping[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """Return keys that differ; those of two neurons, one of them a user's own, are one: ``neuron.model``."""
    if "neuron.model" not in keys or not any(key.startswith("neuron.definition.") for key in keys):
        return dict(keys)
    return {
        key: values for key, values in keys.items() if not key.startswith("neuron.") or key == "neuron.model"
    }


def _key_value(key: str, value: object) -> str:
    """Return the value of a key as text, a hash by its first digits; a dash if there is none."""
    return "-" if value is None else str(value)[: 12 if key.endswith("SHA-256") else None]


def _as_text(value: object) -> str:
    """Return what is known of a run as text."""
    return "not recorded" if value is None else str(value)


def _row(paired: PairedDifference) -> tuple[str, ...]:
    from bioscnn.studies.comparison import WORDS

    name, _, _, unit, scale = WORDS[paired.quantity]
    estimate = paired.difference
    called = f"{name} ({'%' if unit == 'points' else unit})" if unit != name else name
    if estimate is None or paired.first is None or paired.second is None:
        means = ["-" if mean is None else f"{scale * mean:,.2f}" for mean in (paired.first, paired.second)]
        return called, *means, "-", "-", "-"
    low, high, p = (float(part or 0.0) for part in (estimate.low_holm, estimate.high_holm, estimate.p_holm))
    digits = 1 if max(paired.first, paired.second) >= 1000 else 2
    first, second, value, low, high = (
        scale * number for number in (paired.first, paired.second, estimate.value, low, high)
    )
    return (
        called,
        f"{first:,.{digits}f}",
        f"{second:,.{digits}f}",
        f"{value:+,.{digits}f}",
        f"[{low:+,.{digits}f}, {high:+,.{digits}f}]" if isfinite(high - low) else "unknown: one trial",
        "< 0.001" if p < 0.001 else f"{p:.2g}",
    )


def _print_spikes(comparison: Comparison) -> None:
    """Print in which spikes two runs differ that should have the same, and where they first do."""
    rows = []
    for p in comparison.populations:
        alone = "not recorded" if p.share_in_one is None else f"{100 * p.share_in_one:.4g} %"
        rows.append((p.name, *(f"{n:,}" for n in p.spikes), alone, f"{p.trials:,}"))
    print_table(("population", "spikes, first", "second", "in only one", "trials that differ"), rows)
    n = comparison.n_trials
    OUT.print()
    for what, trials in (("spikes", comparison.trials), ("class", comparison.class_changed)):
        OUT.print(f"trials whose {what} differ{'s' * (what == 'class')}: {_count(len(trials), n)}")
    OUT.print(f"potentials of the readout: at most {1e9 * comparison.readout_apart:.3g} nV apart")
    if comparison.divergences:
        _print_divergence(comparison.divergences[0])


def _count(part: int, n: int) -> str:
    return f"{part:,} of {n:,} ({100 * part / n:.3g} %)"


def _print_divergence(first: Divergence) -> None:
    """Print the first spike that only one of two runs has, and the potentials there."""
    OUT.print(
        f"first difference: trial {first.trial}, {first.population}, neuron {first.neuron}, "
        f"step {first.step}: a spike in the {('first', 'second')[first.fired_in]} run alone"
    )
    for when, potentials in (("one step before", first.before), ("at the end of the step", first.potentials)):
        if potentials is not None:
            in_first, in_second = (f"{1e3 * potential:.7f} mV" for potential in potentials)
            OUT.print(f"  {when:<24} {in_first} in the first, {in_second} in the second")
    if first.threshold is not None:
        OUT.print(f"  {'threshold':<24} {1e3 * first.threshold:g} mV")


def print_devices(done: Devices) -> None:
    """Print how the devices compare: a line for each, and what single precision changes."""
    s = done.summary
    OUT.print(f"\n[bold]{escape(s['dataset'])}[/bold]  {escape(s['source'])}, n = {s['n_trials']:,}\n")
    if s["simulated"]:
        print_simulated(s["dataset"].removesuffix("-simulated"))
    rows = [
        (
            f"{row['device']} {row['connectivity']} {row['precision']}",
            f"{row['spikes']:,}",
            "yes" if row["identical"] else "no",
            f"{row['trials_that_differ']:,}",
            f"{row['class_changed']:,}",
            "" if row["time_ratio"] is None else f"{row['time_ratio']:.3g}",
        )
        for row in s["rows"]
    ]
    print_table(("device", "spikes", "identical", "trials", "classes", "time"), rows)
    OUT.print()
    for row in s["rows"]:
        if not row["identical"]:
            print_wrapped(
                f"{row['device']}, {row['connectivity']}, {row['precision']}: {row['verdict']}",
                2,
                markup=False,
            )
    print_wrapped(
        "All spikes of all populations are compared with numpy's; single precision with double, or on GeNN "
        "with that of C++. "
        "Trials, classes: how many differ. Time: over numpy's, of one process that records nothing.\n"
        f"Table and runs: {done.folder}",
        markup=False,
    )

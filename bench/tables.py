"""The summary as Markdown, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.roster import EQUAL_ACCURACY, EVENTS, PARTS, SAME, VGG

DETAILED = "Equal accuracy: LIF neurons with a refractory period and synaptic currents in bioscnn"
TITLES = {
    EQUAL_ACCURACY: f"{DETAILED} and Brian2, IF neurons elsewhere",
    SAME: "The same model everywhere: IF neurons, weights that act at once, reset by subtraction",
}
TITLES_OF_EVENTS = {
    EQUAL_ACCURACY: f"{DETAILED}, plain LIF neurons elsewhere",
    SAME: "The same model everywhere: LIF neurons, weights that act at once, reset by subtraction",
}
ACCURACY, SAME_CLASS = "accuracy (%)", "same class as bioscnn"
HEADER = (
    "simulator", "network", "images a second", "bioscnn is ... times as fast", ACCURACY, "spikes",
    "batch", "peak memory (MB)",
)  # fmt: skip


def markdown(summary: dict[str, Any], sizes: Sequence[str] = PARTS["peers"]) -> str:
    """Return the tables of some sizes of a summary.

    Parameters
    ----------
    summary : dict
        Contents of ``summary.json``.
    sizes : sequence of str
        Those of one part of `PARTS`.
    """
    measured = [row["size"] for row in summary["rows"] if row["size"] in sizes]
    accuracy = f"Accuracy on {' and '.join(dict.fromkeys(summary['shown'][size] for size in measured))}, "
    accuracy += "with 95 % intervals."
    if VGG in sizes:
        accuracy = "Weights are random, so there is no accuracy; classes and spikes are compared instead."
    machine = summary["machine"]
    lines = [
        f"Measured by `{summary['command']}` on {machine['processor']}, {summary['threads']} threads or "
        f"processes; {summary['rounds']} rounds, each simulator once in each, one at a time. Medians, in "
        f"brackets lowest and highest; ratios are taken within a round. {accuracy}",
        "",
    ]
    if summary["busy"]:
        lines += [
            f"**The machine was busy** (load {summary['load_before']:.1f} before): take no figure from here.",
            "",
        ]
    for table in TITLES:
        for size in dict.fromkeys(measured):
            rows = [row for row in summary["rows"] if (row["table"], row["size"]) == (table, size)]
            if rows:
                title = (TITLES_OF_EVENTS if size == EVENTS else TITLES)[table]
                lines += [f"**{title}, {size}.**", "", *_main_table(size, rows), ""]
                lines += [
                    _sentence(comparison)
                    for comparison in summary["fastest"]
                    if (comparison["table"], comparison["size"]) == (table, size)
                ]
                lines += [""]
                if size == VGG:
                    lines += [*_layers(rows), ""]
    for absent in summary["absent"]:
        if absent["size"] not in sizes:
            continue
        lines += [f"Not measured: {absent['simulator']} with {absent['network']}: {absent['reason']}", ""]
    if sizes != PARTS["peers"]:
        return "\n".join(lines)
    lines += [*_limits(summary["limits"]), *_precision(summary["precision"])]
    if summary["scaling"] is not None:
        lines += _scaling(summary["scaling"])
    return "\n".join(lines)


def _main_table(size: str, rows: list[dict[str, Any]]) -> list[str]:
    what = "recordings" if size == EVENTS else "images"
    header = tuple(cell.replace("images", what) for cell in HEADER)
    if size == VGG:
        header = tuple(SAME_CLASS if cell == ACCURACY else cell for cell in header)
    return _table(header, [_cells(row) for row in rows])


def _layers(rows: list[dict[str, Any]]) -> list[str]:
    """Return the spikes of each layer in each simulator."""
    header = "layer", *(row["simulator"] for row in rows)
    layers = zip(*(row["layer_spikes"] for row in rows), strict=True)
    cells = [[str(n), *(f"{spikes:,.0f}" for spikes in layer)] for n, layer in enumerate(layers, 1)]
    return ["**Spikes of each layer per image.**", "", *_table(header, cells)]


def _limits(limits: list[dict[str, Any]]) -> list[str]:
    if not limits:
        return []
    header = (
        "network", "bioscnn", "C by hand", "share of C by hand", "roofline", "share of the roofline",
        "C by hand spends on input, neurons, synapses (us an image)",
    )  # fmt: skip
    rows = [
        [
            f"`{limit['network']}`",
            _spread(limit["ours"], ",.0f"),
            _spread(limit["by_hand"], ",.0f"),
            _spread(limit["share_of_by_hand"], ".2f"),
            f"{limit['roofline']:,.0f}",
            f"{limit['share_of_roofline']:.2f}",
            ", ".join(f"{value:.0f}" for value in limit["parts_us"].values()),
        ]
        for limit in limits
    ]
    title = f"**One core: images a second of whole programs, {limits[0]['images']:,} images.**"
    return [title, "", *_table(header, rows), ""]


def _precision(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    header = (
        "network", "spikes", "stand in one precision only", "trials with such a spike", "classes that change",
        "accuracy in float32 (%)", "in float64 (%)",
    )  # fmt: skip
    cells = [
        [
            f"`{row['network']}`",
            f"{row['spikes']:,}",
            f"{row['spikes_that_differ']:,}",
            f"{100 * row['trials_with_another_spike']:.2f} %",
            f"{row['classes_that_change']} of {row['n']:,}",
            *(_share(row[name]) for name in ("float32", "float64")),
        ]
        for row in rows
    ]
    return ["**What float32 changes.**", "", *_table(header, cells), ""]


def _scaling(scaling: dict[str, Any]) -> list[str]:
    header = ("what varies", "value", "trials", "images a second", "synaptic events an image", "program (MB)")
    rows = [
        [
            point["axis"],
            f"{point['value']:g}",
            f"{point['trials']:,}",
            f"{point['images_per_second']:,.0f}",
            f"{point['synaptic_events']:,.0f}",
            f"{point['program_peak_mb']:.1f}",
        ]
        for point in scaling["points"]
    ]
    powers = ", ".join(f"{axis} {power:.2f}" for axis, power in scaling["exponents"].items())
    return [
        "**How the cost grows** (`mnist-small`, one process; duration and time step in ms; width: copies of "
        "every channel, which compute the same; events: 4,000 drawn input spikes in 300 steps).",
        "",
        *_table(header, rows),
        "",
        "Fitted powers of the time of a run, with the number of trials, the duration, the number of steps "
        f"and the synaptic events as the network widens: {powers}.",
        "",
    ]


def _table(header: tuple[str, ...], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]


def _cells(row: dict[str, Any]) -> list[str]:
    accuracy = row["accuracy"]
    memory = f"{row['peak_mb']:,.0f}"
    if row["program_peak_mb"] is not None:
        memory += f" (program {row['program_peak_mb']:,.0f})"
    n = row["compared_with_bioscnn"]
    same = f"{row['same_class_as_bioscnn'] * n:.0f} of {n}"
    variant = row["variant"] + ", an end of the range" * row["batch_at_an_end"]
    return [
        row["simulator"],
        f"`{row['network']}`",
        _spread(row["images_per_second"], ".2f" if row["size"] == VGG else ",.0f"),
        _spread(row["ratio_to_bioscnn"], ".2f"),
        f"{_share(accuracy)} of {accuracy['n']:,}" if accuracy else same,
        f"{row['spikes_per_image']:,.0f}",
        "" if row["batch"] is None else f"{row['batch']} ({variant})",
        memory,
    ]


def _share(share: dict[str, float]) -> str:
    return "{:.2f} [{:.2f}, {:.2f}]".format(*(100 * share[part] for part in ("value", "low", "high")))


def _spread(value: dict[str, float], form: str) -> str:
    return f"{value['median']:{form}} [{value['low']:{form}}, {value['high']:{form}}]"


def _sentence(comparison: dict[str, Any]) -> str:
    times = _spread(comparison["times_as_fast"], ".2f")
    whom = f"the fastest {comparison['against']}, {comparison['fastest']}"
    if comparison["against"] == "limit":
        whom = "the program written by hand in C, on one core"
    return f"* {comparison['simulator']}, `{comparison['network']}`: {times} times as fast as {whom}."

"""The summary as Markdown, for people."""

from __future__ import annotations

from typing import Any

from bench.roster import EQUAL_ACCURACY, SAME

TITLES = {
    EQUAL_ACCURACY: "Equal accuracy: LIF neurons with a refractory period and synaptic currents in bioscnn "
    "and Brian2, IF neurons elsewhere",
    SAME: "The same model everywhere: IF neurons, weights that act at once, reset by subtraction",
}
HEADER = (
    "simulator", "network", "images a second", "bioscnn is ... times as fast", "accuracy (%)", "spikes",
    "batch", "peak memory (MB)",
)  # fmt: skip


def markdown(summary: dict[str, Any]) -> str:
    """Return the tables of a summary.

    Parameters
    ----------
    summary : dict
        Contents of ``summary.json``.
    """
    machine = summary["machine"]
    lines = [
        f"Measured by `{summary['command']}` on {machine['processor']}, {summary['threads']} threads or "
        f"processes; {summary['rounds']} rounds, each simulator once in each, one at a time. Medians, in "
        "brackets lowest and highest; ratios are taken within a round. Accuracy on "
        f"{summary['split']} images, with 95 % intervals.",
        "",
    ]
    if summary["busy"]:
        lines += [
            f"**The machine was busy** (load {summary['load_before']:.1f} before): take no figure from here.",
            "",
        ]
    for table, title in TITLES.items():
        for size in dict.fromkeys(row["size"] for row in summary["rows"]):
            rows = [row for row in summary["rows"] if (row["table"], row["size"]) == (table, size)]
            if rows:
                lines += [f"**{title}, {size}.**", "", *_table(HEADER, [_cells(row) for row in rows]), ""]
                lines += [
                    _sentence(one)
                    for one in summary["fastest"]
                    if (one["table"], one["size"]) == (table, size)
                ]
                lines += [""]
    for absent in summary["absent"]:
        lines += [f"Not measured: {absent['simulator']} with {absent['network']}: {absent['reason']}", ""]
    return "\n".join(lines)


def _table(header: tuple[str, ...], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]


def _cells(row: dict[str, Any]) -> list[str]:
    accuracy = row["accuracy"]
    memory = f"{row['peak_mb']:,.0f}"
    if row["program_peak_mb"] is not None:
        memory += f" (program {row['program_peak_mb']:,.0f})"
    return [
        row["simulator"],
        f"`{row['network']}`",
        _spread(row["images_per_second"], ",.0f"),
        _spread(row["ratio_to_bioscnn"], ".2f"),
        f"{100 * accuracy['value']:.2f} [{100 * accuracy['low']:.2f}, {100 * accuracy['high']:.2f}]"
        f" of {accuracy['n']:,}",
        f"{row['spikes_per_image']:,.0f}",
        "" if row["batch"] is None else f"{row['batch']} ({row['variant']})",
        memory,
    ]


def _spread(value: dict[str, float], form: str) -> str:
    return f"{value['median']:{form}} [{value['low']:{form}}, {value['high']:{form}}]"


def _sentence(one: dict[str, Any]) -> str:
    times = _spread(one["times_as_fast"], ".2f")
    return (
        f"* {one['simulator']}, `{one['network']}`: {times} times as fast as the fastest {one['against']}, "
        f"{one['fastest']}."
    )

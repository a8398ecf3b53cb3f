"""What the times of spikes carry that their number does not: the figures of the timing experiment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from bioscnn.plots.style import INK, MUTED, PALE, PALETTE, TRUE, WIDE, WRONG, new_figure, themed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOOKS = {
    "spiking network": (PALETTE[0], "o"),
    "counts": (PALETTE[1], "s"),
    "latencies": (PALETTE[2], "^"),
    "ranks": (PALETTE[3], "v"),
    "counts and times": (PALETTE[4], "D"),
    "time-collapsed CNN": (PALETTE[5], "P"),
}
"""Colour and marker of each method, the same in every figure."""

OTHER = (MUTED, "X")
"""Of a method that is none of these."""

RESPONSES = {"count": PALETTE[1], "latency": PALETTE[2], "both": PALETTE[4]}

STRESSED = "spiking network"

KEPT = {True: "counts are kept", False: "counts change"}


@themed
def accuracy_against_jitter(
    table: pd.DataFrame, *, chance: float | None = None, width: float = WIDE
) -> Figure:
    """Draw the accuracy of each method against the jitter of the spikes, one panel per layer.

    Jitters stand side by side at equal distances, none first; bands are the intervals.

    Parameters
    ----------
    table : DataFrame
        Rows of the kinds ``clean`` and ``jitter``, others are left out, with columns ``layer``, ``kind``,
        ``severity`` (s), ``method``, ``accuracy``, ``low``, ``high`` (0 to 1).
    chance : float, optional
        Accuracy of guessing, a dotted line.
    width : float
        Width in inches.
    """
    rows = table[table["kind"].isin(("clean", "jitter"))]
    rows = rows.assign(severity=rows["severity"].where(rows["kind"] == "jitter", 0.0))
    sigmas = np.sort(rows["severity"].unique())
    layers = list(rows["layer"].unique())
    columns = min(len(layers), 3 if width >= 5 else 2)
    lines = -(-len(layers) // columns)
    figure = new_figure(width, 2.1 * lines + 0.7)
    panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for k, (axes, layer) in enumerate(zip(panels.flat, layers, strict=False)):
        for method, group in rows[rows["layer"] == layer].groupby("method", sort=False):
            _draw_method(axes, group, sigmas, str(method))
        if chance is not None:
            axes.axhline(100 * chance, color=MUTED, linestyle=":", linewidth=1, label="chance")
        names = [f"{1e3 * sigma:g}" for sigma in sigmas]
        axes.set_xticks(range(len(sigmas)), names, size=8 if width / columns > 2 else 6.5)
        axes.set_title(layer)
        axes.set(xlabel="jitter (ms)" if k + columns >= len(layers) else "", ylim=(0, 101))
        axes.set_ylabel("accuracy (%)" if k % columns == 0 else "")
        axes.tick_params(labelbottom=k + columns >= len(layers))
    for axes in panels.flat[len(layers) :]:
        axes.set_axis_off()
    _legend(figure, panels.flat, width)
    return figure


def _draw_method(axes: Axes, group: pd.DataFrame, sigmas: np.ndarray, method: str) -> None:
    group = group.sort_values("severity")
    place = np.searchsorted(sigmas, group["severity"])
    colour, marker = LOOKS.get(method, OTHER)
    stressed = method == STRESSED
    axes.fill_between(place, 100 * group["low"], 100 * group["high"], color=colour, alpha=0.15, linewidth=0)
    axes.plot(
        place,
        100 * group["accuracy"],
        color=colour,
        marker=marker,
        markersize=4.5 if stressed else 3.2,
        linewidth=2.4 if stressed else 1.1,
        label=method,
        zorder=3 if stressed else 2,
    )


def _legend(figure: Figure, panels: Iterable[Axes], width: float) -> None:
    """Name each line once, below the panels."""
    named: dict[str, Any] = {}
    for axes in panels:
        handles, labels = axes.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    ordered = [name for name in (*LOOKS, *RESPONSES, *named) if name in named]
    unique = list(dict.fromkeys(ordered))
    figure.legend(
        [named[name] for name in unique],
        unique,
        loc="outside lower center",
        ncols=4 if width >= 5 else 2,
        handlelength=1.6,
    )


@themed
def perturbation_effects(table: pd.DataFrame, layer: str, *, width: float = WIDE) -> Figure:
    """Draw what each perturbation of a layer's spikes does to the accuracy, one row each.

    Those that keep the number of spikes of every neuron in every trial stand above those that do not. Full
    markers: significant.

    Parameters
    ----------
    table : DataFrame
        With columns ``layer``, ``label``, ``keeps_counts``, ``method``, the accuracy less that of the same
        method on the clean spikes, ``difference``, ``low``, ``high`` (-1 to 1), and ``significant``.
    layer : str
        Which layer's rows are drawn.
    width : float
        Width in inches.
    """
    rows = table[table["layer"] == layer]
    groups = [
        rows[rows["keeps_counts"] == keeps_counts]
        for keeps_counts in KEPT
        if keeps_counts in set(rows["keeps_counts"])
    ]
    present = list(rows["method"].unique())
    methods = [name for name in dict.fromkeys((*LOOKS, *present)) if name in present]
    counts = [group["label"].nunique() for group in groups]
    each = 0.05 * len(methods) + 0.07
    figure = new_figure(width, each * sum(counts) + 0.3 * len(counts) + 1.0)
    panels = figure.subplots(len(groups), 1, sharex=True, squeeze=False, height_ratios=counts)[:, 0]
    for axes, group in zip(panels, groups, strict=True):
        _draw_rows(axes, group, methods)
        axes.set_title(KEPT[bool(group["keeps_counts"].iloc[0])])
        axes.set_ylabel("perturbation")
    figure.align_ylabels(panels)
    panels[-1].set_xlabel("difference to clean spikes (points)" if width >= 5 else "difference (points)")
    _legend(figure, panels, width)
    return figure


def _draw_rows(axes: Axes, group: pd.DataFrame, methods: list[str]) -> None:
    labels = list(group["label"].unique())
    for row in range(0, len(labels), 2):
        axes.axhspan(row - 0.5, row + 0.5, color=INK, alpha=0.04, linewidth=0)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    step = 0.8 / len(methods)
    for k, method in enumerate(methods):
        of_method = group[group["method"] == method]
        place = np.array([labels.index(label) for label in of_method["label"]]) + step * (
            k - (len(methods) - 1) / 2
        )
        value, low, high = 100 * of_method[["difference", "low", "high"]].to_numpy(float).T
        colour, marker = LOOKS.get(method, OTHER)
        stressed = method == STRESSED
        axes.hlines(place, low, high, color=colour, linewidth=1.8 if stressed else 1)
        axes.scatter(
            value,
            place,
            s=18 if stressed else 9,
            marker=marker,
            linewidths=0.8,
            edgecolors=colour,
            color=np.where(of_method["significant"], colour, "white").tolist(),
            label=method,
            zorder=3,
        )
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(labels) - 0.5, -0.5)


@themed
def primary_differences(table: pd.DataFrame, margin: float, *, width: float = WIDE) -> Figure:
    """Draw differences of accuracy with corrected intervals beside the margin that would not matter.

    Parameters
    ----------
    table : DataFrame
        With columns ``compared``, ``difference``, ``low_holm``, ``high_holm`` (-1 to 1), ``significant``.
    margin : float
        The smallest difference that would matter, 0 to 1.
    width : float
        Width in inches.
    """
    figure = new_figure(width, 0.26 * len(table) + 0.9)
    axes = figure.subplots()
    place = np.arange(len(table))
    value, low, high = 100 * table[["difference", "low_holm", "high_holm"]].to_numpy(float).T
    axes.axvspan(-100 * margin, 100 * margin, color=INK, alpha=0.08, linewidth=0)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.hlines(place, low, high, color=PALETTE[0], linewidth=1.6)
    full = np.where(table["significant"], PALETTE[0], "white").tolist()
    axes.scatter(value, place, s=22, linewidths=0.9, edgecolors=PALETTE[0], color=full, zorder=3)
    axes.set_yticks(place, [name.replace(" against ", "\nagainst ") for name in table["compared"]])
    axes.tick_params(axis="y", length=0)
    axes.set_xscale("symlog", linthresh=2, linscale=1)
    ticks = (
        [-100, -10, -2, 0, 2, 10, 100] if width < 5 else [-100, -30, -10, -5, -2, -1, 0, 1, 2, 5, 10, 30, 100]
    )
    left, right = min(-2.0, 1.2 * low.min()), max(2.0, 1.2 * high.max())
    axes.set_xticks([tick for tick in ticks if left <= tick <= right])
    axes.set_xlim(left, right)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(_no_ticks())
    axes.set(xlabel="difference (points)", ylim=(len(table) - 0.5, -0.5))
    return figure


def _no_ticks() -> Any:
    from matplotlib.ticker import NullLocator

    return NullLocator()


@themed
def control_sets(table: pd.DataFrame, *, width: float = WIDE) -> Figure:
    """Draw what the decoders find in sets of spikes whose answer is known, one panel per set.

    Full markers: the spikes as made; open ones: jittered. A red cross marks what was not as expected.

    Parameters
    ----------
    table : DataFrame
        With columns ``set``, ``label`` (``clean`` or the perturbation), ``method``, ``accuracy``, ``low``,
        ``high``, ``chance`` (0 to 1) and ``passed``.
    width : float
        Width in inches; below 5 the panels stand one above the other.
    """
    sets, methods = list(table["set"].unique()), list(table["method"].unique())
    labels = list(table["label"].unique())
    beside = width >= 5
    tall = 0.42 * len(methods) + 0.55
    figure = new_figure(width, tall + 0.5 if beside else tall * len(sets) + 0.5)
    shape = (1, len(sets)) if beside else (len(sets), 1)
    panels = figure.subplots(*shape, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, name in zip(panels, sets, strict=True):
        rows = table[table["set"] == name]
        row = rows["method"].map(methods.index) + 0.28 * (
            rows["label"].map(labels.index) - (len(labels) - 1) / 2
        )
        axes.hlines(row, 100 * rows["low"], 100 * rows["high"], color=TRUE, linewidth=1.2)
        for k, label in enumerate(labels):
            chosen = rows["label"] == label
            _mark(axes, rows[chosen], row[chosen], "o", label, mfc=TRUE if k == 0 else "white", color=TRUE)
        failed = ~rows["passed"].astype(bool)
        if failed.any():
            _mark(axes, rows[failed], row[failed], "x", "not as expected", color=WRONG, markersize=9)
        axes.axvline(100 * rows["chance"].iloc[0], color=MUTED, linestyle=":", linewidth=1, label="chance")
        axes.set_yticks(range(len(methods)), methods)
        axes.set(title=name, xlim=(-2, 102), ylim=(len(methods) - 0.5, -0.5))
        axes.set(xlabel="accuracy (%)", ylabel="decoder")
        axes.label_outer()
    _legend(figure, panels, width)
    return figure


def _mark(axes: Axes, rows: pd.DataFrame, place: pd.Series, marker: str, label: str, **look: Any) -> None:
    axes.plot(100 * rows["accuracy"], place, marker, label=label, **{"markersize": 5, **look})


@themed
def information_bars(table: pd.DataFrame, *, width: float = WIDE) -> Figure:
    """Draw how many bits about the class a neuron's count, its latency and both carry, layer by layer.

    Black marks: the same estimate with shuffled classes, which is to be zero.

    Parameters
    ----------
    table : DataFrame
        With columns ``layer``, ``response`` (``count``, ``latency``, ``both``), and ``bits``, ``low``,
        ``high``, ``shuffled``, means over neurons in bits.
    width : float
        Width in inches.
    """
    layers = list(table["layer"].unique())
    responses = [name for name in RESPONSES if name in set(table["response"])]
    figure = new_figure(width, 2.9 if width >= 5 else 3.1)
    axes = figure.subplots()
    axes.axhline(0, color=PALE, linewidth=0.8)
    thick = 0.8 / len(responses)
    for k, response in enumerate(responses):
        rows = table[table["response"] == response]
        place = np.array([layers.index(layer) for layer in rows["layer"]]) + thick * (
            k - (len(responses) - 1) / 2
        )
        axes.bar(place, rows["bits"], 0.9 * thick, color=RESPONSES[response], linewidth=0, label=response)
        axes.vlines(place, rows["low"], rows["high"], color=MUTED, linewidth=1)
        axes.hlines(
            rows["shuffled"],
            place - 0.45 * thick,
            place + 0.45 * thick,
            color=INK,
            linewidth=1.6,
            label="shuffled classes",
        )
    axes.set_xticks(range(len(layers)), layers)
    axes.tick_params(axis="x", length=0)
    axes.set(xlabel="layer", ylabel="information of a neuron (bit)")
    _legend(figure, [axes], width)
    return figure

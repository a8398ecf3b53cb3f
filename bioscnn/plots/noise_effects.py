"""What each kind of noise takes first, what helps against it, and what it does to latency and spikes."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bioscnn.noise.parts import part_of
from bioscnn.plots.noise import PLACES, TALL_ROW, by_place, is_kind, name_of
from bioscnn.plots.style import INK, MUTED, PALE, TRUE, WIDE, WRONG, new_figure, themed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

VERDICTS = {"helps": TRUE, "harms": WRONG, "not significant": MUTED}
"""Colour of a difference: significant and above zero, significant and below it, or not significant."""


def row_name(noise: str) -> str:
    """Return a condition as the name of its row: a kind of noise, clean inputs, or a mean over kinds."""
    if noise == "all":
        return "mean of all kinds"
    if noise.startswith("all "):
        return f"mean, {noise.removeprefix('all ')}"
    return name_of(noise)


@themed
def first_to_fall(
    losses: pd.DataFrame,
    network: str,
    *,
    clean: float,
    chance: float | None = None,
    width: float = WIDE,
) -> Figure:
    """Draw what each noise takes from the accuracy of a network, the worst on top.

    Parameters
    ----------
    losses : DataFrame
        One row per noise, the largest loss first: columns ``noise``, ``acts_on``, ``severity``, ``amount``
        (text), ``difference`` (the loss), ``low``, ``high`` (shares of the trials).
    network : str
        Its name.
    clean : float
        Its accuracy without noise.
    chance : float, optional
        Accuracy of guessing; a dotted line marks the loss that leaves no more.
    width : float
        Width in inches.
    """
    places = [part_of(*pair) for pair in losses[["noise", "acts_on"]].itertuples(index=False)]
    labels = [f"{name_of(row.noise)}, {row.amount}" for row in losses.itertuples()]
    figure = new_figure(width, 0.2 * len(losses) + 0.95)
    axes = figure.subplots()
    used = [place for place in PLACES if place in places]
    loss, low, high = (100 * losses[name].to_numpy(float) for name in ("difference", "low", "high"))
    named: list[Any] = []
    for place in used:
        rows = [row for row, own in enumerate(places) if own == place]
        name, colour = PLACES[place]
        named.append(axes.barh(rows, loss[rows], 0.72, color=colour, alpha=0.85, label=name))
    axes.set_yticks(range(len(losses)), labels)
    axes.hlines(range(len(losses)), low, high, color=INK, linewidth=1.1)
    for k, (end, value) in enumerate(zip(high, loss, strict=True)):
        axes.annotate(
            f"{value:.1f}".replace("-", "\N{MINUS SIGN}"), (max(end, 0), k), (3, 0),
            textcoords="offset points", va="center", size=7.5,
            bbox={"facecolor": "white", "linewidth": 0, "pad": 0.6},
        )  # fmt: skip
    axes.axvline(0, color=MUTED, linewidth=0.8)
    most = float(high.max())
    if chance is not None:
        guessing = axes.axvline(100 * (clean - chance), color=MUTED, linestyle=":", linewidth=1)
        guessing.set_label("chance is left")
        named.append(guessing)
        most = max(most, 100 * (clean - chance))
    axes.set_xlim(min(0, 1.1 * float(low.min())), 1.1 * most)
    who = f"by {network} at severity {losses['severity'].iloc[0]:g}"
    axes.set(xlabel=f"accuracy lost {who} (points)" if width >= 5 else f"points lost\n{who}", ylabel="")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(losses) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=MUTED, alpha=0.15)
    axes.set_axisbelow(True)
    figure.legend(
        handles=named, loc="outside upper left", ncols=7 if width >= 5 else 3, handlelength=1.2,
        columnspacing=1.3,
    )  # fmt: skip
    return figure


_FIRST = {"clean": 0, "all": 1}


@themed
def what_helps(comparisons: pd.DataFrame, *, width: float = WIDE) -> Figure:
    """Draw by how much one network is more often right than another: one panel per question.

    Parameters
    ----------
    comparisons : DataFrame
        One row per question and condition: columns ``question``, ``first``, ``second`` (names of what is
        compared), ``noise`` (a name, ``"clean"``, or a mean over kinds: ``"all"``, or words), ``acts_on``,
        ``difference`` (accuracy of the first less that of the second), ``low``, ``high`` (-1 to 1) and
        ``significant``.
    width : float
        Width in inches; below 5 two panels stand side by side, else five.
    """
    from matplotlib.lines import Line2D

    means = [noise for noise in comparisons["noise"].unique() if not is_kind(noise)]
    rows: list[str | None] = [*sorted(means, key=lambda noise: _FIRST.get(noise, len(_FIRST))), None]
    groups = by_place(comparisons)
    for noises in groups.values():
        rows += [*noises, None]
    pairs = list(comparisons.groupby(["question", "first", "second"], sort=False))
    lines = -(-len(pairs) // (5 if width >= 5 else 2))
    columns = -(-len(pairs) // lines)
    figure = new_figure(width, lines * (TALL_ROW * 0.93 * len(rows) + 0.95) + 0.25)
    panels = figure.subplots(lines, columns, sharex=True, squeeze=False)
    room = int(16 * (width - 1.4) / columns)
    titles = [_pair(first, second, room) for (_, first, second), _ in pairs]
    above = 4 + 9 * max(title.count("\n") + 1 for title in titles)
    for k, (axes, title, ((question, *_), group)) in enumerate(zip(panels.flat, titles, pairs, strict=False)):
        _draw_differences(axes, group, rows)
        axes.set_title(str(question), size=8.5, weight="bold", pad=above + 3)
        axes.annotate(
            title, (0, 1), (0, above), xycoords="axes fraction", textcoords="offset points",
            size=6.8, color=MUTED, va="top",
        )  # fmt: skip
        axes.tick_params(labelleft=k % columns == 0, labelbottom=True)
        axes.set_xlabel("difference (points)", size=7.5)
        axes.locator_params(axis="x", nbins=4)
    for axes in panels.flat[len(pairs) :]:
        axes.set_axis_off()
    looks = [
        Line2D([], [], color=colour, marker="o", markersize=4, linewidth=1.3, label=label,
               markerfacecolor="white" if colour == MUTED else colour)
        for label, colour in VERDICTS.items()
    ]  # fmt: skip
    figure.legend(handles=looks, loc="outside upper left", ncols=3, handlelength=1.6, columnspacing=1.3)
    return figure


def _pair(first: str, second: str, room: int) -> str:
    """Return the names of a compared pair in lines of at most `room` characters."""
    lines = [textwrap.fill(text, room, break_long_words=False) for text in (first, f"less {second}")]
    return "\n".join(lines)


def _draw_differences(axes: Axes, group: pd.DataFrame, rows: Sequence[str | None]) -> None:
    """Draw one row per noise; None is a gap between groups."""
    for row in range(len(rows) - 1):
        if rows[row] is None:
            axes.axhline(row, color=PALE, linewidth=0.6)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    place = [rows.index(noise) for noise in group["noise"]]
    value, low, high = (100 * group[name].to_numpy(float) for name in ("difference", "low", "high"))
    significant = group["significant"].to_numpy(bool)
    kinds = np.select(
        [significant & (value > 0), significant & (value < 0)], ["helps", "harms"], "not significant"
    )
    colours = [VERDICTS[kind] for kind in kinds]
    sizes = np.where(group["noise"].map(is_kind), 13, 26)
    axes.hlines(place, low, high, color=colours, linewidth=1.3)
    axes.scatter(
        value, place, s=sizes, edgecolors=colours, linewidths=0.9, zorder=3,
        color=["white" if colour == MUTED else colour for colour in colours],
    )  # fmt: skip
    named = [(k, name) for k, name in enumerate(rows) if name is not None]
    axes.set_yticks([k for k, _ in named], [row_name(name) for _, name in named])
    for label, (_, name) in zip(axes.get_yticklabels(), named, strict=True):
        label.set_fontweight("normal" if is_kind(name) else "bold")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rows) - 1.2, -0.8)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=MUTED, alpha=0.15)


@themed
def latency_and_spikes(accuracy: pd.DataFrame, *, width: float = WIDE) -> Figure:
    """Draw median latency and spikes per trial of the first network in every noise, as numbers and colours.

    Colours: in relation to clean inputs.

    Parameters
    ----------
    accuracy : DataFrame
        As of `noise_curves`, with ``latency_ms`` and ``spikes``.
    width : float
        Width in inches; below 5 the tables stand one below the other.
    """
    import seaborn as sns

    main = accuracy["network"].iloc[0]
    rows = accuracy[(accuracy["network"] == main) & (accuracy["method"] == "spiking")]
    clean = rows[rows["noise"] == "clean"].iloc[0]
    noises = [noise for group in by_place(rows).values() for noise in group]
    noisy = rows[rows["noise"] != "clean"]
    tables = {
        key: noisy.pivot(index="noise", columns="severity", values=key).loc[noises]
        for key in ("latency_ms", "spikes")
    }
    with np.errstate(divide="ignore"):
        changes = {key: np.log2(table / clean[key]) for key, table in tables.items()}
    finite = np.abs(np.concatenate([change.to_numpy().ravel() for change in changes.values()]))
    limit = float(np.clip(np.max(finite, where=np.isfinite(finite), initial=0), 0.2, 2))
    beside = width >= 5
    tall = TALL_ROW * len(noises)
    figure = new_figure(width, tall + 1.35 if beside else 2 * tall + 2.0)
    panels = figure.subplots(*((1, 2) if beside else (2, 1)))
    titles = (
        f"median latency (ms), clean: {_tenths(clean['latency_ms'])}",
        f"spikes per trial, clean: {_short(clean['spikes'])}",
    )
    for axes, key, title in zip(panels, tables, titles, strict=True):
        texts = tables[key].map(_short if key == "spikes" else _tenths)
        sns.heatmap(
            changes[key].clip(-limit, limit), annot=texts, fmt="", cmap="vlag", vmin=-limit, vmax=limit,
            cbar=False, linewidths=0.6, annot_kws={"size": 6.8}, ax=axes,
        )  # fmt: skip
        axes.set(xlabel="severity", ylabel="", title=title)
        axes.set_yticklabels([name_of(noise) for noise in noises], rotation=0)
        axes.tick_params(length=0, labelleft=axes is panels[0] or not beside)
        for end in np.cumsum([len(group) for group in by_place(rows).values()])[:-1]:
            axes.axhline(end, color="white", linewidth=3)
    bar = figure.colorbar(
        panels[0].collections[0], ax=list(panels), location="bottom", shrink=0.5 if beside else 0.9, aspect=40
    )
    bar.set_ticks([-limit, 0, limit], labels=[f"× {2**-limit:.2g}", "as clean", f"× {2**limit:.2g}"])
    bar.set_label(f"{main}, in relation to clean inputs")
    bar.outline.set_linewidth(0)
    return figure


def _short(count: float) -> str:
    """Return a number of spikes in four or five characters."""
    return f"{count:,.0f}" if count < 9999.5 else f"{count / 1e3:.3g}k"


def _tenths(milliseconds: float) -> str:
    return f"{milliseconds:.1f}" if milliseconds < 99.95 else f"{milliseconds:.0f}"

"""Accuracy, latency and spikes against the severity of every kind of noise; examples of the kinds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.noise.parts import part_of
from bioscnn.plots.filters import MARKERS, NOISES
from bioscnn.plots.style import INK, MUTED, PALE, PALETTE, WIDE, new_figure, themed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLACES = {
    "images": ("images", "#332288"),
    "events": ("events", "#2b83b5"),
    "spikes": ("input spikes", "#8f7f12"),
    "synapses": ("synapses", "#c2556b"),
    "neurons": ("neurons", "#117733"),
    "axons": ("axons", "#aa4499"),
    "network": ("network", MUTED),
}
"""Name and colour of what noise acts on, in the order of the figures.

After Paul Tol's muted colours, which colour-blind readers tell apart, some darkened: those of the networks
mean something else.
"""

TALL_PANEL, TALL_ROW = 1.05, 0.168
"""Height in inches of a panel with its curves, and of a row in a list of noises."""


def is_kind(noise: str) -> bool:
    """Return whether a condition is a kind of noise: not clean inputs, nor a mean over several kinds."""
    return noise not in ("clean", "all") and " " not in noise


def name_of(noise: str) -> str:
    """Return a noise as words, such as ``Gaussian noise``."""
    return NOISES.get(noise, noise.replace("-", " "))


def by_place(rows: pd.DataFrame) -> dict[str, list[str]]:
    """Return the noises of a table, columns ``noise`` and ``acts_on``, by what they act on."""
    pairs = rows[rows["noise"].map(is_kind)][["noise", "acts_on"]].drop_duplicates()
    places = [(noise, part_of(noise, acts_on)) for noise, acts_on in pairs.itertuples(index=False)]
    by_part = {place: [noise for noise, its in places if its == place] for place in PLACES}
    return {place: noises for place, noises in by_part.items() if noises}


@themed
def noise_curves(accuracy: pd.DataFrame, *, chance: float | None = None, width: float = WIDE) -> Figure:
    """Draw the accuracy of every network against the severity of the noise, one panel per kind of noise.

    Below the name of a noise: its weakest and its strongest setting. Severity 0 is the clean input.

    Parameters
    ----------
    accuracy : DataFrame
        One row per network, method and condition: columns ``network``, ``method`` (``"spiking"`` or
        ``"ann"``), ``noise`` (``"clean"`` or a name), ``acts_on``, ``severity``, ``amount`` (text),
        ``accuracy``, ``low``, ``high`` (0 to 1). Of the trained networks, that of the first network is
        drawn. Six networks at most.
    chance : float, optional
        Accuracy of guessing, a dotted line.
    width : float
        Width in inches; below 5 two panels stand side by side, else four.
    """
    groups = by_place(accuracy)
    columns = 4 if width >= 5 else 2
    cells = _grid([len(noises) for noises in groups.values()], columns)
    starts = dict(zip(_starts(groups, cells), groups, strict=True))
    looks = _looks(accuracy)
    legend = 0.19 * -(-(len(looks) + 2) // columns) + 0.12
    figure, panels = _panels(cells, set(starts), columns, legend, width)
    noises = [noise for group in groups.values() for noise in group]
    for cell, axes, noise in zip(cells, panels, noises, strict=True):
        _draw_networks(axes, accuracy, noise, looks)
        if chance is not None:
            axes.axhline(100 * chance, color=MUTED, linestyle=":", linewidth=1, label="chance")
        _name_panel(axes, accuracy, noise, starts.get(cell))
        axes.set(ylim=(0, 103), ylabel="accuracy (%)" if cell[1] == 0 else "")
        axes.set_xlabel("severity" if _lowest(cell, cells) else "", labelpad=1)
        axes.set_xticks(range(6))
        axes.set_yticks((0, 50, 100))
        axes.tick_params(labelleft=cell[1] == 0, pad=2)
        axes.grid(axis="y", color=MUTED, alpha=0.15)
    named: dict[str, Any] = {}
    for axes in panels:
        handles, labels = axes.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    order = list(dict.fromkeys(name for name in (*looks, *named) if name in named))
    figure.legend(
        [named[name] for name in order], order, loc="upper left", bbox_to_anchor=(0, 1), borderaxespad=0.2,
        ncols=columns, handlelength=1.8,
    )  # fmt: skip
    return figure


def _panels(
    cells: Sequence[tuple[int, int]],
    headed: Collection[tuple[int, int]],
    columns: int,
    top: float,
    width: float,
) -> tuple[Figure, list[Axes]]:
    """Place the panels by hand: titles of different lengths would else move the columns apart.

    All lengths in inches; `top` is left free above the panels.
    """
    left, right, gap = 0.52, 0.06, 0.16
    wide = (width - left - right - gap * (columns - 1)) / columns
    bottoms, y = [], top
    for row in range(1 + max(row for row, _ in cells)):
        y += 0.37 + 0.24 * any(cell[0] == row for cell in headed) + TALL_PANEL
        bottoms.append(y)
        y += 0.2 + 0.17 * any(cell[0] == row and _lowest(cell, cells) for cell in cells)
    tall = y + 0.04
    figure = new_figure(width, tall, layout=None)
    return figure, [
        figure.add_axes(
            (
                (left + column * (wide + gap)) / width,
                1 - bottoms[row] / tall,
                wide / width,
                TALL_PANEL / tall,
            )
        )
        for row, column in cells
    ]


def _lowest(cell: tuple[int, int], cells: Collection[tuple[int, int]]) -> bool:
    """Return whether no panel stands below this one."""
    return (cell[0] + 1, cell[1]) not in cells


def _looks(accuracy: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return colour and marker of each network."""
    return {
        str(name): look
        for name, look in zip(accuracy["network"].unique(), zip(PALETTE, MARKERS, strict=True), strict=False)
    }


def _grid(counts: Sequence[int], columns: int) -> list[tuple[int, int]]:
    """Return row and column of each panel: a group begins a row unless what is left of one takes it."""
    cells: list[tuple[int, int]] = []
    row, column = 0, 0
    for count in counts:
        if column + count > columns and column > 0:
            row, column = row + 1, 0
        for _ in range(count):
            if column == columns:
                row, column = row + 1, 0
            cells.append((row, column))
            column += 1
    return cells


def _starts(groups: Mapping[str, Sequence[str]], cells: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the cell of the first panel of each group."""
    ends = np.cumsum([len(noises) for noises in groups.values()])
    return [cells[end - len(noises)] for end, noises in zip(ends, groups.values(), strict=True)]


def _draw_networks(
    axes: Axes, accuracy: pd.DataFrame, noise: str, looks: Mapping[str, tuple[str, str]]
) -> None:
    rows = accuracy[accuracy["noise"].isin(("clean", noise))].sort_values("severity")
    names = rows[(rows["method"] == "spiking") & (rows["noise"] == noise)]["network"].unique()
    rows = rows[rows["network"].isin(names)]
    main = next(iter(looks))
    # The first network last, on top of the others.
    for name in [name for name in reversed(list(looks)) if name in names]:
        colour, marker = looks[name]
        line = rows[(rows["network"] == name) & (rows["method"] == "spiking")]
        severity = line["severity"]
        axes.fill_between(
            severity, 100 * line["low"], 100 * line["high"], color=colour, alpha=0.15, linewidth=0
        )
        axes.plot(
            severity, 100 * line["accuracy"], color=colour, marker=marker, markersize=3.2,
            linewidth=1.8 if name == main else 1.1, label=name,
        )  # fmt: skip
    trained = rows[(rows["method"] == "ann") & (rows["network"] == main)]
    if (trained["noise"] == noise).any():
        value, low, high = (100 * trained[column] for column in ("accuracy", "low", "high"))
        axes.fill_between(trained["severity"], low, high, color=INK, alpha=0.08, linewidth=0)
        axes.plot(
            trained["severity"], value, color=INK, linestyle=(0, (4, 2)), linewidth=1, label=f"ANN of {main}"
        )


def _name_panel(axes: Axes, accuracy: pd.DataFrame, noise: str, place: str | None) -> None:
    """Name the noise and its settings above a panel; above them, what its group acts on."""
    axes.set_title(name_of(noise), size=8.5, pad=11)
    above: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
    axes.annotate(span_of(accuracy, noise), (0, 1), (0, 3.5), size=6.5, color=MUTED, **above)
    if place is not None:
        name, colour = PLACES[place]
        axes.annotate(
            name[0].upper() + name[1:], (0, 1), (0, 26), size=9, weight="bold", color=colour, **above
        )  # fmt: skip


def span_of(accuracy: pd.DataFrame, noise: str) -> str:
    """Return the weakest and the strongest setting of a noise, such as ``1 to 8 ms``."""
    rows = accuracy[(accuracy["noise"] == noise) & (accuracy["severity"] > 0)].sort_values("severity")
    return " to ".join(without_units(list(dict.fromkeys(rows["amount"].iloc[[0, -1]]))))


def without_units(settings: Sequence[str]) -> list[str]:
    """Return settings with the unit that all of them have at the last one alone.

    Examples
    --------
    >>> without_units(["1 ms", "2 ms"])
    ['1', '2 ms']
    >>> without_units(["500 us", "1 ms"])
    ['500 us', '1 ms']
    """
    units = {setting.partition(" ")[2] for setting in settings}
    if len(units) > 1:
        return list(settings)
    return [*(setting.partition(" ")[0] for setting in settings[:-1]), *settings[-1:]]


@themed
def gallery(names: Sequence[str], pictures: NDArray[np.uint8], *, width: float = WIDE) -> Figure:
    """Draw one example at every severity of each noise of images or events.

    Parameters
    ----------
    names : sequence of str, shape (n,)
        The noises.
    pictures : ndarray of uint8, shape (n, n_severities, height, width)
        The clean example first, then the same in noise of severity 1 and so on.
    width : float
        Width in inches; from 5 on, many noises of pictures that are not wide stand two side by side.
    """
    from matplotlib.patches import Rectangle

    n, n_severities, rows, columns = pictures.shape
    blocks = 2 if width >= 5 and n > 6 and columns <= 1.2 * rows else 1
    lines = -(-n // blocks)
    step = columns * 1.08
    tall = (width / blocks - 0.15) / (n_severities * 1.08) * rows / columns
    figure = new_figure(width, lines * (tall + 0.27) + 0.35)
    panels = figure.subplots(lines, blocks, squeeze=False)
    for axes in panels.flat[n:]:
        axes.set_axis_off()
    for k, (axes, name, strip) in enumerate(zip(panels.flat, names, pictures, strict=False)):
        for severity, picture in enumerate(strip):
            left = severity * step
            extent = (left, left + columns, rows, 0)
            axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest", extent=extent)
            axes.add_patch(
                Rectangle((left, 0), columns, rows, fill=False, edgecolor=PALE, linewidth=0.6)
            )  # fmt: skip
        axes.set(xlim=(-0.5, n_severities * step - 0.08 * columns + 0.5), ylim=(rows + 0.5, -0.5), yticks=())
        last = k + blocks >= n
        labels = ["clean", *map(str, range(1, n_severities))]
        axes.set_xticks(np.arange(n_severities) * step + columns / 2, labels)
        axes.tick_params(length=0, labelbottom=last, pad=2)
        axes.set_xlabel("severity" if last else "")
        axes.set_title(name_of(str(name)), size=8.5, pad=3)
        axes.spines[:].set_visible(False)
    return figure

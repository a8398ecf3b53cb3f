"""Which parameter matters: elementary effects, and shares of the variance."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.labels import place_names
from bioscnn.plots.parameters import GROUPS, group_of, names_of, outcome_of, ranked
from bioscnn.plots.style import INK, MUTED, PALE, PALETTE, WIDE, new_figure, themed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

SHARES = {
    "S1": ("alone (first order, S1)", PALETTE[0]),
    "ST": ("with all interactions (total, ST)", PALETTE[5]),
}
"""Name and colour of the two indices of Sobol."""

MU, SIGMA = "\N{GREEK SMALL LETTER MU}", "\N{GREEK SMALL LETTER SIGMA}"

SLOPES = (1.0, 0.5, 0.1)
"""Ratios of sigma to mu* that part kinds of effects."""

NEAR_ZERO = 0.02
"""Parameters whose mu* is below this share of the largest are named together, above the plane."""

TALL_BAR = 0.19
"""Height in inches of a row of bars."""


@themed
def morris_plane(effects: pd.DataFrame, *, width: float = WIDE) -> Figure:
    """Draw how much each parameter matters against how much that depends on where, one panel per outcome.

    To the right: the mean size of its effects, mu*, with its interval. Upwards: their standard deviation,
    sigma. The lines part effects that are almost the same everywhere (sigma below 0.1 mu*), of one direction
    (below 0.5 mu*), almost so (below mu*), and those that turn round or depend on other parameters (above).
    Parameters next to zero are named above the plane.

    Parameters
    ----------
    effects : DataFrame
        One row per outcome and parameter: columns ``outcome``, ``parameter`` (its key), ``mu_star``,
        ``mu_star_low``, ``mu_star_high``, ``sigma``. Effects are changes of the outcome.
    width : float
        Width in inches; below 5 the panels stand one below the other, else two side by side.

    References
    ----------
    Morris (1991), Factorial sampling plans for preliminary computational experiments, Technometrics 33:161.
    Campolongo, Cariboni and Saltelli (2007), An effective screening design for sensitivity analysis of large
    models, Environmental Modelling & Software 22:1509.
    Garcia Sanchez, Lacarriere, Musy and Bourges (2014), Application of sensitivity analysis in building
    energy simulations: combining first- and second-order elementary effects methods, Energy and
    Buildings 68:741.
    """
    outcomes = list(effects["outcome"].unique())
    columns = 2 if width >= 5 and len(outcomes) > 1 else 1
    rows = -(-len(outcomes) // columns)
    used = _groups(effects["parameter"])
    # By hand: names can be placed only in a panel whose size is known. All lengths in inches.
    left, right, gap, above, below = 0.6, 0.12, 0.65, 0.32, 0.45
    top = 0.2 * -(-len(used) // _columns_of_legend(width)) + 0.12
    wide = (width - left - right - gap * (columns - 1)) / columns
    high = min(3.1 if columns == 1 else 2.6, 0.85 * wide)
    tall = top + rows * (above + high + below)
    figure = new_figure(width, tall, layout=None)
    for k, outcome in enumerate(outcomes):
        row, column = divmod(k, columns)
        bottom = tall - top - (row + 1) * (above + high) - row * below
        axes = figure.add_axes(
            ((left + column * (wide + gap)) / width, bottom / tall, wide / width, high / tall)
        )  # fmt: skip
        _draw_plane(axes, effects[effects["outcome"] == outcome], str(outcome), wide, high)
    _legend_of_groups(figure, used, width)
    return figure


def _draw_plane(axes: Axes, rows: pd.DataFrame, outcome: str, width: float, height: float) -> None:
    """Draw the plane of one outcome in a panel of a width and height in inches."""
    what = outcome_of(outcome)
    names = names_of(list(rows["parameter"]))
    axes.set_title(what.name, size=8.5, weight="bold", pad=13)
    rows = rows.dropna(subset=["mu_star", "sigma"]).sort_values("mu_star", ascending=False)
    unit = f" ({what.change})" if what.change else ""
    axes.set_xlabel(f"mean size of its effects, {MU}*{unit}", labelpad=2)
    axes.set_ylabel(f"their spread, {SIGMA}{unit}", labelpad=2)
    if rows.empty or not rows["mu_star"].any():
        axes.set(xticks=(), yticks=())
        axes.text(0.5, 0.5, "does not change", transform=axes.transAxes, ha="center", color=MUTED)
        return
    mu_star, low, high, sigma = (
        what.factor * rows[column].to_numpy(float)
        for column in ("mu_star", "mu_star_low", "mu_star_high", "sigma")
    )
    right = 1.12 * float(np.nanmax([*mu_star, *high])) or 1.0
    above = max(1.25 * float(sigma.max()), 0.3 * right)
    axes.set(xlim=(-0.03 * right, right), ylim=(-0.03 * above, above))
    for slope in SLOPES:
        end = min(right, above / slope)
        axes.plot([0, end], [0, slope * end], color=PALE, linewidth=0.8, zorder=0)
        # At its end, within the panel.
        inside = slope * right <= above
        axes.annotate(
            f"{SIGMA} = {MU}*" if slope == 1 else f"{SIGMA} = {slope:g} {MU}*",
            (end, slope * end), (-2, 2) if inside else (-3, -2), textcoords="offset points", size=6.5,
            color=MUTED, ha="right", va="bottom" if inside else "top",
        )  # fmt: skip
    for key, x, y, start, stop in zip(rows["parameter"], mu_star, sigma, low, high, strict=True):
        _, colour, marker = GROUPS[group_of(key)]
        axes.hlines(y, max(start, 0), stop, color=colour, linewidth=1, alpha=0.6)
        axes.plot(x, y, marker, color=colour, markersize=4.5, markeredgecolor="white", markeredgewidth=0.4)
    _name_points(
        axes, [names[key] for key in rows["parameter"]], np.stack([mu_star, sigma, low, high]), width, height
    )


def _name_points(
    axes: Axes, names: Sequence[str], effects: NDArray[np.float64], width: float, height: float
) -> None:
    """Write the names of the points of a plane; `effects` has shape (4, n): mu*, sigma, ends of mu*."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    corner, scale = np.array([left, bottom]), np.array([width / (right - left), height / (top - bottom)])
    far = effects[0] >= NEAR_ZERO * effects[0].max()
    near = [name for name, is_far in zip(names, far, strict=True) if not is_far]
    if near:
        text = textwrap.shorten("next to zero: " + ", ".join(near), int(17 * width), placeholder=" ...")
        axes.annotate(text, (0, 1), (0, 3), xycoords="axes fraction", textcoords="offset points",
                      size=6.5, color=MUTED)  # fmt: skip
    texts = [name for name, is_far in zip(names, far, strict=True) if is_far]
    points = (effects[:2, far].T - corner) * scale
    intervals = (effects[2:, far].T - left) * scale[0]
    for point, text, box in zip(
        points, texts, place_names(points, texts, width, height, size=7, intervals=intervals), strict=True
    ):
        end = np.clip(point, box[:2], box[2:])
        if np.hypot(*(end - point)) > 0.12:
            line = np.stack([point, end]) / scale + corner
            axes.plot(*line.T, color=MUTED, linewidth=0.5, zorder=1)
        x, y = (box[:2] + box[2:]) / 2 / scale + corner
        axes.text(x, y, text, size=7, ha="center", va="center")


@themed
def effect_bars(effects: pd.DataFrame, *, width: float = WIDE) -> Figure:
    """Draw the mean size of the effects of each parameter, mu*, with its interval, one panel per outcome.

    Parameters stand in the order of the first outcome, the most influential one on top.

    Parameters
    ----------
    effects : DataFrame
        As of `morris_plane`.
    width : float
        Width in inches; below 5 two panels stand side by side, else four.
    """
    order, used = ranked(effects, "mu_star"), _groups(effects["parameter"])
    names = names_of(order)
    figure, panels = _bars(effects, order, width, head=-(-len(used) // _columns_of_legend(width)))
    for axes, (outcome, rows) in zip(panels, effects.groupby("outcome", sort=False), strict=True):
        what, rows = outcome_of(str(outcome)), rows.set_index("parameter").reindex(order)
        colours = [GROUPS[group_of(key)][1] for key in order]
        place = np.arange(len(order))
        axes.barh(place, what.factor * rows["mu_star"].fillna(0), height=0.7, color=colours, alpha=0.85)
        low, high = (what.factor * rows[f"mu_star_{end}"] for end in ("low", "high"))
        axes.hlines(place, low.clip(lower=0), high, color=INK, linewidth=1.1)
        _finish_bars(axes, [names[key] for key in order], _two_lines(what.change_label))
    _legend_of_groups(figure, used, width)
    return figure


@themed
def sobol_bars(indices: pd.DataFrame, *, width: float = WIDE) -> Figure:
    """Draw the share of the variance that each parameter makes, alone and in all, one panel per outcome.

    Parameters
    ----------
    indices : DataFrame
        One row per outcome and parameter: columns ``outcome``, ``parameter`` (its key), and ``S1`` and ``ST``
        with their intervals, ``S1_low``, ``S1_high``, ``ST_low``, ``ST_high``.
    width : float
        Width in inches; below 5 two panels stand side by side, else four.

    References
    ----------
    Saltelli, Annoni, Azzini, Campolongo, Ratto and Tarantola (2010), Variance based sensitivity analysis of
    model output: design and estimator for the total sensitivity index, Computer Physics Communications
    181:259.
    """
    order = ranked(indices, "ST")
    names = names_of(order)
    figure, panels = _bars(indices, order, width, head=1 if width >= 5 else 2, row=1.5)
    for axes, (outcome, rows) in zip(panels, indices.groupby("outcome", sort=False), strict=True):
        rows = rows.set_index("parameter").reindex(order)
        for side, (index, (label, colour)) in zip((-0.19, 0.19), SHARES.items(), strict=True):
            place = np.arange(len(order)) + side
            axes.barh(place, rows[index].fillna(0), height=0.34, color=colour, label=label)
            axes.hlines(place, rows[f"{index}_low"], rows[f"{index}_high"], color=INK, linewidth=1)
        axes.axvline(0, color=MUTED, linewidth=0.8)
        _finish_bars(axes, [names[key] for key in order], "share of the variance")
        axes.set_title(outcome_of(str(outcome)).name, size=8.5)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=2 if width >= 5 else 1, handlelength=1.2)
    return figure


def _bars(
    table: pd.DataFrame, order: Sequence[str], width: float, *, head: int, row: float = 1
) -> tuple[Figure, list[Axes]]:
    """Make a panel of rows of bars an outcome; `head` is the number of lines of the legend."""
    count = table["outcome"].nunique()
    columns = min(count, 4 if width >= 5 else 2)
    lines = -(-count // columns)
    tall = lines * (row * TALL_BAR * len(order) + 0.75) + 0.19 * head
    figure = new_figure(width, tall)
    panels = figure.subplots(lines, columns, squeeze=False)
    for k, axes in enumerate(panels.flat):
        axes.tick_params(labelleft=k % columns == 0)
        if k >= count:
            axes.set_axis_off()
    return figure, list(panels.flat[:count])


def _finish_bars(axes: Axes, names: Sequence[str], label: str) -> None:
    """Name rows and values of a panel of bars, the first row on top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel(label, size=8)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=4)
    axes.grid(axis="x", color=MUTED, alpha=0.15)
    axes.set_axisbelow(True)


def _two_lines(label: str) -> str:
    """Break a label before its unit."""
    return label.replace(" (", "\n(")


@themed
def interactions(pairs: pd.DataFrame, order: Sequence[str], *, width: float = WIDE) -> Figure:
    """Draw the share of the variance that two parameters make together beyond each alone, S2, as a triangle.

    Bold: the interval leaves zero out.

    Parameters
    ----------
    pairs : DataFrame
        Of one outcome, one row per pair: columns ``parameter``, ``other`` (keys), ``S2``, ``S2_low``,
        ``S2_high``.
    order : sequence of str
        Keys of the parameters in the order of rows and columns.
    width : float
        Width in inches.
    """
    import seaborn as sns

    names, n = names_of(order), len(order)
    shares, excludes_zero = np.full((n, n), np.nan), np.zeros((n, n), bool)
    for pair in pairs.itertuples():
        row, column = sorted((order.index(pair.parameter), order.index(pair.other)), reverse=True)
        shares[row, column], excludes_zero[row, column] = pair.S2, pair.S2_low > 0 or pair.S2_high < 0
    figure = new_figure(width, 0.27 * n + 1.1)
    axes = figure.subplots()
    limit = max(float(np.nanmax(np.abs(shares), initial=0)), 0.01)
    texts = np.vectorize(lambda share: "" if np.isnan(share) else _signed(share))(shares)
    sns.heatmap(
        shares[1:, :-1], annot=texts[1:, :-1], fmt="", cmap="vlag", vmin=-limit, vmax=limit, linewidths=0.6,
        annot_kws={"size": 6.8}, ax=axes, cbar=False,
        xticklabels=[names[key] for key in order[:-1]], yticklabels=[names[key] for key in order[1:]],
    )  # fmt: skip
    for text in axes.texts:
        column, row = (int(end) for end in text.get_position())
        text.set_fontweight("bold" if excludes_zero[row + 1, column] else "normal")
    axes.set_title("share of the variance, S2", size=8.5)
    axes.tick_params(length=0)
    axes.tick_params(axis="x", rotation=40)
    for label in axes.get_xticklabels():
        label.set(ha="right", rotation_mode="anchor")
    axes.tick_params(axis="y", rotation=0)
    return figure


def _signed(share: float) -> str:
    return f"{share:.2f}".replace("-0.00", "0.00").replace("-", "\N{MINUS SIGN}")


def _groups(keys: Iterable[str]) -> list[str]:
    """Return the keys of `GROUPS` that parameters belong to."""
    present = {group_of(key) for key in keys}
    return [group for group in GROUPS if group in present]


def _columns_of_legend(width: float) -> int:
    return 7 if width >= 5 else 3


def _legend_of_groups(figure: Figure, used: Collection[str], width: float) -> None:
    """Name the colours and markers of parameters above the panels, if there is more than one."""
    handles = [_mark(*GROUPS[group]) for group in used]
    if len(handles) > 1:
        figure.legend(
            handles=handles, loc="upper left" if figure.get_layout_engine() is None else "outside upper left",
            borderaxespad=0.2, ncols=_columns_of_legend(width), handlelength=1, columnspacing=1.3,
        )  # fmt: skip


def _mark(name: str, colour: str, marker: str) -> Line2D:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=colour, marker=marker, linestyle="", markersize=5, label=name)

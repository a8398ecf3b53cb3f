"""Effects of factors in every context, and their means over all orders."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from bioscnn.plots.style import INK, MUTED, TRUE, WIDE, WRONG, new_figure, themed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

PANELS = {
    "accuracy": ("accuracy\n(points)", 100.0),
    "latency_ms": ("mean latency\n(ms)", 1.0),
    "spikes": ("spikes per trial\n(thousands)", 1e-3),
}
"""Label and scale of each outcome."""


@themed
def effects_by_context(contexts: pd.DataFrame, means: pd.DataFrame, *, width: float = WIDE) -> Figure:
    """Draw what each factor changes in every context, and its mean over all of them.

    Parameters
    ----------
    contexts : DataFrame
        One row per factor, context and outcome: columns ``factor``, ``outcome``, ``difference``,
        ``significant``.
    means : DataFrame
        One row per factor and outcome: columns ``factor``, ``outcome``, ``difference``, ``low`` and ``high``,
        and ``shapley``, whether it is a mean over all orders (else, over all contexts).
    width : float
        Width in inches; below 5 the panels stand below each other.
    """
    from matplotlib.lines import Line2D

    factors = list(dict.fromkeys(means["factor"]))
    beside = width >= 5
    lines, columns = (1, len(PANELS)) if beside else (len(PANELS), 1)
    figure = new_figure(width, lines * (0.42 * len(factors) + 0.7) + 0.5)
    panels = figure.subplots(lines, columns, sharey=True, squeeze=False)
    for axes, (outcome, (label, scale)) in zip(panels.flat, PANELS.items(), strict=True):
        axes.axvline(0, color=MUTED, linewidth=0.7, zorder=0)
        for place, factor in enumerate(factors):
            rows = contexts[(contexts["factor"] == factor) & (contexts["outcome"] == outcome)]
            for _, row in rows.iterrows():
                change = scale * row["difference"]
                colour = (TRUE if change > 0 else WRONG) if row["significant"] else MUTED
                axes.plot(change, place - 0.14, "|", color=colour, markersize=8, markeredgewidth=1.2)
            (mean,) = means[(means["factor"] == factor) & (means["outcome"] == outcome)].to_dict("records")
            value, low, high = (scale * mean[key] for key in ("difference", "low", "high"))
            axes.hlines(place + 0.2, low, high, color=INK, linewidth=1.3)
            axes.plot(value, place + 0.2, "D" if mean["shapley"] else "s", color=INK, markersize=4)
        axes.set_xlabel(label, size=8)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x", color=MUTED, alpha=0.15)
        axes.locator_params(axis="x", nbins=5)
    panels[0, 0].set_yticks(range(len(factors)), [textwrap.fill(factor, 14) for factor in factors], size=8)
    panels[0, 0].set_ylim(len(factors) - 0.5, -0.6)
    looks = (
        ("|", TRUE, "raised in a context"), ("|", WRONG, "lowered"), ("|", MUTED, "no significant change"),
        ("D", INK, "mean over all orders (Shapley value)"), ("s", INK, "mean over all contexts"),
    )  # fmt: skip
    handles = [
        Line2D([], [], linestyle="", marker=marker, color=colour, markersize=4.5 if marker != "|" else 8,
               label=label)
        for marker, colour, label in looks
        if marker != "s" or not means["shapley"].all()
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower left", ncols=3 if beside else 1, columnspacing=1.4,
                  handletextpad=0.2)  # fmt: skip
    return figure

"""Accuracy of networks that are trained and tested on destroyed recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bioscnn.plots.style import INK, PALETTE, WIDE, new_figure, themed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MARKERS = ("o", "s", "D", "^")


@themed
def accuracy_by_kind(table: pd.DataFrame, *, width: float = WIDE) -> Figure:
    """Draw the accuracy of each network by what is destroyed, one panel per set of test recordings.

    Parameters
    ----------
    table : DataFrame
        With columns ``tested``, ``network``, ``kind``, ``accuracy``, ``low``, ``high`` (0 to 1).
    width : float
        Width in inches; below 5 the panels stand one above the other.
    """
    sets, kinds, networks = (list(table[name].unique()) for name in ("tested", "kind", "network"))
    beside = width >= 5
    tall = 0.42 * len(kinds) + 0.9
    figure = new_figure(width, tall + 0.3 if beside else tall * len(sets) + 0.3)
    shape = (1, len(sets)) if beside else (len(sets), 1)
    panels = figure.subplots(*shape, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, tested in zip(panels, sets, strict=True):
        for row in range(0, len(kinds), 2):
            axes.axhspan(row - 0.5, row + 0.5, color=INK, alpha=0.04, linewidth=0)
        for k, network in enumerate(networks):
            rows = table[(table["tested"] == tested) & (table["network"] == network)]
            place = rows["kind"].map(kinds.index) + 0.25 * (k - (len(networks) - 1) / 2)
            axes.hlines(place, 100 * rows["low"], 100 * rows["high"], color=PALETTE[k], linewidth=1.4)
            marker = MARKERS[k % len(MARKERS)]
            axes.plot(100 * rows["accuracy"], place, marker, color=PALETTE[k], markersize=5, label=network)
        axes.set_yticks(range(len(kinds)), kinds)
        axes.tick_params(axis="y", length=0)
        axes.set(title=f"{tested} recordings", xlabel="accuracy (%)", ylim=(len(kinds) - 0.5, -0.5))
        axes.label_outer()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3 if beside else 1)
    return figure

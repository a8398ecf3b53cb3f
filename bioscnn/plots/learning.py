"""Learning curves, from the card of a trained network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bioscnn.plots.style import INK, PALETTE, WIDE, new_figure, themed

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@themed
def learning_curves(epochs: Sequence[Mapping[str, Any]], best: int, *, width: float = WIDE) -> Figure:
    """Draw what each epoch of a training came to: loss, accuracy, and spikes if there are any.

    Parameters
    ----------
    epochs : sequence of mapping
        The ``"epochs"`` of a card, as `bioscnn.training.measure.EpochRecord` names them.
    best : int
        The epoch whose network was kept, from 1.
    width : float
        Width in inches; below 5 the panels stand one above the other.
    """
    from matplotlib.ticker import MaxNLocator

    spikes = epochs[0]["spikes_per_image"] is not None
    n_panels, beside = 3 if spikes else 2, width >= 5
    figure = new_figure(width, 2.9 if beside else 2.2 * n_panels)
    panels = figure.subplots(*(1, n_panels) if beside else (n_panels, 1))
    number = [epoch["epoch"] for epoch in epochs]
    looks = (
        ("training, rates", "train", PALETTE[0], "--"),
        ("validation, rates", "validation", PALETTE[0], "-"),
        ("validation, spikes", "spiking", PALETTE[1], "-"),
    )
    for axes, what in zip(panels[:2], ("loss", "accuracy"), strict=True):
        for label, part, colour, dashes in looks:
            if epochs[0].get(f"{part}_{what}") is not None:
                values = np.array([epoch[f"{part}_{what}"] for epoch in epochs])
                scaled = 100 * values if what == "accuracy" else values
                axes.plot(number, scaled, color=colour, linestyle=dashes, marker=".", label=label)
    panels[0].set(yscale="log", ylabel="cross-entropy (nat)", title="loss of the rates")
    panels[1].set(ylabel="accuracy (%)", title="accuracy")
    if spikes:
        panels[2].plot(number, [epoch["spikes_per_image"] for epoch in epochs], color=PALETTE[1], marker=".")
        panels[2].set(ylim=(0, None), ylabel="spikes per image", title="spikes")
    for axes in panels:
        axes.axvline(best, color=INK, linewidth=0.8, linestyle=":", label="kept")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlabel("epoch")
    figure.legend(handles=panels[1].lines, loc="outside lower center", ncols=4 if beside else 2)
    return figure

"""How the evidence for the classes grows over a trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.potentials import draw_potentials
from bioscnn.plots.style import PALE, TRUE, WIDE, mark_times, new_figure, step_ends, themed

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@themed
def class_evidence(
    evidence: NDArray[np.float64],
    label: int,
    chosen: int,
    lead: NDArray[np.float64],
    dt: float,
    classes: Sequence[str],
    *,
    ends: Sequence[float] = (),
    width: float = WIDE,
) -> Figure:
    """Draw the evidence for each class in one trial, and by how much the true one leads in all trials.

    Parameters
    ----------
    evidence : ndarray of float, shape (n_steps, n_classes)
        Of one trial after each step, V.
    label, chosen : int
        True class of that trial, and the class that the network chose.
    lead : ndarray of float, shape (n_trials, n_steps)
        Evidence for the true class less that for the best other one, V.
    dt : float
        Duration of a step, s.
    classes : sequence of str
        Names of the classes.
    ends : sequence of float
        Where saccades end, ms.
    width : float
        Width in inches; below 5 the panels stand one above the other.
    """
    beside = width >= 5
    figure = new_figure(width, 2.9 if beside else 5.0)
    one_trial, all_trials = figure.subplots(*(1, 2) if beside else (2, 1))
    time = step_ends(len(evidence), dt)
    draw_potentials(one_trial, time, 1e3 * evidence, label, chosen, classes)
    one_trial.set_title(f"one trial of class {one_trial.get_title(loc='left')}")
    one_trial.set(xlabel="time (ms)", ylabel="mean potential (mV)")
    least, low, middle, high, most = 1e3 * np.percentile(lead, (5, 25, 50, 75, 95), axis=0)
    all_trials.axhline(0, color=PALE, linewidth=0.8, zorder=0)
    all_trials.fill_between(time, least, most, color=TRUE, alpha=0.15, linewidth=0)
    all_trials.fill_between(time, low, high, color=TRUE, alpha=0.25, linewidth=0)
    all_trials.plot(time, middle, color=TRUE, linewidth=1.8)
    all_trials.set(xlabel="time (ms)", ylabel="lead of the true class (mV)", xlim=(0, time[-1]))
    all_trials.set_title(f"{len(lead):,} trial{'' if len(lead) == 1 else 's'}")
    for axes in (one_trial, all_trials):
        mark_times(axes, ends)
    return figure

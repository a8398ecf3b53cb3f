"""What is done to the spikes: the perturbations that a timing study applies to every layer."""

from __future__ import annotations

from collections.abc import Sequence

from bioscnn.errors import UserError
from bioscnn.noise import Perturbation, parse_perturbation
from bioscnn.quantities import format_quantity

CLEAN = "clean"

SPREADS = (1e-3, 2e-3, 5e-3, 10e-3, 15e-3, 20e-3, 50e-3, 100e-3)
"""Standard deviations of jitter and shift, s; those that a trial is too short for are left out."""

WITHOUT_TIMES = ("shuffle-intervals", "redistribute", "reverse", "collapse")

OF_SACCADES = (
    "reorder 2-3-1", "reorder 3-1-2", "reorder 3-2-1",
    "remove-segment 1", "remove-segment 2", "remove-segment 3",
)  # fmt: skip

EQUAL = "equalise 2"
FLOOR = f"collapse + {EQUAL}"
"""Missing spikes are added at random times, which tells counts from times: so much of `EQUAL` is not time."""

PRIMARY = (
    "jitter 5 ms", "jitter 10 ms", "jitter 15 ms", "jitter 20 ms", "jitter 50 ms",
    "collapse", "redistribute", "reverse", "reorder 3-2-1",
)  # fmt: skip
"""Of the first layer's spikes, and of the spiking network: the questions that were asked in advance.

With the gain of a decoder by times beside counts they are the primary family, within which p values and
intervals are corrected. Everything else is exploratory.
"""

WITHOUT_COUNTS = (
    "delete 10 %", "delete 30 %", "delete 50 %", "delete 80 %", "first-spike", EQUAL, FLOOR,
)  # fmt: skip


def perturbations(duration: float, saccades: bool, chosen: Sequence[str] = ()) -> list[Perturbation]:
    """Return the perturbations of the spikes, in the order of the tables.

    Parameters
    ----------
    duration : float
        Of a trial, s.
    saccades : bool
        Whether all three saccades fit into the trial, so that they can be removed and reordered.
    chosen : sequence of str
        Labels such as ``"jitter 5 ms"``; all that fit if there are none.

    Raises
    ------
    UserError
        If a label names no perturbation.
    """
    labels = list(chosen)
    if not labels:
        spreads = [format_quantity(spread, "time") for spread in SPREADS if spread < 1.001 * duration / 3]
        labels = [f"{kind} {spread}" for kind in ("jitter", "shift") for spread in spreads]
        labels += [*WITHOUT_TIMES, *(OF_SACCADES if saccades else ()), *WITHOUT_COUNTS]
    parsed = [parse_perturbation(label) for label in labels]
    twice = [
        perturbation.label
        for k, perturbation in enumerate(parsed)
        if perturbation.label in [earlier.label for earlier in parsed[:k]]
    ]
    if twice:
        raise UserError("the same perturbation twice", key="--perturb", value=twice[0])
    return parsed

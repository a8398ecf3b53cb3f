"""Perturbations by name, and from text such as "jitter 5 ms"."""

from __future__ import annotations

from bioscnn.errors import UserError, did_you_mean
from bioscnn.noise.combined import Combined
from bioscnn.noise.counts import Delete, Equalise, FirstSpike
from bioscnn.noise.perturbation import Perturbation
from bioscnn.noise.segments import RemoveSegment, Reorder, ShuffleSegments
from bioscnn.noise.timing import Collapse, Jitter, Redistribute, Reverse, Shift, ShuffleIntervals

PERTURBATIONS: dict[str, type[Perturbation]] = {
    kind.name: kind
    for kind in (
        Jitter, Shift, ShuffleIntervals, Redistribute, Reverse, Reorder, ShuffleSegments, Collapse,
        Delete, FirstSpike, RemoveSegment, Equalise,
    )
}  # fmt: skip
"""Every perturbation of spike trains by its name; first those that keep the counts."""


def parse_perturbation(text: str) -> Perturbation:
    """Read a perturbation.

    Parameters
    ----------
    text : str
        Its name, then its setting if it has one; or several, joined by " + ".

    Raises
    ------
    UserError
        If there is no perturbation of that name, or the setting is none of it.

    Examples
    --------
    >>> parse_perturbation("jitter 5 ms")
    Jitter(sigma=0.005)
    >>> parse_perturbation("reorder 2-3-1").label
    'reorder 2-3-1'
    >>> parse_perturbation("collapse + equalise 2")
    Combined(parts=(Collapse(), Equalise(count=2)))
    """
    if "+" in text:
        return Combined(tuple(parse_perturbation(part) for part in text.split("+")))
    name, _, setting = text.strip().partition(" ")
    if name not in PERTURBATIONS:
        raise UserError(
            "unknown perturbation",
            value=text,
            expected=" | ".join(PERTURBATIONS),
            fix=did_you_mean(name, PERTURBATIONS),
        )
    try:
        return PERTURBATIONS[name].from_setting(setting.strip())
    except UserError as error:
        raise error.but(key=error.key or name) from None

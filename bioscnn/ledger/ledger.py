"""The ledger: the gap between trained and spiking network, cause by cause, so that it adds up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.ledger.causes import CAUSES, Cause, Off, switch_all_off
from bioscnn.ledger.conditions import Case, Conditions
from bioscnn.ledger.outcomes import Classes, ann_classes, spiking_classes
from bioscnn.metrics import Difference, mean_difference
from bioscnn.simulation import Device, Progress
from bioscnn.simulation.simulate import Silent

AS_RUN, ALL_OFF = "as run", "all off"


@dataclass(frozen=True)
class Entry:
    """One cause, switched off with everything else equal.

    Parameters
    ----------
    cause, meaning, change : str
        Its name, what it is, and what was changed to switch it off.
    accuracy, agreement : float
        Of the spiking network without it: share of trials with the true class, with the ANN's class.
    accuracy_part, agreement_part : Difference
        How much of the gap, and of the disagreement with the ANN, goes with it; negative if more comes.
    """

    cause: str
    meaning: str
    change: str
    accuracy: float
    agreement: float
    accuracy_part: Difference
    agreement_part: Difference


@dataclass(frozen=True)
class Ledger:
    """The accuracy of the trained network less that of the spiking one, in parts that add up.

    ``gap = sum of the parts + interaction + unexplained``, trial by trial, for accuracy and for the
    disagreement of the two networks. The first cause is the one with the largest part of the disagreement:
    every decision that it changes counts there, and only those between right and wrong in the accuracy.

    Parameters
    ----------
    n_trials : int
        Trials, the same in every line.
    rule : str
        Readout.
    ann, as_run, all_off : float
        Accuracies of the trained network, of the spiking network as it was run, and without any cause.
    gap : Difference
        ANN less spiking network, as run.
    entries : tuple of Entry
        The causes that apply, in the order of `CAUSES`.
    first : str or None
        The cause that takes most; None if none is told from zero.
    rivals : tuple of str
        Causes whose part is not told from that of the first.
    interaction : Difference
        What all causes together give back beyond the sum of each by itself.
    unexplained : Difference
        What is left without any cause.
    disagreement, disagreement_interaction, disagreement_unexplained : Difference
        The same for the share of trials in which the two networks differ.
    not_applicable : dict of str
        The other causes, and why.
    """

    n_trials: int
    rule: str
    ann: float
    as_run: float
    all_off: float
    gap: Difference
    entries: tuple[Entry, ...]
    first: str | None
    rivals: tuple[str, ...]
    interaction: Difference
    unexplained: Difference
    disagreement: Difference
    disagreement_interaction: Difference
    disagreement_unexplained: Difference
    not_applicable: dict[str, str]

    @property
    def parts(self) -> dict[str, Difference]:
        """What adds up to the gap: every cause, the interaction, and what is unexplained."""
        causes = {entry.cause: entry.accuracy_part for entry in self.entries}
        return {**causes, "interaction": self.interaction, "unexplained": self.unexplained}


@dataclass(frozen=True, eq=False)
class _Outcome:
    """What both networks decided under one set of conditions."""

    ann: Classes
    spiking: Classes
    labels: Classes

    @property
    def gap(self) -> NDArray[np.int64]:
        """Per trial: 1 if only the ANN is right, -1 if only the spiking network is, else 0."""
        right = [np.asarray(chosen == self.labels, np.int64) for chosen in (self.ann, self.spiking)]
        return right[0] - right[1]

    @property
    def differ(self) -> NDArray[np.int64]:
        """Per trial: 1 if the two networks choose different classes."""
        return np.asarray(self.ann != self.spiking, np.int64)

    @property
    def accuracy(self) -> float:
        """Of the spiking network."""
        return float(np.mean(self.spiking == self.labels))


def draw_up(
    case: Case, as_run: Conditions, rule: str, device: Device, progress: Progress | None = None
) -> Ledger:
    """Simulate a case as it was run, without each cause, and without all of them; and add up.

    Parameters
    ----------
    case : Case
        Network and trials.
    as_run : Conditions
        How it was run.
    rule : str
        Readout, a key of `bioscnn.readout.READOUTS`.
    device : Device
        What simulates; its precision is that of the conditions.
    progress : Progress, optional
        Told about compilation and finished trials.

    Notes
    -----
    A cause of the trained network's side (sub-threshold loss) changes its accuracy and not that of the
    spiking network; a part is in every case what the gap loses. Intervals are those of paired differences,
    in closed form (`bioscnn.metrics.mean_difference`).
    """
    switched, not_applicable = _switched(as_run, case)
    wanted = {AS_RUN: as_run, **{f"without {cause.name}": off.conditions for cause, off in switched.items()}}
    wanted[ALL_OFF] = switch_all_off(as_run, case.graph)
    spiking = spiking_classes(case, wanted, rule, device, progress or Silent())
    run, *without, all_off = (
        _Outcome(ann_classes(case, conditions), spiking[name], case.labels)
        for name, conditions in wanted.items()
    )
    entries = tuple(
        Entry(
            cause=cause.name,
            meaning=cause.meaning,
            change=off.change,
            accuracy=one.accuracy,
            agreement=1 - float(one.differ.mean()),
            accuracy_part=mean_difference(run.gap - one.gap),
            agreement_part=mean_difference(run.differ - one.differ),
        )
        for (cause, off), one in zip(switched.items(), without, strict=True)
    )
    first, rivals = _first(entries, [one.differ for one in without])

    def interaction(run: Classes, without: list[Classes], all_off: Classes) -> Difference:
        return mean_difference(run - all_off - sum((run - one for one in without), np.zeros_like(run)))

    return Ledger(
        n_trials=len(case.labels),
        rule=rule,
        ann=float(np.mean(run.ann == case.labels)),
        as_run=run.accuracy,
        all_off=all_off.accuracy,
        gap=mean_difference(run.gap),
        entries=entries,
        first=first,
        rivals=rivals,
        interaction=interaction(run.gap, [one.gap for one in without], all_off.gap),
        unexplained=mean_difference(all_off.gap),
        disagreement=mean_difference(run.differ),
        disagreement_interaction=interaction(run.differ, [one.differ for one in without], all_off.differ),
        disagreement_unexplained=mean_difference(all_off.differ),
        not_applicable=not_applicable,
    )


def _switched(as_run: Conditions, case: Case) -> tuple[dict[Cause, Off], dict[str, str]]:
    """Switch each cause off by itself; name the reason where it does not apply."""
    tried = {cause: cause.switch_off(as_run, case.graph) for cause in CAUSES}
    return (
        {cause: off for cause, off in tried.items() if isinstance(off, Off)},
        {cause.name: reason for cause, reason in tried.items() if isinstance(reason, str)},
    )


def _first(entries: Sequence[Entry], without: Sequence[Classes]) -> tuple[str | None, tuple[str, ...]]:
    """Name the cause with the largest part, if it is told from zero in either line, and its rivals."""
    ranked = sorted(
        range(len(entries)), key=lambda k: (-entries[k].agreement_part.value, -entries[k].accuracy_part.value)
    )
    if not ranked or max(entries[ranked[0]].accuracy_part.low, entries[ranked[0]].agreement_part.low) <= 0:
        return None, ()
    first, *others = ranked
    rivals = [k for k in others if mean_difference(without[k] - without[first]).low <= 0]
    return entries[first].cause, tuple(entries[k].cause for k in rivals)

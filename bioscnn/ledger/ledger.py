"""The ledger: the gap between trained and spiking network, cause by cause, so that it adds up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.ledger.causes import CAUSES, Cause, Off, switch_all_off
from bioscnn.ledger.conditions import Case, Conditions
from bioscnn.ledger.outcomes import Classes, ann_classes, spiking_classes
from bioscnn.simulation import Device, Progress
from bioscnn.simulation.simulate import Silent
from bioscnn.statistics import Estimate, corrected, score_mean

AS_RUN, ALL_OFF = "as run", "all off"
GAP, DISAGREEMENT = "gap", "disagreement"
_WITHOUT = "without "
INTERACTION, UNEXPLAINED = "interaction", "unexplained"


@dataclass(frozen=True)
class Entry:
    """One cause, switched off with everything else equal.

    Parameters
    ----------
    cause, meaning, change : str
        Its name, what it is, and what was changed to switch it off.
    accuracy, agreement : float
        Of the spiking network without it: share of trials with the true class, with the ANN's class.
    accuracy_part, agreement_part : Estimate
        How much of the gap, and of the disagreement with the ANN, goes with it; negative if more comes.
    """

    cause: str
    meaning: str
    change: str
    accuracy: float
    agreement: float
    accuracy_part: Estimate
    agreement_part: Estimate


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
    gap : Estimate
        ANN less spiking network, as run.
    entries : tuple of Entry
        The causes that apply, in the order of `CAUSES`.
    first : str or None
        The cause with the largest part of the disagreement; None if none of its parts is significant.
    rivals : tuple of str
        Causes whose part of the disagreement is not significantly smaller.
    interaction : Estimate
        What all causes together give back beyond the sum of each by itself.
    unexplained : Estimate
        What is left without any cause.
    disagreement, disagreement_interaction, disagreement_unexplained : Estimate
        The same for the share of trials in which the two networks differ.
    not_applicable : dict of str
        The other causes, and why.
    """

    n_trials: int
    rule: str
    ann: float
    as_run: float
    all_off: float
    gap: Estimate
    entries: tuple[Entry, ...]
    first: str | None
    rivals: tuple[str, ...]
    interaction: Estimate
    unexplained: Estimate
    disagreement: Estimate
    disagreement_interaction: Estimate
    disagreement_unexplained: Estimate
    not_applicable: dict[str, str]

    @property
    def parts(self) -> dict[str, Estimate]:
        """What adds up to the gap: every cause, the interaction, and what is unexplained."""
        causes = {entry.cause: entry.accuracy_part for entry in self.entries}
        return {**causes, INTERACTION: self.interaction, UNEXPLAINED: self.unexplained}


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
        Is called about compilation and finished trials.

    Notes
    -----
    A cause of the trained network's side (rate curve) changes its accuracy and not that of the
    spiking network; a part is in every case what the gap loses. Intervals are those of paired differences
    (`bioscnn.statistics.score_mean`). p values are corrected by Holm's method within three families: all
    parts of the gap and of the disagreement; the gap and the disagreement themselves; and the comparisons of
    the first cause with the others.
    """
    switched, not_applicable = _switched(as_run, case)
    conditions = _conditions(as_run, switched) | {ALL_OFF: switch_all_off(as_run, case.graph)}
    without = _outcomes(conditions, case, rule, device, progress)
    run, all_off = without.pop(AS_RUN), without.pop(ALL_OFF)
    gaps = {name: one.gap for name, one in without.items()}
    disagreements = {name: one.differ for name, one in without.items()}
    parts = corrected(
        _parts(GAP, run.gap, gaps, all_off.gap)
        | _parts(DISAGREEMENT, run.differ, disagreements, all_off.differ)
    )
    gap, disagreement = corrected([score_mean(run.gap), score_mean(run.differ)])
    entries = _entries(switched, without, parts)
    first, rivals = _first(entries, disagreements)
    return Ledger(
        n_trials=len(case.labels),
        rule=rule,
        ann=float(np.mean(run.ann == case.labels)),
        as_run=run.accuracy,
        all_off=all_off.accuracy,
        gap=gap,
        entries=entries,
        first=first,
        rivals=rivals,
        interaction=parts[GAP, INTERACTION],
        unexplained=parts[GAP, UNEXPLAINED],
        disagreement=disagreement,
        disagreement_interaction=parts[DISAGREEMENT, INTERACTION],
        disagreement_unexplained=parts[DISAGREEMENT, UNEXPLAINED],
        not_applicable=not_applicable,
    )


def causes_alone(
    case: Case, as_run: Conditions, rule: str, device: Device, progress: Progress | None = None
) -> tuple[Entry, ...]:
    """Return each cause with its parts; without a sum, since nothing is simulated without all causes.

    For a network of which ten times the duration in a tenth of the time step takes too long. Parameters as
    of `draw_up`; p values are corrected over all parts of the gap and of the disagreement.
    """
    switched, _ = _switched(as_run, case)
    without = _outcomes(_conditions(as_run, switched), case, rule, device, progress)
    run = without.pop(AS_RUN)
    lost = {(GAP, name): score_mean(run.gap - one.gap) for name, one in without.items()}
    lost |= {(DISAGREEMENT, name): score_mean(run.differ - one.differ) for name, one in without.items()}
    return _entries(switched, without, corrected(lost))


def _conditions(as_run: Conditions, switched: Mapping[Cause, Off]) -> dict[str, Conditions]:
    """Return the conditions as run, and without each cause, by what progress calls them."""
    return {AS_RUN: as_run} | {_WITHOUT + cause.name: off.conditions for cause, off in switched.items()}


def _outcomes(
    wanted: Mapping[str, Conditions], case: Case, rule: str, device: Device, progress: Progress | None
) -> dict[str, _Outcome]:
    """Return what was decided under each of the conditions; without a cause, by its name alone."""
    spiking = spiking_classes(case, wanted, rule, device, progress or Silent())
    return {
        name.removeprefix(_WITHOUT): _Outcome(ann_classes(case, conditions), spiking[name], case.labels)
        for name, conditions in wanted.items()
    }


def _entries(
    switched: Mapping[Cause, Off],
    without: Mapping[str, _Outcome],
    parts: Mapping[tuple[str, str], Estimate],
) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            cause=cause.name,
            meaning=cause.meaning,
            change=off.change,
            accuracy=without[cause.name].accuracy,
            agreement=1 - float(without[cause.name].differ.mean()),
            accuracy_part=parts[GAP, cause.name],
            agreement_part=parts[DISAGREEMENT, cause.name],
        )
        for cause, off in switched.items()
    )


def _parts(
    line: str, run: Classes, without: Mapping[str, Classes], all_off: Classes
) -> dict[tuple[str, str], Estimate]:
    """Estimate the part of each cause, of their interaction, and of what is unexplained, from scores."""
    lost = {cause: run - scores for cause, scores in without.items()}
    lost[INTERACTION] = run - all_off - sum(lost.values(), np.zeros_like(run))
    lost[UNEXPLAINED] = all_off
    return {(line, name): score_mean(scores) for name, scores in lost.items()}


def _switched(as_run: Conditions, case: Case) -> tuple[dict[Cause, Off], dict[str, str]]:
    """Switch each cause off by itself; name the reason where it does not apply."""
    tried = {cause: cause.switch_off(as_run, case.graph) for cause in CAUSES}
    return (
        {cause: off for cause, off in tried.items() if isinstance(off, Off)},
        {cause.name: reason for cause, reason in tried.items() if isinstance(reason, str)},
    )


def _first(entries: Sequence[Entry], without: Mapping[str, Classes]) -> tuple[str | None, tuple[str, ...]]:
    """Name the cause with the largest part, if that is significant in either line, and its rivals."""
    ranked = sorted(entries, key=lambda entry: (-entry.agreement_part.value, -entry.accuracy_part.value))
    if not ranked or not any(
        part.significant and part.value > 0 for part in (ranked[0].agreement_part, ranked[0].accuracy_part)
    ):
        return None, ()
    first, *others = (entry.cause for entry in ranked)
    less = corrected({cause: score_mean(without[cause] - without[first]) for cause in others})
    return first, tuple(cause for cause, estimate in less.items() if not estimate.significant)

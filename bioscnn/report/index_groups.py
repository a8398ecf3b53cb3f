"""Results study by study, and which studies tell what came out in short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from bioscnn.report.index_entries import Entry
from bioscnn.report.index_folder import RUN

HEADINGS = {
    RUN: "Runs",
    "learned": "Runs of networks that learned without labels",
    "noise": "What does noise destroy, and what helps?",
    "sweeps": "Which parameters matter?",
    "filters": "What do the cells of a retina add to gain control?",
    "timing": "What do the times of spikes carry?",
    "times-needed": "Does a network need the times of spikes?",
    "ladder": "What does each piece of biology cost and buy?",
    "benchmark": "The shipped networks, side by side",
    "devices": "All devices, spike by spike",
    "cross-validation": "Cross-validation",
}
"""Sections of the page, in this order; experiments that are not here follow, under their names."""


@dataclass(frozen=True)
class Group:
    """The results of one study: the one to look at, and those before it."""

    kind: str
    study: str
    newest: Entry
    older: tuple[Entry, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them."""
        return (self.newest, *self.older)


def heading_of(kind: str) -> str:
    """Return the heading of a section."""
    return HEADINGS.get(kind, kind.replace("-", " ").capitalize())


def group_entries(entries: Iterable[Entry]) -> Iterator[Group]:
    """Yield the results study by study; the one that ``latest`` names comes first, or else the newest."""
    kinds = list(HEADINGS)

    def study(entry: Entry) -> tuple[int, str, str]:
        kind = entry.place.kind
        return kinds.index(kind) if kind in kinds else len(kinds), kind, entry.place.study

    for (_, kind, name), members in groupby(sorted(entries, key=study), study):
        first, *older = sorted(
            members,
            key=lambda entry: (entry.digest is not None, entry.place.latest, entry.when),
            reverse=True,
        )
        yield Group(kind, name, first, tuple(older))


def story(groups: Iterable[Group]) -> Iterator[Group]:
    """Yield the studies that answer a question; a quick one only where there is no other."""
    answered = [group for group in groups if group.newest.digest and any(group.newest.digest.verdict)]
    whole = {(group.kind, group.study) for group in answered}
    for group in answered:
        full = group.study.removesuffix("-quick")
        if full == group.study or (group.kind, full) not in whole:
            yield group

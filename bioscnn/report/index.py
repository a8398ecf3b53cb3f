"""The page that links all results: what came out in short, then every folder with its numbers and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.errors import UserError
from bioscnn.report.files import read_json, refuse_incomplete
from bioscnn.report.index_folder import OTHER, RUN, STEPS, Link, address, find_files, find_places
from bioscnn.report.page import write_page

if TYPE_CHECKING:
    from bioscnn.report.index_entries import Entry

HEADINGS = {
    RUN: "Runs",
    "noise": "What does noise destroy, and what helps?",
    "sweeps": "Which parameters matter?",
    "filters": "Which cells of the retina help?",
    "timing": "What do the times of spikes carry?",
    "ladder": "What does each piece of biology cost and buy?",
    "benchmark": "The shipped networks, side by side",
    "devices": "All devices, spike by spike",
    "cross-validation": "Cross-validation",
}
"""Sections of the page, in this order."""

ASKING = ("noise", "sweeps", "filters", "timing", "ladder")
"""Studies that answer a question in sentences."""


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


def write_index(results: Path) -> Path:
    """Write ``index.html`` into the folder of all results, and return it.

    The page is one file that loads nothing else; its links are relative. It is made from what lies in the
    folder: what is damaged or unfinished is listed as such.

    Raises
    ------
    UserError
        If there is no such folder, or the page cannot be written.
    """
    if not results.is_dir():
        raise UserError(
            "no results yet", file=results, fix="type `make sim`, or `make study` for all of them"
        )
    from bioscnn.report.index_entries import read_entry
    from bioscnn.report.index_page import index_page

    groups = list(group_entries(read_entry(place, results) for place in find_places(results)))
    sections = {
        (kind, heading): of_kind
        for kind, heading in HEADINGS.items()
        if (of_kind := [group for group in groups if group.kind == kind])
    }
    with refuse_incomplete("type `bioscnn study --index` again"):
        page = index_page(results, sections, list(story(groups)), dict(_other(results)), _steps(results))
    return write_page(page, results, "index.html")


def group_entries(entries: Iterable[Entry]) -> Iterator[Group]:
    """Yield the results study by study; the one that ``latest`` names comes first, or else the newest."""
    kinds = list(HEADINGS)

    def study(entry: Entry) -> tuple[int, str]:
        return kinds.index(entry.place.kind), entry.place.study

    for (kind, name), members in groupby(sorted(entries, key=study), study):
        first, *older = sorted(
            members,
            key=lambda entry: (entry.found is not None, entry.place.latest, entry.when),
            reverse=True,
        )
        yield Group(kinds[kind], name, first, tuple(older))


def story(groups: Iterable[Group]) -> Iterator[Group]:
    """Yield the studies that answer a question; a quick one only where there is no other."""
    answered = [group for group in groups if group.newest.found and group.newest.found.verdict]
    whole = {(group.kind, group.study) for group in answered}
    for kind in ASKING:
        for group in answered:
            quick = group.study.removesuffix("-quick")
            if group.kind == kind and not (quick != group.study and (kind, quick) in whole):
                yield group


def _steps(results: Path) -> dict[str, Any] | str | None:
    """Return what has become of the steps of the whole study; a damaged list as words, no list as None."""
    path = results / STEPS / "steps.json"
    if not path.exists():
        return None
    try:
        steps = read_json(path, (), "delete it")
        for name, step in steps.items():
            log = path.with_name(f"{name}.log")
            step["log"] = address(log, results) if log.exists() else None
            step["minutes"] = step["seconds"] / 60
            step["when"] = datetime.fromisoformat(step["began"])
            step["typed"] = " ".join(["bioscnn", *step["command"]])
        return steps
    except (UserError, LookupError, TypeError, ValueError, AttributeError) as error:
        return f"damaged: {str(error).splitlines()[0]}"


def _other(results: Path) -> Iterator[tuple[str, tuple[Link, ...]]]:
    """Yield what is linked without being read, by what it is."""
    for name, what in OTHER.items():
        if (results / name).is_dir() and (files := find_files(results / name, results)):
            yield what, files

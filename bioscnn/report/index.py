"""The page that links all results: what came out in short, then every folder with its numbers and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.errors import UserError
from bioscnn.files import write_atomically
from bioscnn.report.files import read_json
from bioscnn.report.index_folder import OTHER, RUN, STEPS, Link, address, find_files, find_places
from bioscnn.report.template import render_template

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
    path = results / "index.html"
    write_atomically(path, render_index(results).encode())
    return path


def render_index(results: Path) -> str:
    """Return the page of all results as HTML."""
    from bioscnn.report.index_entries import read_entry

    groups = list(group_entries(read_entry(place, results) for place in find_places(results)))
    entries = [entry for group in groups for entry in (group.newest, *group.older)]
    values: dict[str, Any] = {
        "sections": {
            heading: found
            for kind, heading in HEADINGS.items()
            if (found := [group for group in groups if group.kind == kind])
        },
        "ids": dict(zip(HEADINGS.values(), HEADINGS, strict=True)),
        "story": list(story(groups)),
        "problems": [entry for entry in entries if entry.problem],
        "n_results": sum(entry.found is not None for entry in entries),
        "steps": _steps(results),
        "other": dict(_other(results)),
        "results": results,
        "made": datetime.now(UTC),
        "address": lambda entry: address(entry.place.folder, results) + "/",
        "name_of": lambda entry: entry.place.folder.relative_to(results).as_posix(),
    }
    return render_template("index.html", values, "type `bioscnn study --index` again")


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

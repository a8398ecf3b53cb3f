"""The page that links all results: what came out in short, then every folder with its numbers and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.errors import UserError
from bioscnn.report.files import read_json
from bioscnn.report.formats import plural
from bioscnn.report.index_folder import (
    KNOWN,
    OTHER,
    RUN,
    STEPS,
    FileLink,
    address,
    find_files,
    find_places,
)
from bioscnn.report.page import (
    Column,
    Folded,
    Inline,
    Link,
    Page,
    Part,
    Section,
    Table,
    Text,
    alert,
    code,
    joined,
    large,
    muted,
    strong,
    write_page,
)
from bioscnn.report.page import Entry as PageEntry

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
"""Sections of the page, in this order; experiments that are not here follow, under their names."""

ORDER = [RUN, *KNOWN]
SIMULATED = "Simulated recordings: a model of an event camera made them from images."


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
    return write_page(index_page(results), results, "index.html")


def index_page(results: Path) -> Page:
    """Return the page of all results."""
    from bioscnn.report.index_entries import read_entry

    groups = list(group_entries(read_entry(place, results) for place in find_places(results)))
    entries = [entry for group in groups for entry in (group.newest, *group.older)]
    n = sum(entry.digest is not None for entry in entries)
    begin = "" if n else " Type `make sim` for the first one, or `make study` for all that the docs report."
    problems: list[Inline] = [
        Link(_name(entry, results), f"#{_id(entry, results)}") for entry in entries if entry.problem
    ]
    return Page(
        title="All results",
        eyebrow=f"bioscnn · {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        question="",
        lead=[
            f"{plural(n, 'result')}, each with its numbers, 95 % intervals in brackets, and links to its report, "
            f"tables and figures.{begin}"
        ],
        verdict=[],
        warnings=[("Damaged or unfinished, see below: ", joined(tuple(problems), ", "), ".")]
        if problems
        else [],
        headlines=[],
        sections=list(_sections(groups, results)),
        provenance=[],
        footer=(
            "Made by bioscnn from the files beside this page, after every run and experiment and by ",
            code("bioscnn study --index"),
            "; links are relative, so that the folder can be moved as a whole.",
        ),
    )


def _sections(groups: list[Group], results: Path) -> Iterator[Section]:
    told = [part for group in story(groups) for part in _story(group)]
    if told:
        yield Section("story", "In short", told, "In short")
    for kind, members in groupby(groups, lambda group: group.kind):
        name = "Runs" if kind == RUN else kind.replace("-", " ").capitalize()
        yield Section(kind, HEADINGS.get(kind, name), [_shown(group, results) for group in members], name)
    other: list[Part] = [
        PageEntry(f"other/{name}", what, [_links(files)])
        for name, what in OTHER.items()
        if (results / name).is_dir() and (files := find_files(results / name, results))
    ]
    if other:
        yield Section("other", "Other files", other)
    if (results / STEPS / "steps.json").exists():
        yield Section("steps", "Steps that reproduce the docs", _steps(results), "Steps")


def group_entries(entries: Iterable[Entry]) -> Iterator[Group]:
    """Yield the results study by study; the one that ``latest`` names comes first, or else the newest."""

    def study(entry: Entry) -> tuple[int, str, str]:
        kind = entry.place.kind
        return ORDER.index(kind) if kind in ORDER else len(ORDER), kind, entry.place.study

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


def _story(group: Group) -> Iterator[Part]:
    digest = group.newest.digest
    assert digest is not None
    first, *others = (sentence for sentence in digest.verdict if sentence)
    yield Text(_linked(f"{group.kind.capitalize()}, {group.study}", group.newest.report), "heading")
    yield Text(strong(first))
    yield Text(others, "small")
    if digest.simulated:
        yield Text(SIMULATED, "warning")


def _shown(group: Group, results: Path) -> PageEntry:
    """Return the newest result of a study, with those before it folded."""
    newest, older = group.newest, group.older
    parts = list(_facts(newest))
    if older:
        folded = [
            PageEntry(_id(entry, results), muted(f"{_name(entry, results)}/"), list(_facts(entry)))
            for entry in older
        ]
        parts.append(Folded(f"{plural(len(older), 'other result')} of {group.study}", folded))
    heading = (_linked(group.study, newest.report), " ", muted(f"{_name(newest, results)}/"))
    return PageEntry(_id(newest, results), heading, parts)


def _facts(entry: Entry) -> Iterator[Part]:
    digest, when = entry.digest, f"{entry.when:%Y-%m-%d %H:%M} UTC"
    if digest is None:
        yield Text(f"{entry.problem} · {when}", "warning")
    else:
        yield Text([(large(digest.value), " ", digest.note), *digest.more], "small")
        if digest.simulated:
            yield Text(SIMULATED, "warning")
        yield Text(digest.changed, "small")
        yield Text(muted(f"n = {digest.n} · {digest.source} · {when}"), "small")
    yield _links(entry.files)


def _links(files: Iterable[FileLink]) -> Text:
    links = tuple(Link(file.name, file.href) for file in files)
    return Text(joined(links, " · ") if links else "", "small")


def _linked(text: str, report: str | None) -> Inline:
    return Link(text, report) if report else text


def _name(entry: Entry, results: Path) -> str:
    return entry.place.folder.relative_to(results).as_posix()


def _id(entry: Entry, results: Path) -> str:
    return f"results/{address(entry.place.folder, results)}"


def _steps(results: Path) -> list[Part]:
    """Return what has become of the steps that reproduce the docs; a damaged list as words."""
    path = results / STEPS / "steps.json"
    try:
        steps = read_json(path, (), "delete it")
        rows, errors = [], list[Part]()
        for name, step in steps.items():
            rows.append(_step(name, step, path.with_name(f"{name}.log"), results))
            if step["error"]:
                typed = " ".join(["bioscnn", *step["command"]])
                errors.append(
                    Folded(f"{name}: why it {step['outcome']}", [Text(f"{typed}\n\n{step['error']}", "code")])
                )
    except (UserError, LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        return [Text((code("study/steps.json"), f" is damaged: {str(error).splitlines()[0]}"), "warning")]
    columns = [
        Column("step", "step"),
        Column("outcome", "outcome"),
        Column("minutes", "minutes", "{:.1f}".format, numeric=True),
        Column("began", "began (UTC)", numeric=True),
        Column("answers", "what it answers", words=True),
    ]
    return [Table(rows, columns, dense=True), *errors]


def _step(name: str, step: dict[str, Any], log: Path, results: Path) -> dict[str, Any]:
    outcome = str(step["outcome"])
    return {
        "step": _linked(name, address(log, results) if log.exists() else None),
        "outcome": outcome if outcome == "done" else alert(outcome),
        "minutes": float(step["seconds"]) / 60,
        "began": f"{datetime.fromisoformat(step['began']):%Y-%m-%d %H:%M}",
        "answers": str(step["answers"]),
    }

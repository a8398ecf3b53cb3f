"""The page that links all results, as a `Page`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bioscnn.report import index_folder
from bioscnn.report.formats import plural
from bioscnn.report.index_entries import Digest
from bioscnn.report.index_entries import Entry as Result
from bioscnn.report.index_groups import Group
from bioscnn.report.page import (
    Column,
    Entry,
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
    numbers,
    strong,
)

SIMULATED = "Simulated recordings: a model of an event camera made them from images."

STEPS = [
    Column(("name", "log"), "step", lambda name, log: Link(name, log) if log else name),
    Column("outcome", "outcome", lambda name: alert(name) if name in ("failed", "unfinished") else name),
    numbers("minutes", "minutes", ".1f"),
    numbers("when", "began (UTC)", "%Y-%m-%d %H:%M"),
    Column("answers", "what it answers", words=True),
]
"""Columns of the steps of the whole study."""


def index_page(
    results: Path,
    sections: Mapping[tuple[str, str], Sequence[Group]],
    story: Sequence[Group],
    other_files: Mapping[str, Sequence[index_folder.FileLink]],
    steps: Mapping[str, Any] | str | None,
) -> Page:
    """Return the page of all results.

    Parameters
    ----------
    results : Path
        The folder of all results, in which the page will lie.
    sections : mapping of (str, str) to sequence of Group
        Results, study by study, by the id and the heading of their section.
    story : sequence of Group
        Studies whose verdicts tell what came out in short.
    other_files : mapping of str to sequence of FileLink
        Files that are linked without being read, by what they are.
    steps : mapping, str or None
        Steps that reproduce the docs by name; what is wrong with their file; None if there is none.
    """
    entries = [entry for groups in sections.values() for group in groups for entry in group.entries]
    n_results = sum(entry.digest is not None for entry in entries)
    problems = tuple(
        Link(_name(entry, results), f"#{_id(entry, results)}") for entry in entries if entry.problem
    )
    lead: tuple[Inline, ...] = (
        f"{plural(n_results, 'result')}, each with its numbers, 95 % intervals in brackets, and links to its "
        "report, tables and figures.",
    )
    if not n_results:
        lead += (
            " Type ",
            code("make sim"),
            " for the first one, or ",
            code("make study"),
            " for all that the docs report.",
        )
    made: list[Section] = []
    if story:
        made.append(Section("story", "In short", [part for group in story for part in _verdict(group)]))
    for (id, heading), groups in sections.items():
        short = "Runs" if id == index_folder.RUN else id.replace("-", " ").capitalize()
        made.append(Section(id, heading, [_study(group, results) for group in groups], short))
    if other_files:
        linked = [
            Entry(f"other-{k}", name, [_files(files)]) for k, (name, files) in enumerate(other_files.items())
        ]
        made.append(Section("other", "Other files", linked))
    if steps:
        made.append(Section("steps", "Steps that reproduce the docs", list(_steps(steps)), "Steps"))
    return Page(
        title="All results",
        eyebrow=f"bioscnn · {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        question="",
        verdict=[],
        headlines=[],
        sections=made,
        provenance=[],
        lead=[lead],
        warnings=[("Damaged or unfinished, see below: ", joined(problems, ", "), ".")] if problems else [],
        footer=(
            "Made after each command and by ",
            code("bioscnn study --index"),
            " from the files beside this page; links are relative, so that the folder can be moved as a "
            "whole. The speed of bioscnn beside other simulators (",
            code("make bench"),
            "), the fit of the simulated camera (",
            code("make camera"),
            ") and training (",
            code("make train"),
            ") have commands of their own.",
        ),
    )


def _verdict(group: Group) -> Iterator[Part]:
    """Yield the verdict of a study's newest result."""
    digest, report = group.newest.digest, group.newest.report
    assert digest is not None
    name = f"{group.kind[:1].upper()}{group.kind[1:]}, {group.study}"
    yield Text(Link(name, report) if report else name, "heading")
    first, *more = filter(None, digest.verdict)
    yield Text(strong(first), "verdict")
    yield Text(more, "small")
    if digest.simulated:
        yield Text(SIMULATED, "warning")


def _study(group: Group, results: Path) -> Entry:
    """Return the results of a study: the one to look at, and the others folded."""
    newest = group.newest
    heading = Link(group.study, newest.report) if newest.report else group.study
    parts = list(_facts(newest))
    if group.older:
        older = [
            Entry(_id(entry, results), muted(f"{_name(entry, results)}/"), list(_facts(entry)))
            for entry in group.older
        ]
        parts.append(Folded(f"{plural(len(older), 'other result')} of {group.study}", older))
    return Entry(_id(newest, results), (heading, " ", muted(f"{_name(newest, results)}/")), parts)


def _facts(entry: Result) -> Iterator[Part]:
    when = f"{entry.when:%Y-%m-%d %H:%M} UTC"
    if entry.digest is None:
        yield Text(f"{entry.problem} · {when}", "warning")
    else:
        yield from _numbers(entry.digest, when)
    yield _files(entry.files)


def _numbers(digest: Digest, when: str) -> Iterator[Part]:
    yield Text([(large(digest.value), f" {digest.note}"), *digest.more], "small")
    if digest.simulated:
        yield Text(SIMULATED, "warning")
    yield Text(digest.changed, "small")
    yield Text(muted(f"n = {digest.n} · {digest.source} · {when}"), "small")


def _files(files: Sequence[index_folder.FileLink]) -> Text:
    links = tuple(
        Link(strong(file.name) if file.name == "report.html" else file.name, file.href) for file in files
    )
    return Text(joined(links, "\N{EM SPACE}"), "small")


def _steps(steps: Mapping[str, Any] | str) -> Iterator[Part]:
    if isinstance(steps, str):
        yield Text((code("study/steps.json"), f" is {steps}"), "warning")
        return
    yield Table(
        [step | {"name": name, "log": step["log"] or ""} for name, step in steps.items()], STEPS, dense=True
    )
    for name, step in steps.items():
        if step.get("error"):
            yield Folded(
                f"{name}: why it {step['outcome']}", [Text(f"{step['typed']}\n\n{step['error']}", "code")]
            )


def _name(entry: Result, results: Path) -> str:
    return entry.place.folder.relative_to(results).as_posix()


def _id(entry: Result, results: Path) -> str:
    return "results/" + index_folder.address(entry.place.folder, results)

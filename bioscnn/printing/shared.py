"""What several printed results have in common: tables, shares, sentences."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from bioscnn.terminal import OUT


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], whole: Sequence[str] = ()) -> None:
    """Print rows under a header; what is too wide goes on in the next line, and nothing is cut off.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : sequence of sequence of str
        Their cells.
    whole : sequence of str
        Columns whose cells stay on one line.
    """
    columns = (Column(name, overflow="fold", no_wrap=name in whole) for name in header)
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*map(escape, row))
    OUT.print(table)


def with_interval(triple: Sequence[float], n: int | None = None) -> str:
    """Return a share and the ends of its interval in percent."""
    value, low, high = (100 * part for part in triple)
    return f"{value:.2f} % [{low:.2f}, {high:.2f}]" + (f", n = {n:,}" if n else "")


def print_simulated(name: str) -> None:
    """Say plainly that recordings are simulated, and how to get the real ones."""
    OUT.print(
        "  [bold yellow]Simulated recordings: a model of an event camera made them from images.[/bold yellow]"
    )
    fetch = escape(f"`{own_name()} data fetch {shlex.quote(name)}`")
    print_wrapped(f"  For real ones: {fetch}, or put them into the data folder.\n", 2)


def own_name() -> str:
    """Return what the user has to type to call this program again."""
    if shutil.which("bioscnn"):
        return "bioscnn"
    if Path(sys.argv[0]).name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m bioscnn"
    return shlex.quote(os.path.relpath(sys.argv[0]))


@dataclass(frozen=True)
class Again:
    """A command that was typed, so that others can be told that begin where it ended.

    Parameters
    ----------
    subject : Path
        The study.
    changes : sequence of str
        Keys that were changed, ``"table.key=value"``.
    data : Path or None
        Data folder that was given.
    """

    subject: Path
    changes: Sequence[str] = ()
    data: Path | None = None

    def command(self, verb: str, **changed_keys: str) -> str:
        """Return a line for a shell that does something else with the same study under the same changes.

        Parameters
        ----------
        verb : str
            Such as ``"plan"``.
        **changed_keys : str
            As of `with_keys`.
        """
        words = [verb, str(self.subject)]
        for change in self.with_keys(**changed_keys).changes:
            words += ["--set", change]
        return f"{own_name()} {shlex.join([*words, *self.options])}"

    def with_keys(self, **changed_keys: str) -> Again:
        """Return the same with other values of some keys, ``__`` in place of the dot."""
        keys = {name.replace("__", "."): value for name, value in changed_keys.items()}
        own_changes = [change for change in self.changes if change.partition("=")[0].strip() not in keys]
        return replace(self, changes=[*own_changes, *(f"{key}={value}" for key, value in keys.items())])

    @property
    def options(self) -> list[str]:
        """Options that any command needs again."""
        return [] if self.data is None else ["--data", str(self.data)]


WIDTH = 80
"""Columns of a terminal that nobody has made wider."""


def print_next(commands: Iterable[tuple[str, str]], head: str = "Next:") -> None:
    """Print commands that go on from here, each as it is pasted into a shell, and what it is for.

    Parameters
    ----------
    commands : iterable of (str, str)
        Each with its purpose, which may be empty.
    head : str
        The line above them.
    """
    OUT.print(f"\n{head}", markup=False)
    columns = [(in_columns(command), f"  # {purpose}" if purpose else "") for command, purpose in commands]
    beside = all(len(lines) == 1 and len(lines[0] + remark) <= WIDTH for lines, remark in columns)
    for lines, remark in columns:
        if remark and not beside:
            OUT.print(remark, style="dim", markup=False)
        OUT.print("\n".join(lines), markup=False, end="" if remark and beside else "\n")
        if remark and beside:
            OUT.print(remark, style="dim", markup=False)


def in_columns(command: str) -> list[str]:
    """Return the lines of a command that is indented by two columns.

    It is broken between its options, and before a path that finds no room on its line.

    Examples
    --------
    >>> in_columns("bioscnn run mnist --set dataset.trials=1")
    ['  bioscnn run mnist --set dataset.trials=1']
    """
    parts: list[list[str]] = [[]]
    for word in shlex.split(command):
        has_room = parts[-1][:1] == ["--set"] or len(shlex.join([*parts[-1], word])) <= WIDTH - 4
        if word.startswith("--") or not has_room:
            parts.append([])
        parts[-1].append(word)
    lines: list[str] = []
    for part in map(shlex.join, parts):
        if lines and len(lines[-1]) + len(part) + 1 <= WIDTH - 2:  # room for the backslash
            lines[-1] += f" {part}"
        else:
            lines.append(f"{'    ' if lines else '  '}{part}")
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]


_WORD = re.compile(
    r"""(?x)(?:--set[ ])?              # a key and what it is set to are one word,
    (?:`[^`\n]*`|"[^"\n]{,40}"        # a command and a short quotation,
    |(?<=\d)[ ](?=[^\W\d]|%)|[ ](?==[ ])|(?<==)[ ]  # a number and its unit
    |[^ ])+"""
)


def wrapped(text: str, indent: int) -> Iterator[tuple[str, slice]]:
    """Yield the margin of each line of a text, and what of the text stands in it; words are never broken.

    A command in backticks, a key and its new value, and a number and its unit are one word. One that is
    longer than a line stays where it is.

    Examples
    --------
    >>> text = "  time   3.1 s: " + "a half, " * 11
    >>> [margin + text[part] for margin, part in wrapped(text, 9)][-1]
    '         a half, a half, a half,'
    """
    begin = end = 0
    margin = ""
    for word in _WORD.finditer(text):
        room = WIDTH - len(word[0])
        if end > begin and room >= 0 and len(margin) + word.end() - begin > WIDTH:
            yield margin, slice(begin, end)
            begin, margin = word.start(), " " * min(indent, room)
        end = word.end()
    yield margin, slice(begin, end)


def print_wrapped(text: str, indent: int = 0, *, markup: bool = True) -> None:
    """Print a text that is broken between words only; its further lines are indented."""
    for line in (Text.from_markup(text) if markup else Text(text)).split("\n", allow_blank=True):
        for margin, part in wrapped(line.plain, indent):
            OUT.print(margin, line[part], sep="")


def print_fields(fields: Iterable[tuple[str, str]], width: int, margin: str = "  ") -> None:
    """Print named texts, with markup, one below another."""
    for name, text in fields:
        print_wrapped(f"{margin}{name:<{width}} {text}", len(margin) + width + 1)


def print_sentences(sentences: Sequence[str]) -> None:
    """Print the sentences of a verdict, each a paragraph."""
    for sentence in sentences:
        print_wrapped(f"  {sentence}\n", 2, markup=False)


def print_warnings(warnings: Iterable[Mapping[str, Any]], width: int, margin: str = "  ") -> None:
    """Print what may be wrong, its first word as wide as those of the lines around it."""
    for warning in warnings:
        word, colour = ("warning", "red") if warning["certain"] else ("hint", "yellow")
        print_fields([(f"[{colour}]{word:<{width}}[/{colour}]", escape(warning["text"]))], width, margin)

"""What several printed results have in common: tables, shares, sentences."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

from rich.markup import escape
from rich.padding import Padding
from rich.table import Column, Table

from bioscnn.terminal import OUT


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a header; what is too wide goes on in the next line, and nothing is cut off."""
    columns = (Column(name, overflow="fold") for name in header)
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
    fetch = f"{own_name()} data fetch {shlex.quote(name)}"
    OUT.print(f"  For real ones: {fetch}, or put them into the data folder.\n")


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
        **other : str
            Values of keys that are to be others than they were, ``__`` in place of the dot.
        """
        keys = {name.replace("__", "."): value for name, value in changed_keys.items()}
        own_changes = [change for change in self.changes if change.partition("=")[0].strip() not in keys]
        words = [verb, str(self.subject)]
        for change in (*own_changes, *(f"{key}={value}" for key, value in keys.items())):
            words += ["--set", change]
        return f"{own_name()} {shlex.join([*words, *self.options])}"

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
    """Return the lines of a command that is indented by two columns; only between its options is it broken.

    Examples
    --------
    >>> in_columns("bioscnn run mnist --set dataset.trials=1")
    ['  bioscnn run mnist --set dataset.trials=1']
    """
    parts: list[list[str]] = [[]]
    for word in shlex.split(command):
        if word.startswith("--"):
            parts.append([])
        parts[-1].append(word)
    lines: list[str] = []
    for part in map(shlex.join, parts):
        if lines and len(lines[-1]) + len(part) + 1 <= WIDTH - 2:  # room for the backslash
            lines[-1] += f" {part}"
        else:
            lines.append(f"{'    ' if lines else '  '}{part}")
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]


def print_wrapped(text: str, indent: int) -> None:
    """Print a text that is broken between words only, of which a number and its unit are one."""
    for line in re.sub(r"( = [-\d.]+) (?=\w)", "\\1\u00a0", text).splitlines():
        folded = fill(line, WIDTH, subsequent_indent=" " * indent, break_long_words=False,
                      break_on_hyphens=False)  # fmt: skip
        OUT.print(folded.replace("\u00a0", " "), markup=False)


def print_sentences(sentences: Sequence[str]) -> None:
    """Print the sentences of a verdict, each a paragraph."""
    for sentence in sentences:
        OUT.print(Padding(escape(sentence), (0, 2, 1, 2)), soft_wrap=False)


def print_warnings(warnings: Iterable[Mapping[str, Any]], width: int, margin: str = "  ") -> None:
    """Print what may be wrong, its first word as wide as those of the lines around it."""
    for warning in warnings:
        word, colour = ("warning", "red") if warning["certain"] else ("hint", "yellow")
        OUT.print(f"{margin}[{colour}]{word:<{width}}[/{colour}] {escape(warning['text'])}")

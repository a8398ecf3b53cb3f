"""The one kind of page that every experiment and run has, as data.

A page is made of these types by a pure function; `bioscnn.report.render.write_page` turns it into HTML with
one template.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bioscnn.report.formats import percent, percent_interval
from bioscnn.report.inline import Inline, Link, Styled, alert, code, emphasis, joined, large, muted, strong
from bioscnn.report.table import Column, Table, numbers

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

__all__ = [
    "Column", "Entry", "Facts", "Figure", "Folded", "Headline", "Inline", "Link", "Page", "Part", "Section",
    "SideBySide", "Styled", "Table", "Text", "alert", "code", "emphasis", "joined", "large", "made_from",
    "muted", "numbers", "strong",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure, drawn for a desktop and for a phone.

    Parameters
    ----------
    draw : callable
        Takes the width in inches and returns the figure.
    alt : str
        What kind of figure it is, for readers who do not see it; the caption says what it shows.
    caption : Inline
        What to see.
    narrow : bool
        Whether one drawing in the width of a phone does for both, as for figures that stand side by side.
    of_recordings : bool
        Whether it shows the recordings of the page; where those are simulated, its caption says so.
    drawn_from : tuple
        Of a figure that many pages have: the module that draws it, and all numbers that it is drawn from. The
        drawing is kept in the cache folder.

    Raises
    ------
    ValueError
        If `alt` is empty.
    """

    draw: Callable[[float], Drawing]
    alt: str
    caption: Inline
    narrow: bool = False
    of_recordings: bool = True
    drawn_from: tuple[object, ...] = ()

    def __post_init__(self) -> None:
        if not self.alt:
            raise ValueError("a figure needs words for readers who do not see it")


@dataclass(frozen=True)
class SideBySide:
    """Narrow figures beside each other, below each other on a phone."""

    figures: Sequence[Figure]


@dataclass(frozen=True)
class Facts:
    """Names with what is to be said of each; short ones, such as parameters with values, may be inline."""

    facts: Mapping[str, Inline] | Sequence[tuple[str, Inline]]
    inline: bool = False

    @property
    def items(self) -> Sequence[tuple[str, Inline]]:
        """Pairs of name and text."""
        return list(self.facts.items()) if isinstance(self.facts, Mapping) else self.facts


@dataclass(frozen=True)
class Text:
    """Paragraphs in one style.

    Parameters
    ----------
    paragraphs : Inline or list of Inline
        One paragraph, or a list of them.
    style : str
        ``heading`` is a heading within a section, ``caption`` stands above what it belongs to, ``code``
        keeps spaces and line breaks, ``small`` is in the type of tables, ``reference`` in the same and grey,
        as for literature; ``verdict`` and ``warning`` are marked as such.
    """

    paragraphs: Inline | Sequence[Inline]
    style: Literal["plain", "heading", "caption", "code", "small", "reference", "verdict", "warning"] = (
        "plain"
    )

    @property
    def items(self) -> Sequence[Inline]:
        """The paragraphs."""
        if isinstance(self.paragraphs, str | Styled | Link | tuple):
            return [self.paragraphs]
        return self.paragraphs


@dataclass(frozen=True)
class Folded:
    """Parts that are hidden until their summary is clicked."""

    summary: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class Entry:
    """Parts with a heading and an address of their own within a section, such as one result of many."""

    id: str
    heading: Inline
    parts: Sequence[Part]


Part = Figure | SideBySide | Table | Facts | Text | Folded | Entry


@dataclass(frozen=True)
class Section:
    """A section of a page.

    Parameters
    ----------
    id : str
        Its address within the page, without spaces.
    heading : str
        What stands above it.
    parts : sequence of Part
        What it consists of, from top to bottom.
    short : str
        What the navigation calls it; the heading if left out.
    docs : str
        The page of the docs that explains what it shows, such as ``"ledger"``; that of the page if left out.
    """

    id: str
    heading: str
    parts: Sequence[Part]
    short: str = ""
    docs: str = ""


@dataclass(frozen=True)
class Headline:
    """One number of the summary, with a note below it, such as its interval."""

    name: str
    value: str
    note: Inline = ""

    @classmethod
    def of_share(cls, name: str, value: float, low: float, high: float, about: str = "") -> Headline:
        """Return a share, 0 to 1, with its 95 % interval in the note, after what the note says about it."""
        return cls(name, percent(value), f"{about}{'; ' * bool(about)}95 %: {percent_interval(low, high)}")


@dataclass(frozen=True, eq=False)
class Page:
    """A page, from its question to its provenance.

    Parameters
    ----------
    title : str
        What it is about, such as the name of a data set.
    eyebrow : Inline
        The kind of experiment and its name, in small type above the heading.
    question : str
        What is asked; follows the title in the heading. A page of a single result has the result here, and
        none is needed.
    verdict : sequence of Inline
        The answer, a paragraph each, the first one bold.
    headlines : sequence of Headline
        The numbers to begin with.
    sections : sequence of Section
        The body of the page, each named in the navigation.
    provenance : sequence of (str, Inline)
        What is needed to do it again, see `bioscnn.report.provenance.provenance_rows`: the last section,
        left out if empty.
    simulated : bool
        Whether recordings are those of a model of a camera; said below the verdict and of every figure.
    lead : sequence of Inline
        Paragraphs before the verdict that say what was done.
    warnings : sequence of Inline
        What makes the answer less than it seems, below the verdict.
    footer : Inline
        The last line, such as what the page was made from.
    docs : str
        The page of the docs that explains what it shows, such as ``"noise"``; if given, the page ends with
        the terms that it uses.
    key : str
        Hash of all that it was made from, by which it is recognised when it need not be made again.

    Raises
    ------
    ValueError
        If two sections or entries share an id, or take one that the page needs itself.
    """

    title: str
    eyebrow: Inline
    question: str
    verdict: Sequence[Inline]
    headlines: Sequence[Headline]
    sections: Sequence[Section]
    provenance: Sequence[tuple[str, Inline]]
    simulated: bool = False
    lead: Sequence[Inline] = ()
    warnings: Sequence[Inline] = ()
    footer: Inline = ""
    docs: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        ids = ["summary", "provenance", *(id for section in self.sections for id in _ids(section))]
        if twice := sorted({id for id in ids if ids.count(id) > 1}):
            raise ValueError(f"several parts of the page have the id {', '.join(twice)}")

    @property
    def heading(self) -> str:
        """Title and question."""
        return f"{self.title}: {self.question}" if self.question else self.title


def _ids(part: Section | Part) -> Iterator[str]:
    if isinstance(part, Section | Entry):
        yield part.id
    if isinstance(part, Section | Entry | Folded):
        for inner in part.parts:
            yield from _ids(inner)


def made_from(*files: str) -> str:
    """Return the footer of a page that was made from files beside it."""
    return f"Made by bioscnn from the files beside this page: {', '.join(files)}."

"""Text on a page with code, emphasis and links in it, escaped by construction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from bioscnn.report.formats import tight

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class Styled:
    """A piece of text in a style of its own, made by the function of that name."""

    text: str
    style: Literal["code", "emphasis", "strong", "large", "muted", "alert"]


@dataclass(frozen=True)
class Link:
    """A link to a section (``#tables``), to a file beside the page, or to a page on the web.

    Raises
    ------
    ValueError
        If `href` has another scheme than http or https, such as ``javascript:``.
    """

    text: Inline
    href: str

    def __post_init__(self) -> None:
        if urlsplit(self.href).scheme not in ("", "http", "https"):
            raise ValueError(f"a link leads to a file, a section or a web page, not to {self.href!r}")


Inline = str | Styled | Link | tuple["Inline", ...]
"""Text of a paragraph, cell, caption or heading: pieces that follow each other; ``\\n`` breaks the line."""


def code(text: str) -> Styled:
    """Return text in the typeface of code, such as a command or a checksum."""
    return Styled(text, "code")


def emphasis(text: str) -> Styled:
    """Return text in italics."""
    return Styled(text, "emphasis")


def strong(text: str) -> Styled:
    """Return text in bold."""
    return Styled(text, "strong")


def large(text: str) -> Styled:
    """Return text in large type, such as the main number of a result."""
    return Styled(text, "large")


def muted(text: str) -> Styled:
    """Return text in grey."""
    return Styled(text, "muted")


def alert(text: str) -> Styled:
    """Return text in the colour of warnings."""
    return Styled(text, "alert")


def joined(pieces: tuple[Inline, ...], separator: str) -> Inline:
    """Return pieces with a separator between them."""
    return tuple(part for piece in pieces for part in (separator, piece))[1:]


def to_html(text: Inline) -> Markup:
    """Return text as HTML, with every character of it escaped.

    Numbers are kept on one line with their units.
    """
    from markupsafe import Markup

    if isinstance(text, str):
        return Markup("<br>").join(tight(text).split("\n"))
    if isinstance(text, Link):
        return Markup('<a href="{}">{}</a>').format(text.href, to_html(text.text))
    if isinstance(text, Styled):
        body = text.text if text.style == "code" else to_html(text.text)
        return Markup(TAGS[text.style]).format(body)
    return Markup("").join(map(to_html, text))


def to_plain(text: Inline) -> str:
    """Return text without its styles and links."""
    if isinstance(text, tuple):
        return "".join(map(to_plain, text))
    return text if isinstance(text, str) else to_plain(text.text)


TAGS = {
    "code": "<code>{}</code>",
    "emphasis": "<i>{}</i>",
    "strong": "<strong>{}</strong>",
    "large": '<span class="large">{}</span>',
    "muted": '<span class="muted">{}</span>',
    "alert": '<span class="alert">{}</span>',
}

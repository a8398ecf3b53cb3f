"""A page as HTML: figures drawn, text escaped, all of it in one template."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from bioscnn.files import write_atomically
from bioscnn.report import page as parts
from bioscnn.report.inline import to_html, to_plain
from bioscnn.report.pictures import draw_all, load_for_drawing
from bioscnn.report.terms import explained, terms_in

if TYPE_CHECKING:
    from jinja2 import Template

HERE = Path(__file__).parent
TEMPLATES = HERE / "page.html", HERE / "report.css"


def render(page: parts.Page) -> str:
    """Return a page as HTML that loads nothing else.

    Parameters
    ----------
    page : Page
        Each figure of it is drawn once for each width of the screen.
    """
    pictures, template = draw_all(list(_figures(page))), _template()
    html = template.render(page=page, pictures=pictures, terms=())
    if not page.docs:
        return html
    body = html[html.index("</head>") :]
    return template.render(page=page, pictures=pictures, terms=terms_in([unescape(_TAG.sub(" ", body))]))


_TAG = re.compile(r"<[^>]*>")


def _figures(page: parts.Page) -> Iterator[parts.Figure]:
    """Yield the figures of a page in their order."""
    waiting = [part for section in reversed(page.sections) for part in reversed(section.parts)]
    while waiting:
        part = waiting.pop()
        if isinstance(part, parts.Figure):
            yield part
        elif isinstance(part, parts.SideBySide):
            yield from part.figures
        elif isinstance(part, parts.Folded | parts.Entry):
            waiting += reversed(part.parts)


def load_for_pages() -> None:
    """Load what draws and writes pages, so that the next one does not wait for it."""
    import scipy.special  # noqa: F401 - intervals

    load_for_drawing()
    _template()


@cache
def _template() -> Template:
    """Return the one template; every value is escaped, and a missing one is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    page, style = TEMPLATES
    made = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(css=Markup(style.read_text(encoding="utf-8")))
    made.filters.update(inline=to_html, plain=to_plain, explained=explained)
    for kind in (
        parts.Figure, parts.SideBySide, parts.Table, parts.Facts, parts.Text, parts.Folded, parts.Entry,
    ):  # fmt: skip
        made.tests[kind.__name__] = _is(kind)
    return made.get_template(page.name)


def _is(kind: type) -> Callable[[object], bool]:
    return lambda part: isinstance(part, kind)


def write_page(page: parts.Page, folder: Path, name: str = "report.html") -> Path:
    """Write a page as one file that loads nothing else.

    Parameters
    ----------
    page : Page
        The page; its figures are drawn now.
    folder : Path
        Where the file goes.
    name : str
        What it is called.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UserError
        If the folder does not exist or cannot be written.
    """
    path = folder / name
    write_atomically(path, render(page).encode(errors="backslashreplace"))
    return path

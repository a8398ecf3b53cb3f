"""The glossary: what the words of reports, of the command line and of the docs mean, each in one place."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from bioscnn.errors import UserError
from bioscnn.report.inline import Inline, Link, code


@dataclass(frozen=True)
class Term:
    """A word, and what it means here.

    Parameters
    ----------
    name : str
        As it stands in text.
    meaning : str
        One or two sentences.
    page : str
        The page of the docs that explains it, such as ``"physics"``.
    also : tuple of str
        Other words for it that show that a text speaks of it.
    """

    name: str
    meaning: str
    page: str
    also: tuple[str, ...] = ()

    def is_in(self, text: str) -> bool:
        """Whether a text speaks of it; an abbreviation in capitals is no other word in small letters."""
        words = "|".join(re.escape(word) for word in (self.name, *self.also))
        flags = re.NOFLAG if self.name.isupper() else re.IGNORECASE
        return re.search(rf"(?<![\w-])(?:{words})(?![\w-])", text, flags) is not None


@cache
def all_terms() -> tuple[Term, ...]:
    """Return all terms, by the alphabet."""
    tables = tomllib.loads((Path(__file__).with_suffix(".toml")).read_text(encoding="utf-8"))
    return tuple(
        Term(name, " ".join(table["meaning"].split()), table["page"], tuple(table.get("also", ())))
        for name, table in tables.items()
    )


def explained(page: str) -> Inline:
    """Return where a page of the docs is: a link, if somebody has said where the docs are published.

    The address is that of the environment variable ``BIOSCNN_DOCS``, or the URL named Documentation in the
    metadata of the package. Without either it is the name of the file in the repository, as a report has to
    be right wherever it is moved.

    Raises
    ------
    UserError
        If `BIOSCNN_DOCS` is no address of a web page.
    """
    base = os.environ.get("BIOSCNN_DOCS") or _published()
    if base and not base.startswith(("https://", "http://")):
        raise UserError(
            "no address of a web page",
            key="BIOSCNN_DOCS",
            value=base,
            expected="where the site of the docs is, such as https://example.org/bioscnn",
        )
    return Link(f"docs/{page}", f"{base.rstrip('/')}/docs/{page}.html") if base else code(f"docs/{page}.md")


@cache
def _published() -> str:
    with suppress(PackageNotFoundError):
        for entry in metadata("bioscnn").get_all("Project-URL") or ():
            name, _, address = str(entry).partition(",")
            if name.strip() == "Documentation":
                return address.strip()
    return ""


def terms_in(texts: Iterable[str]) -> tuple[Term, ...]:
    """Return the terms of which some texts speak, by the alphabet.

    Examples
    --------
    >>> [term.name for term in terms_in(["95 % intervals, corrected by Holm's method"])]
    ['Holm', 'interval']
    """
    whole = "\n".join(texts)
    return tuple(term for term in all_terms() if term.is_in(whole))

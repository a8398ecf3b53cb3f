"""The glossary: what the words of reports, of the command line and of the docs mean, each in one place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path


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


def terms_in(texts: Iterable[str]) -> tuple[Term, ...]:
    """Return the terms of which some texts speak, by the alphabet.

    Examples
    --------
    >>> [term.name for term in terms_in(["95 % intervals, corrected by Holm's method"])]
    ['Holm', 'interval']
    """
    whole = "\n".join(texts)
    return tuple(term for term in all_terms() if term.is_in(whole))

"""References as BibTeX, from the file `references.bib`.

Each was checked against what the code cites; a DOI that nobody has checked is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from bioscnn import __version__


@cache
def references() -> dict[str, str]:
    """Return every entry of the file by its key."""
    text = (files("bioscnn") / "citations" / "references.bib").read_text(encoding="utf-8")
    entries = text.replace("VERSION", __version__).strip().split("\n\n")
    return {entry[entry.index("{") + 1 : entry.index(",")]: entry for entry in entries}


def bibtex(methods: Mapping[str, Sequence[str]]) -> str:
    """Return references as BibTeX, each after a comment that says what it is cited for.

    Parameters
    ----------
    methods : mapping
        What each key is cited for.
    """
    return "\n".join(f"% {'; '.join(what)}\n{references()[key]}\n" for key, what in methods.items())

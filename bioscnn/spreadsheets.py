"""Names of others in tables: a spreadsheet that opens one computes no cell of it."""

from __future__ import annotations

import re

_SIGNS = tuple("=+-@＝＋－＠")
_HARMLESS = re.compile(
    r"""[+-](
        inf | nan
        | \ ?\.?\d[\d.]*(e[+-]?\d+)?(\ [a-z%]+)?      # a number, perhaps with its unit
        | \ [a-z]{4,}[a-z :-]*                       # words, such as "+ refractory period"
    )?""",
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)


def as_text(cell: str) -> str:
    """Return a cell, or the name of a column, with an apostrophe before it if it would be a formula.

    A spreadsheet takes for a formula what begins with ``=``, ``+``, ``-`` or ``@``, wide ones too. Numbers
    stay numbers.

    Examples
    --------
    >>> as_text("=1+1"), as_text("-0.5"), as_text("+ axonal delay")
    ("'=1+1", '-0.5', '+ axonal delay')
    """
    begun = cell.strip()
    return f"'{cell}" if begun.startswith(_SIGNS) and not _HARMLESS.fullmatch(begun) else cell


def as_written(cell: str) -> str:
    """Return a cell of a table as it was before `as_text`."""
    return cell[1:] if cell.startswith("'") and as_text(cell[1:]) == cell else cell

"""All claims of some pages: which are what their tables say, and which tables are stale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bioscnn.claims.pages import Claim, check_page, tables_of
from bioscnn.claims.tables import read_table


@dataclass(frozen=True)
class Survey:
    """The claims of some pages.

    Parameters
    ----------
    claims : tuple of Claim
        All of them, numbers without a table included.
    stale : mapping
        Tables that may not be what their command would write now, and why; from their paths.
    """

    claims: tuple[Claim, ...]
    stale: Mapping[Path, tuple[str, ...]]

    @property
    def problems(self) -> list[Claim]:
        """Claims that are not what their table says, or that have none."""
        return [claim for claim in self.claims if claim.problem]

    def cited(self, table: Path) -> list[Claim]:
        """Return the claims that come from a table."""
        return [
            claim
            for claim in self.claims
            if claim.table == table.stem and tables_of(claim.page) == table.parent
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "claims": [
                {"page": str(claim.page), "line": claim.line, "table": claim.table, "problem": claim.problem}
                for claim in self.claims
            ],
            "stale": {str(path): list(reasons) for path, reasons in self.stale.items()},
        }


def survey(pages: Sequence[Path], data: Path | None = None) -> Survey:
    """Check pages, and the tables that they name against code, weights and data.

    Raises
    ------
    UserError
        If a claim has no table, a marker no end, or a table no units or no record.
    """
    claims = [claim for page in pages for claim in check_page(page)]
    stale = {}
    for folder, name in dict.fromkeys(
        (tables_of(claim.page), claim.table) for claim in claims if claim.table
    ):
        reasons = read_table(folder, name).record.stale(data)
        if reasons:
            stale[folder / f"{name}.csv"] = tuple(reasons)
    return Survey(tuple(claims), stale)

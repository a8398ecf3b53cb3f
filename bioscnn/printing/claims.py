"""What `bioscnn claims` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from bioscnn.report.formats import plural
from bioscnn.terminal import OUT

if TYPE_CHECKING:
    from bioscnn.claims import Survey


def print_survey(claimed: Survey) -> None:
    """Print claims that are wrong, then stale tables and where they are cited, then how many there are."""
    for claim in claimed.problems:
        where = f"{claim.page}:{claim.line}"
        table = f" ({claim.table})" if claim.table else ""
        text = " ".join(claim.text.split()) if not claim.table else ""
        OUT.print(escape(f"{where}{table}: {claim.problem}{f': {text}' if text else ''}"))
    for path, reasons in claimed.stale.items():
        places: dict[str, list[str]] = {}
        for claim in claimed.cited(path):
            places.setdefault(str(claim.page), []).append(str(claim.line))
        OUT.print(escape(f"{path} is stale: {'; '.join(reasons)}"))
        for page, lines in places.items():
            OUT.print(escape(f"    {page}:{','.join(dict.fromkeys(lines))}"))
    n_stale = sum(len(claimed.cited(table)) for table in claimed.stale)
    OUT.print(
        f"{plural(len(claimed.claims), 'claim')}: {len(claimed.problems)} wrong or in no table, "
        f"{n_stale} from stale tables"
    )

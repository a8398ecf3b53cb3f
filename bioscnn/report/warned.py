"""What may be wrong with results, as sentences on top of their page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bioscnn.report.inline import Inline


def sentences_of(summary: Mapping[str, Any]) -> list[Inline]:
    """Return the warnings and hints of a summary as sentences."""
    sentences = [("" if w["certain"] else "Hint: ", f"{w['text']}.") for w in summary.get("warnings", ())]
    return [*sentences, *(("Hint: ", f"{hint}.") for hint in summary.get("hints", ()))]

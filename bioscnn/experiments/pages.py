"""What the page of every experiment begins and ends with, around the sections of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bioscnn.experiments.experiment import Analysis
from bioscnn.report.page import Headline, Inline, Page, Section, made_from
from bioscnn.report.provenance import provenance_rows


def experiment_page(
    analysis: Analysis,
    summary: Mapping[str, Any],
    *,
    about: str,
    question: str,
    headlines: Sequence[Headline],
    sections: Sequence[Section],
    docs: str = "",
    lead: Sequence[Inline] = (),
    warnings: Sequence[Inline] = (),
    title: str = "",
) -> Page:
    """Return the page of an experiment.

    Parameters
    ----------
    analysis : Analysis
        Its tables, verdict and facts.
    summary : mapping
        Contents of ``summary.json``.
    about : str
        The kind of experiment and its name, such as ``"time steps mnist"``: stands above the heading.
    question, headlines, sections, docs, lead, warnings
        As of `Page`.
    title : str
        That of the analysis if left out.
    """
    return Page(
        title=title or analysis.title,
        eyebrow=f"bioscnn · {about}",
        question=question,
        verdict=list(analysis.verdict),
        headlines=headlines,
        sections=sections,
        provenance=provenance_rows(summary),
        simulated=analysis.simulated,
        lead=lead,
        warnings=warnings,
        footer=made_from(*(f"{name}.csv" for name in analysis.tables), "summary.json"),
        docs=docs,
    )

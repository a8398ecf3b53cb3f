"""One self-contained page a run."""

from bioscnn.report.page import write_report

__all__ = ["write_report"]

"""One self-contained page a run, and one a timing study."""

from bioscnn.report.page import write_report
from bioscnn.report.timing import write_timing_report

__all__ = ["write_report", "write_timing_report"]

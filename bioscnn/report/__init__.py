"""One self-contained page a run, one a timing study, and one a filter study."""

from bioscnn.report.filters import write_filters_report
from bioscnn.report.page import write_report
from bioscnn.report.timing import write_timing_report

__all__ = ["write_filters_report", "write_report", "write_timing_report"]

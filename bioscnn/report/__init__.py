"""One self-contained page a run, and one a timing study, a filter study, a noise study."""

from bioscnn.report.filters import write_filters_report
from bioscnn.report.noise import write_noise_report
from bioscnn.report.page import write_report
from bioscnn.report.timing import write_timing_report

__all__ = ["write_filters_report", "write_noise_report", "write_report", "write_timing_report"]

"""A self-contained page a run, a study, a sweep, a ladder, and one that links them all."""

from bioscnn.report.index import INDEX, write_index
from bioscnn.report.render import load_for_pages
from bioscnn.report.run import REPORT, renew_report, write_report

__all__ = [
    "INDEX",
    "REPORT",
    "load_for_pages",
    "renew_report",
    "write_index",
    "write_report",
]

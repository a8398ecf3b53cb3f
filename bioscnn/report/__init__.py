"""A self-contained page a run, a study, a sweep, a ladder, and one that links them all."""

from bioscnn.report.index import write_index
from bioscnn.report.ladder import write_ladder_report
from bioscnn.report.run import write_report
from bioscnn.report.sweep import write_sweep_report

__all__ = [
    "write_index",
    "write_ladder_report",
    "write_report",
    "write_sweep_report",
]

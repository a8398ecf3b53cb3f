"""Numbers of the docs, tied to the committed tables that they come from."""

from bioscnn.claims.adopt import adopt_page, publish
from bioscnn.claims.pages import Claim, check_page, pages_of, write_page
from bioscnn.claims.record import Record, made_now, write_table
from bioscnn.claims.survey import Survey, survey
from bioscnn.claims.tables import Table, read_table
from bioscnn.claims.take import record_of, take_runs, take_table

__all__ = [
    "Claim",
    "Record",
    "Survey",
    "Table",
    "adopt_page",
    "check_page",
    "made_now",
    "pages_of",
    "publish",
    "read_table",
    "record_of",
    "survey",
    "take_runs",
    "take_table",
    "write_page",
    "write_table",
]

"""The filter study: which cells of the retina help, with and without rank order, clean and in noise."""

from bioscnn.studies.filters.run import Filters, run_filters

__all__ = ["Filters", "run_filters"]

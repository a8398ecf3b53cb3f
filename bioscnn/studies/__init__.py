"""A study file becomes runs, and runs become tables."""

from bioscnn.studies.study import Study, read_study

__all__ = ["Study", "read_study"]

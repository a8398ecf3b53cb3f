"""BibTeX of exactly the methods that a study uses."""

from bioscnn.citations.methods import methods_of
from bioscnn.citations.references import bibtex

__all__ = ["bibtex", "methods_of"]

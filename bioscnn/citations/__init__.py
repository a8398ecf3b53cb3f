"""BibTeX of exactly the methods that a study uses."""

from bioscnn.citations.bibtex import bibtex
from bioscnn.citations.methods import methods_of

__all__ = ["bibtex", "methods_of"]

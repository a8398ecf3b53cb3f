"""What to cite."""

from __future__ import annotations

from pathlib import Path

from bioscnn.citations import bibtex, methods_of
from bioscnn.library.given import Changes, StudyLike, folder
from bioscnn.library.studies import read_study


def cite(study: StudyLike, changes: Changes | None = None, *, data: str | Path | None = None) -> str:
    """Return BibTeX of exactly the methods that a study uses.

    Parameters
    ----------
    study : str, path or Study
        A file, the name of a study that comes with bioscnn, or one that has been read.
    changes : mapping, optional
        Keys and their values, as of `bioscnn.run`.
    data : path, optional
        A data folder, which decides whether recordings are real or simulated.

    Returns
    -------
    str
        One entry per reference, after a comment that says what it is cited for.

    Raises
    ------
    UserError
        If the study or its network cannot be read.

    Examples
    --------
    >>> print(cite("mnist").splitlines()[0])
    % this software
    """
    return bibtex(methods_of(read_study(study, changes).config, folder(data)))

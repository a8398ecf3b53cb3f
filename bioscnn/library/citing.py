"""What to cite."""

from __future__ import annotations

from pathlib import Path

from bioscnn.citations import bibtex, methods_of
from bioscnn.library.arguments import Changes, StudyLike, as_path, as_texts, file_of, with_changes
from bioscnn.library.learned import learned_study
from bioscnn.library.wording import in_python
from bioscnn.stdp.study import LearnedStudy
from bioscnn.studies import Study
from bioscnn.studies.settling import read_study_of_any_duration


@in_python
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
    loaded: Study | LearnedStudy | None = learned_study(study, changes)
    if isinstance(study, Study):
        loaded = with_changes(study, changes)
    elif loaded is None:
        loaded = read_study_of_any_duration(file_of(study), as_texts(changes))
    return bibtex(methods_of(loaded.config, as_path(data)))

"""Versions of Brian2 and of NumPy that fit each other; neither says so itself."""

from __future__ import annotations

NUMPY_BELOW = (("2.6", "2"), ("2.10", "2.4"))
"""Brian2 before the first version needs NumPy before the second."""


def misfit(brian2: str, numpy: str) -> tuple[str, str] | None:
    """Return the Brian2 that would fit a NumPy, and the NumPy before which this Brian2 fits; None if both do.

    Examples
    --------
    >>> misfit("2.9.0", "2.4.6")
    ('2.10', '2.4')
    >>> misfit("2.9.0", "2.3.5")
    """
    return next(
        (
            (below, limit)
            for below, limit in NUMPY_BELOW
            if _numbers(brian2) < _numbers(below) and _numbers(numpy) >= _numbers(limit)
        ),
        None,
    )


def _numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version."""
    numbers = []
    for part in version.split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return tuple(numbers)

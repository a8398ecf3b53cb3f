"""Whether numbers fit into the memory of this machine, asked before they are made."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

from bioscnn.errors import UserError

SHARE = 0.125
"""Part of the memory that one array may take; about four are held at a time."""

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def check_room(shape: Sequence[int], what: str, itemsize: int = 8, **where: Any) -> None:
    """Refuse an array that takes more than `SHARE` of the memory of this machine.

    Parameters
    ----------
    shape : sequence of int
        Of the array.
    what : str
        What it would hold.
    itemsize : int
        Bytes of a number.
    **where
        File and key of the error.

    Raises
    ------
    UserError
        Naming its size and what there is.
    """
    shape = tuple(int(length) for length in shape)
    needed, most = itemsize * prod(shape), SHARE * memory()
    if needed > most:
        raise UserError(
            f"{what} does not fit into the memory of this machine",
            value=f"{needed / 1e9:,.1f} GB, shape {shape}",
            expected=f"at most {most / 1e9:,.1f} GB, an eighth of the memory",
            **where,
            fix="give a smaller network or smaller images, or a machine with more memory",
        )


@cache
def memory() -> float:
    """Return the memory of this machine, or what this process may have of it, in bytes."""
    try:
        available = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return float("inf")
    import resource

    bound = resource.getrlimit(resource.RLIMIT_AS)[0]  # of address space, as batch systems set it
    if bound != resource.RLIM_INFINITY:
        available = min(available, float(bound))
    for file in _LIMITS:
        try:
            available = min(available, float(file.read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return available

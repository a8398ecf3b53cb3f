"""What the table ``[cluster]`` of a file may tell a batch system of its jobs.

dask-jobqueue makes a shell script of it, in which a blank separates options. A file that a colleague sends
says how large and how long a job is, and where it waits; commands that a job runs are the user's own, in
``~/.config/dask/jobqueue.yaml``, which dask-jobqueue reads by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from bioscnn.errors import UserError

_SIZE = "[0-9]{1,12}[kKmMgGtT]?[iI]?[bB]?"
_COUNTS = "select|nodes|ncpus|ppn|procs|mpiprocs|ompthreads|ngpus|gpus"
_KINDS = "arch|system|host|vnode|model|cpu_type|cpu_model|gpu_type|gpu_model"
_RESOURCE = (
    f"(?:[0-9]{{1,9}}|(?:{_COUNTS})=[0-9]{{1,9}}|p?v?mem={_SIZE}|place=(?:free|pack|scatter|vscatter)"
    f"|excl|exclhost|shared|(?:{_KINDS})=[A-Za-z0-9_][A-Za-z0-9_.-]{{0,63}})"
)


@dataclass(frozen=True)
class _Values:
    """Values of a key: text that matches a pattern as a whole, numbers of these types, or both."""

    expected: str
    text: str | None = None
    numbers: tuple[type, ...] = ()

    def hold(self, value: object) -> bool:
        if isinstance(value, str):
            return self.text is not None and re.fullmatch(self.text, value) is not None
        return (
            type(value) in self.numbers and isinstance(value, int | float) and 0 < value and isfinite(value)
        )


_COUNT = _Values("a whole number, 1 or more", numbers=(int,))
_NAME = _Values(
    "one word of letters, digits and _.+-, which begins with a letter, a digit or _",
    "[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}",
)
_KEYS = {
    "cores": _COUNT,
    "processes": _COUNT,
    "job_cpu": _COUNT,
    "memory": _Values(
        'a number of bytes, or a size such as "2 GB"',
        r"[0-9]{1,12}(\.[0-9]{1,6})? ?[kKmMgGtT]?[iI]?[bB]?",
        (int, float),
    ),
    "job_mem": _Values('a size in one word, such as "2G"', _SIZE, (int,)),
    "walltime": _Values(
        'a time such as "01:30:00" or "2-00:00:00", or a whole number as the batch system takes it',
        "([0-9]{1,4}-)?[0-9]{1,9}(:[0-9]{1,2}){0,3}",
        (int,),
    ),
    "death_timeout": _Values(
        'a number of seconds, or text such as "60 s"',
        r"[0-9]{1,9}(\.[0-9]{1,6})? ?(s|seconds|minutes|hours)?",
        (int, float),
    ),
    "queue": _Values(
        f"{_NAME.expected}; or several, separated by commas", f"{_NAME.text}(,{_NAME.text}){{0,9}}"
    ),
    "account": _NAME,
    "project": _NAME,
    "job_name": _NAME,
    "interface": _Values(
        "the name of a network interface, such as eth0 or ib0", "[A-Za-z0-9_][A-Za-z0-9_.:-]{0,31}"
    ),
    "resource_spec": _Values(
        f"counts ({_COUNTS.replace('|', ', ')}), sizes (mem, pmem, vmem, pvmem), place "
        f"and kinds ({_KINDS.replace('|', ', ')}), such as "
        '"select=1:ncpus=4:mem=8GB"',
        f"{_RESOURCE}(?:[:,+]{_RESOURCE}){{0,19}}",
    ),
}

KEYS = tuple(_KEYS)
"""Keys of `dask_jobqueue.SLURMCluster` and `PBSCluster` that run no command and name no file."""


def cluster_options(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table ``[cluster]`` as keyword arguments of dask-jobqueue, whose texts are single words.

    Raises
    ------
    UserError
        If a key is none of `KEYS`, or a value is not of its kind.

    Examples
    --------
    >>> cluster_options({"queue": "short", "cores": 1, "death_timeout": "60 s"})
    {'queue': 'short', 'cores': 1, 'death_timeout': '60s'}
    """
    for key, value in table.items():
        if key not in _KEYS:
            raise UserError(
                "the table [cluster] of a file does not have this key",
                key=f"cluster.{key}",
                value=value,
                expected=" | ".join(KEYS),
                fix="write commands such as job_script_prologue, which run on the cluster, into your own "
                "~/.config/dask/jobqueue.yaml",
            )
        if not _KEYS[key].hold(value):
            raise UserError(
                f"not a valid {key} of a job",
                key=f"cluster.{key}",
                value=value,
                expected=_KEYS[key].expected,
                fix="write what is special to your cluster into your own ~/.config/dask/jobqueue.yaml",
            )
    return {key: value.replace(" ", "") if isinstance(value, str) else value for key, value in table.items()}

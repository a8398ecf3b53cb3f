"""What the table ``[cluster]`` of a file may tell a batch system of its jobs.

dask-jobqueue makes a shell script of it. A file that a colleague sends says how large and how long a job is,
and where it waits; commands that a job runs are the user's own, in ``~/.config/dask/jobqueue.yaml``, which
dask-jobqueue reads by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bioscnn.errors import UserError

KEYS = (
    "cores", "memory", "processes", "queue", "account", "project", "walltime", "resource_spec", "job_cpu",
    "job_mem", "job_name", "interface", "death_timeout",
)  # fmt: skip
"""Keys of `dask_jobqueue.SLURMCluster` and `PBSCluster` that run no command and name no file."""

_TEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.,:=+@-]{0,199}")


def cluster_options(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table ``[cluster]`` as keyword arguments of dask-jobqueue.

    Raises
    ------
    UserError
        If a key is none of `KEYS`, or a value is no number and no plain text.

    Examples
    --------
    >>> cluster_options({"queue": "short", "cores": 1})
    {'queue': 'short', 'cores': 1}
    """
    for key, value in table.items():
        if key not in KEYS:
            raise UserError(
                "the table [cluster] of a file does not have this key",
                key=f"cluster.{key}",
                value=value,
                expected=" | ".join(KEYS),
                fix="write commands such as job_script_prologue, which run on the cluster, into your own "
                "~/.config/dask/jobqueue.yaml",
            )
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number or (isinstance(value, str) and _TEXT.fullmatch(value))):
            raise UserError(
                "not a number or plain text for the script of a job",
                key=f"cluster.{key}",
                value=value,
                expected='a number, or text of letters, digits, spaces and _.,:=+@-, such as "01:00:00"',
            )
    return dict(table)

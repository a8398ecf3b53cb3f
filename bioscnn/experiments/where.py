"""Where units are computed, as it is asked for on the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bioscnn.errors import UserError

PATIENCE = 3600.0
"""Time for which jobs may wait in the queue of a batch system, s, if nothing else is said."""


@dataclass(frozen=True)
class Where:
    """Where units are computed.

    Parameters
    ----------
    jobs : int
        Processes of this machine (1: this one), or jobs of a batch system.
    dask : str or None
        Address of a Dask scheduler, such as ``"tcp://10.0.0.1:8786"``.
    batch : str or None
        ``"slurm"`` or ``"pbs"``.
    cluster : dict
        What the batch system is told of a job: keyword arguments of dask-jobqueue's cluster.
    patience : float
        Time for which jobs may wait in the queue while none runs, s.
    """

    jobs: int = 1
    dask: str | None = None
    batch: str | None = None
    cluster: Mapping[str, Any] = field(default_factory=dict)
    patience: float = PATIENCE

    def __post_init__(self) -> None:
        if self.dask is not None and not re.fullmatch(r"(\w+://)?[^\s/:]+:\d+", self.dask):
            raise UserError(
                "not the address of a Dask scheduler",
                key="--dask",
                value=self.dask,
                expected="what `dask scheduler` prints, such as tcp://10.0.0.1:8786",
            )


def where_to_compute(
    *,
    jobs: int | None = None,
    dask: str | None = None,
    slurm: int | None = None,
    pbs: int | None = None,
    cluster: Mapping[str, Any] | None = None,
    usual_jobs: int = 1,
    patience: float = PATIENCE,
) -> Where:
    """Return where units are computed, as it is asked for on the command line.

    Parameters
    ----------
    jobs, slurm, pbs : int, optional
        Processes of this machine, jobs of Slurm, jobs of PBS.
    dask : str, optional
        Address of a scheduler.
    cluster, patience
        As for `Where`.
    usual_jobs : int
        Processes of this machine if nothing is asked for.

    Raises
    ------
    UserError
        If two places are asked for, or the address is none.
    """
    options = {"--jobs": jobs, "--dask": dask, "--slurm": slurm, "--pbs": pbs}
    chosen = [option for option, value in options.items() if value is not None]
    if len(chosen) > 1:
        raise UserError(
            "only one of --jobs, --dask, --slurm and --pbs may be given", value=" ".join(chosen),
            fix="give one of them; a cluster has as many processes as it has workers",
        )  # fmt: skip
    batch = "slurm" if slurm is not None else "pbs" if pbs is not None else None
    return Where(slurm or pbs or jobs or usual_jobs, dask, batch, dict(cluster or {}), patience)

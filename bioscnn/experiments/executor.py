"""What an executor of units is, and how it says that a process or all of it is gone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from typing import Any, Protocol

from bioscnn.errors import UserError


class LostExecutorError(UserError):
    """All that computes is gone, such as the scheduler of a Dask cluster."""


def is_death(error: BaseException) -> bool:
    """Whether an exception of a unit says that the process that computed it has died."""
    return isinstance(error, BrokenExecutor)


def is_loss(error: BaseException) -> bool:
    """Whether an exception of a unit says that nothing is left to compute with."""
    return isinstance(error, LostExecutorError)


class Executor(Protocol):
    """What computes units."""

    @property
    def n(self) -> int:
        """Number of units that it computes at the same time, at least 1; of a cluster, it changes."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Compute ``function(*arguments)``.

        Returns
        -------
        concurrent.futures.Future
            Holds the result, or what the function raised. If `is_death` of its exception, a process died: of
            this unit, or of another that it took along. Call `renew` when no unit is left at work, and try
            each again.

        Raises
        ------
        BrokenExecutor
            If a process has died and `renew` was not called.
        LostExecutorError
            If nothing is left to compute with. Futures hold it too; nothing waits for ever.
        """

    def renew(self) -> None:
        """Replace processes that died."""

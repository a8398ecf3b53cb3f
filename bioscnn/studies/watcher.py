"""Who is told of long work that consists of many simulations."""

from __future__ import annotations

from typing import Protocol

from bioscnn.simulation import Progress
from bioscnn.simulation.simulate import Silent


class Watcher(Progress, Protocol):
    """Told what is being done, and how much of it there is; see `bioscnn.terminal.WorkProgress`."""

    def plan(self, work: float) -> None:
        """There is so much work in all."""

    def task(self, what: str, trials: int, work: float) -> None:
        """So many trials begin, so much of the work."""

    def skip(self, work: float) -> None:
        """So much of the work was done earlier."""


class Unwatched(Silent):
    """Long work that nobody watches."""

    def plan(self, work: float) -> None:
        """Do nothing."""

    def task(self, what: str, trials: int, work: float) -> None:
        """Do nothing."""

    def skip(self, work: float) -> None:
        """Do nothing."""

"""A copy of the process that looks through one HDF5 file after the other, for inputs by the thousand.

`bioscnn.hdf5` makes a copy for each file, which takes longer than the file does. Here the same code looks
through them in a copy that goes on until a file ends it: each has its own processor time, but the memory that
one may take is shared by all that a copy looks through.
"""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable
from multiprocessing import Pipe
from typing import Any

FILES = 2_000
"""Files of a copy at most: what the HDF5 library loses in damaged files is not the fault of the next one."""


class Standby:
    """Does the work that `bioscnn.forks.attempted` is given; to be put in its place in `bioscnn.hdf5`."""

    def __init__(self) -> None:
        self._process, self._left = 0, 0

    def attempted(self, work: Callable[[], list[Any]], seconds: int, wait: float) -> Any:
        """Return what `work` returns, or None if the copy died of it."""
        if not self._left:
            self._end()
            self._start()
        self._left -= 1
        try:
            self._answers.send((work, seconds))
            if self._answers.poll(wait):
                return self._answers.recv()
        except (OSError, EOFError):
            pass
        self._end()
        return None

    def _start(self) -> None:
        self._answers, asked = Pipe()
        self._process, self._left = os.fork(), FILES
        if not self._process:
            try:
                self._answers.close()
                while True:
                    work, seconds = asked.recv()
                    allowed = resource.getrlimit(resource.RLIMIT_CPU)[1]
                    resource.setrlimit(resource.RLIMIT_CPU, (round(time.process_time()) + seconds, allowed))
                    asked.send(work())
            finally:
                os._exit(0)
        asked.close()

    def _end(self) -> None:
        if self._process:
            self._answers.close()
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)
            self._process, self._left = 0, 0

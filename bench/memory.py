"""Peak memory of this process and of the programs that it starts, from Linux's /proc."""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self


def peak_of_this_process() -> float:
    """Return the peak resident memory of this process, MB (10^6 bytes).

    ``ru_maxrss`` survives exec, so it is at least the memory of the process that started this one: it is
    taken only where there is no ``/proc``.
    """
    return _peak("self") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


class ProgramsWatch:
    """Watches all processes that this one starts while it is entered, about 500 times a second.

    ``ru_maxrss`` of a child counts the memory of its parent too, from which it was forked; the high-water
    mark in ``/proc/<pid>/status`` begins anew with the program.

    Attributes
    ----------
    largest_mb, together_mb : float
        Peak of the largest child; the largest sum of the peaks of children that ran at one time; MB.
    """

    def __init__(self) -> None:
        self.largest_mb = self.together_mb = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.002):
            peaks = [_peak(child) for child in _descendants("self") if not _is_copy(child)]
            self.largest_mb = max(self.largest_mb, *peaks, 0.0)
            self.together_mb = max(self.together_mb, sum(peaks))


def _descendants(process: str) -> Iterator[str]:
    """Yield what a process has started, and what that has started: a shell guards each program."""
    with suppress(OSError):  # it has ended
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield child
                yield from _descendants(child)


def _is_copy(child: str) -> bool:
    """Return whether a process is forked, and not yet its program."""
    with suppress(OSError):  # it has ended
        return Path(f"/proc/{child}/exe").samefile("/proc/self/exe")
    return False


def _peak(process: str) -> float:
    """Return the high-water mark of a process, MB; 0 if it has ended or there is no ``/proc``."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    lines = (line.split() for line in status.splitlines() if line.startswith("VmHWM:"))
    return next((int(words[1]) * 1024 / 1e6 for words in lines), 0.0)

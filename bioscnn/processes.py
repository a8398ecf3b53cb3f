"""Child processes that end with the process that started them, however it ends.

A process that is killed (``kill -9``, out of memory) cannot tidy up, but the kernel closes its pipes. Here a
small shell holds the other end of one, and acts when it closes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

ORPHAN_SECONDS = 1
"""A worker process notices after at most this time that its parent is gone."""

# The shell leads a process group of its own. Its standard input is the pipe; that of the command is empty. It
# traps an interrupt that is sent to the group, so that it outlives the command and passes on its exit status.
_GUARDED = """
trap : INT
exec 3<&0
{ read -r _ <&3; kill -s KILL -- -$$; } >/dev/null 2>&1 &
"$@" 3<&- </dev/null
status=$?
{ kill $!; wait $!; } >/dev/null 2>&1
exit $status
"""

_LAST_WILL = """
trap : INT HUP TERM
own=$#
while read -r word; do set -- "$@" "$word"; done
[ $# -gt $own ] && exec "$@"
"""


@contextmanager
def guarded_process(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Start a program that is killed, with its children, if this process dies.

    It is killed too if an exception leaves the block; a block that ends otherwise waits for it. Any thread
    may call this, on Linux and macOS. It costs 1 ms.

    Parameters
    ----------
    command : sequence of str
        Program and arguments. It reads from ``/dev/null``.
    **options
        For `subprocess.Popen`, except ``stdin`` and ``start_new_session``.

    Yields
    ------
    subprocess.Popen
        The leader of a process group: ``os.killpg(process.pid, ...)`` sends a signal to program and children.
        Its session is its own, so that Ctrl-C does not reach it. The return code of a program that a signal
        ended is 128 + signal, as in a shell.
    """
    read_end, write_end = os.pipe()
    try:
        try:
            process = subprocess.Popen(
                ["/bin/sh", "-c", _GUARDED, "sh", *command],
                stdin=read_end,
                start_new_session=True,
                text=True,
                **options,
            )
        finally:
            os.close(read_end)
        with process:
            try:
                yield process
            except BaseException:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                raise
    finally:
        os.close(write_end)


def run_guarded(command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, and return its output and return code; as `guarded_process`."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with guarded_process(command, **pipes, **options) as process:
        output, errors = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


class LastWill:
    """A command that is called if this process dies without having revoked it.

    Parameters
    ----------
    command : sequence of str
        Program and first arguments, such as ``scancel``. It is called once, with all words that were added;
        not at all if there are none.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _LAST_WILL, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )

    def add(self, word: str) -> None:
        """Add a word to the command, such as the number of a job."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # somebody has killed the shell
            self._process.stdin.write(f"{word}\n")
            self._process.stdin.flush()

    def revoke(self) -> None:
        """Call the command no more."""
        self._process.kill()
        self._process.communicate()


def end_with(parent: int) -> None:
    """Let this process end soon after its parent, however that ends; its guarded processes end with it.

    Parameters
    ----------
    parent : int
        The parent's process id: the initializer of a pool of processes is given ``os.getpid()``.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(ORPHAN_SECONDS)
        os._exit(1)

    Thread(target=watch, daemon=True).start()

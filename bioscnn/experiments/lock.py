"""One process at a time works on an experiment, or on a shard of it."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bioscnn.errors import UserError
from bioscnn.files import unwritable_is_told
from bioscnn.locks import NO_LOCKS_HERE, held


@contextmanager
def locked(folder: Path, name: str = ".lock") -> Iterator[None]:
    """Hold the lock of a folder.

    The lock belongs to the process, and ends with it, however that ends: nothing has to be cleaned up. On a
    file system that knows no locks, nobody is excluded: two processes then measure the same twice.

    Raises
    ------
    UserError
        If another process holds it, naming that process; or if the folder cannot be written.
    """
    with unwritable_is_told(folder):
        descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    with held(descriptor):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                "another process is running this experiment",
                file=folder,
                value=_holder(descriptor),
                fix="wait until it is done, or stop it; what is computed is kept",
            ) from None
        except OSError as error:
            if error.errno not in NO_LOCKS_HERE:
                raise
        now = datetime.now(UTC).isoformat(timespec="seconds")
        holder = json.dumps({"process": os.getpid(), "host": socket.gethostname(), "since": now})
        with unwritable_is_told(folder):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, holder.encode(), 0)
        yield


def _holder(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, 1000, 0))
        return f"process {holder['process']} on {holder['host']}, since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        return "a process that has just begun"

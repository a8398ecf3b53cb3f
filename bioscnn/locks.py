"""Lock files: one process at a time does something, and a lock is free as soon as its holder is dead."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_LOCKS_HERE = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)
"""What a file system without locks answers."""

_held: set[int] = set()


def _forget_locks() -> None:
    """Close the locks of the process that this one is a copy of: they are to end with that one."""
    while _held:
        os.close(_held.pop())


os.register_at_fork(after_in_child=_forget_locks)


@contextmanager
def held(descriptor: int) -> Iterator[None]:
    """Own the descriptor of a locked file, which no copy of this process gets, and close it in the end."""
    _held.add(descriptor)
    try:
        yield
    finally:
        if descriptor in _held:
            _held.remove(descriptor)
            os.close(descriptor)


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold a lock file, and remove it in the end.

    It excludes other processes and other threads; on a file system that knows no locks, nobody.

    Parameters
    ----------
    path : Path
        Need not exist.
    wait : bool
        Whether to wait for the holder, if there is one, instead of giving up.

    Yields
    ------
    bool
        Whether the lock is held: always, if `wait`.

    Raises
    ------
    OSError
        If the file cannot be made, and `wait`.
    """
    try:
        descriptor = _take(path, wait)
    except OSError:
        if wait:
            raise
        yield False
        return
    with held(descriptor):
        try:
            yield True
        finally:
            path.unlink(missing_ok=True)


def _take(path: Path, wait: bool) -> int:
    """Return the descriptor of the locked file; OSError if another has it and is not waited for."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The last holder may have removed the file after this process had opened it.
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        except BaseException as error:
            if wait and isinstance(error, OSError) and error.errno in NO_LOCKS_HERE:
                return descriptor
            os.close(descriptor)
            raise
        os.close(descriptor)

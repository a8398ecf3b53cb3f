"""Units of work for tests of executors, in a module that a worker imports quickly."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from bioscnn.errors import UserError


def square(x: int) -> tuple[int, int]:
    return x * x, os.getpid()


def die_once(mark: Path) -> int:
    """Kill the process that computes this, the first time."""
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def die(_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(x: int) -> None:
    raise UserError("too many trials", key="dataset.trials", value=x)


def no_space(_: object) -> None:
    raise OSError(28, "No space left on device")


def wait_for(mark: Path) -> bool:
    with (mark.parent / "waiting").open("a") as file:
        file.write(f"{os.getpid()}\n")
    while not mark.exists():
        time.sleep(0.02)
    return True

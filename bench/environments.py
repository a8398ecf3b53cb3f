"""An environment a peer, made once from its pins."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / ".venv-bench"
CONSTRAINTS = Path(__file__).parent / "constraints"
OWN = ""
"""Name of the environment of bioscnn itself, which runs the harness."""


class AbsentError(Exception):
    """A contestant cannot take part; the message says why."""


def interpreter(name: str) -> Path:
    """Return the Python of an environment, made if need be.

    Every package is pinned in ``bench/constraints/<name>.txt``; none brings another one with it.

    Raises
    ------
    AbsentError
        If the packages cannot be had.
    """
    if name == OWN:
        return Path(sys.executable)
    folder, pins = ENVIRONMENTS / name, CONSTRAINTS / f"{name}.txt"
    python, ready = folder / "bin" / "python", folder / "ready"
    digest = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()
    if ready.is_file() and ready.read_text() == digest:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    options = ["--quiet", "--disable-pip-version-check", "--retries", "1", "--no-deps"]
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", *options, "--requirement", str(pins)],
    ):
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            lines = made.stderr.strip().splitlines() or ["no reason given"]
            raise AbsentError(f"its environment could not be made: {lines[-1]}")
    ready.write_text(digest)
    return python


def worker_environment(threads: int) -> dict[str, str]:
    """Return the environment variables of a worker: so many threads, and this copy of the code."""
    counts = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    return {**os.environ, **counts, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}

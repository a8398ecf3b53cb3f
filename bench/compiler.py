"""Compile the C programs of the benchmark."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from bioscnn.errors import UserError
from bioscnn.simulation.shape import processor

WIDTH = ["-mprefer-vector-width=512"] if "avx512_vbmi2" in processor() else []
FLAGS = ("-std=gnu11", "-O3", "-march=native", *WIDTH)
"""As long vectors as our own programs have; -ffast-math knows no infinities, which ``limit.c`` needs."""


def compile_c(source: Path, program: Path, *defines: str) -> Path:
    """Compile a C file with ``$CC``, by default ``cc``.

    Parameters
    ----------
    source : Path
        The file.
    program : Path
        Where the executable goes; its folder is made.
    *defines : str
        Further flags, such as ``"-DREAL=double"``.

    Returns
    -------
    Path
        The executable, absolute.

    Raises
    ------
    UserError
        If there is no compiler, or it fails.
    """
    program = program.absolute()
    program.parent.mkdir(parents=True, exist_ok=True)
    compiler = shlex.split(os.environ.get("CC", "cc"))
    command = [*compiler, *FLAGS, *defines, str(source), "-o", str(program), "-lm"]
    try:
        subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise UserError("no C compiler", key="CC", value=compiler[0], fix="run `bioscnn doctor`") from None
    except subprocess.CalledProcessError as error:
        message = error.stderr.strip()[-2000:]
        raise UserError("the C compiler failed", file=source, key="CC", value=message) from None
    return program

"""Compiled programs, cached on disk: one for each shape of network, reused for any weights and stimuli."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bioscnn.caches import cache_folder
from bioscnn.doctor import require_compiler
from bioscnn.errors import UserError
from bioscnn.simulation.genn_shape import GeNNShape
from bioscnn.simulation.shape import TEMPLATES, ProgramShape


@dataclass(frozen=True)
class Program:
    """A compiled program.

    Attributes
    ----------
    folder : Path
        Holds ``main`` and the arrays of the connectivity; the program runs in it and never writes to it.
    """

    folder: Path

    @property
    def executable(self) -> Path:
        """The program."""
        return self.folder / "main"

    @property
    def command(self) -> list[str]:
        """What runs it: brian2genn's main wants two arguments, of which no use is made."""
        return [str(self.executable), *(["test", "0"] if (self.folder / "test_output").is_dir() else [])]


def obtain(shape: ProgramShape) -> Program | None:
    """Return the cached program of a shape, or None."""
    folder = cache_folder() / "programs" / shape.key()
    return Program(folder) if (folder / "main").is_file() else None


def build(shape: ProgramShape) -> Program:
    """Compile the program of a shape, and cache it.

    Two processes may build the same program at once; the one that ends later keeps the other's.

    Raises
    ------
    UserError
        Without a compiler, if compilation fails, or if the cache folder is not writable.
    """
    require_compiler()
    programs = cache_folder() / "programs"
    final = programs / shape.key()
    try:
        programs.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=programs) as scratch:
            folder = Path(scratch) / "program"
            for command in _generate(shape, folder):
                made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
                if made.returncode != 0:
                    raise UserError(
                        "the C++ compiler could not build the network",
                        value=made.stderr.strip()[-2000:],
                        fix="run `bioscnn doctor`; if it finds nothing, report this message",
                    )
            for leftover in [*folder.rglob("*.o"), *folder.glob("*.gch")]:
                leftover.unlink()
            if not (final / "main").is_file():
                shutil.rmtree(final, ignore_errors=True)
                folder.replace(final)
    except OSError as error:
        if (final / "main").is_file():
            return Program(final)
        raise UserError(
            f"cannot keep the compiled program: {error.strerror}",
            file=programs,
            fix="free some space there, or set BIOSCNN_CACHE to a folder that has some",
        ) from error
    return Program(final)


def _generate(shape: ProgramShape, folder: Path) -> list[list[str]]:
    """Write the source of a program into a folder, and return the commands that compile it there."""
    parallel = f"-j{os.cpu_count() or 1}"
    if isinstance(shape, GeNNShape):
        from bioscnn.simulation.genn_build import build_model, generate_genn

        generate_genn(shape, folder)
        return [build_model(shape, folder), ["make", parallel]]
    from bioscnn.simulation.build import generate_source
    from bioscnn.simulation.translation_unit import join

    generate_source(shape, folder)
    sources = " ".join(join(folder))
    # Without DEPS, make does not preprocess every file once more to find what depends on what.
    return [["make", "-f", str(TEMPLATES / "precompiled.mk"), parallel, "DEPS=", f"SRCS={sources}"]]

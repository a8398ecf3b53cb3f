"""The source of a program of a shape, and the commands that compile it."""

from __future__ import annotations

import os
from pathlib import Path

from bioscnn.simulation.genn_shape import GeNNShape
from bioscnn.simulation.shape import ProgramShape

PARALLEL = f"-j{os.cpu_count() or 1}"
"""What tells make to use all cores."""


def write_source(shape: ProgramShape, folder: Path) -> list[list[str]]:
    """Write the source of a program into a folder, and return the commands that compile it there.

    GeNN turns what is written for it into more source, by the first of its commands.
    """
    if isinstance(shape, GeNNShape):
        from bioscnn.simulation.genn_build import build_model, generate_genn

        generate_genn(shape, folder)
        return [build_model(shape, folder), ["make", PARALLEL]]
    from bioscnn.simulation.build import generate_source

    generate_source(shape, folder)
    return [make_command(folder)]


def make_command(folder: Path) -> list[str]:
    """Return the command that compiles the source that Brian2 has written into a folder."""
    from bioscnn.simulation.translation_unit import join

    sources = " ".join(join(folder))
    # Without DEPS, make does not preprocess every file once more to find what depends on what.
    return ["make", PARALLEL, "DEPS=", f"SRCS={sources}"]

"""The code objects of a program in one file: the compiler reads headers and instantiates templates once."""

from __future__ import annotations

from pathlib import Path

SUPPORT = "////// SUPPORT CODE ///////\nnamespace {"
"""How `common_group.cpp` of Brian2 begins what a code object calls, the same names in each."""

SCOPE = "using namespace brian;"
"""The first statement of every function that Brian2 writes into a code object."""


def join(folder: Path) -> list[str]:
    """Write the code objects of a generated program into one file, and return what is to be compiled.

    The functions that support a code object go into a namespace of its own, and are looked up from there.
    For a network of four layers that is half the work of compiling its thirty files.

    Parameters
    ----------
    folder : Path
        Holds what `bioscnn.simulation.build.generate_source` has written.

    Returns
    -------
    list of str
        Paths of all sources, relative to the folder.
    """
    listed = next(line for line in (folder / "makefile").read_text().splitlines() if line.startswith("SRCS"))
    joined, others = [], []
    for source in listed.split()[2:]:
        if not source.startswith("code_objects/"):
            others.append(source)
            continue
        text, support = (folder / source).read_text(), f"{Path(source).stem}_support"
        text = text.replace(SUPPORT, SUPPORT.replace("namespace", f"namespace {support}"), 1)
        joined.append(text.replace(SCOPE, f"{SCOPE}\n    using namespace {support};"))
    (folder / "code_objects.cpp").write_text("\n".join(joined))
    return ["code_objects.cpp", *others]

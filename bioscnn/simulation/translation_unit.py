"""The code objects of a program in one file: the compiler reads headers and instantiates templates once."""

from __future__ import annotations

import re
from pathlib import Path

from bioscnn.identifiers import check_characters

SUPPORT = "////// SUPPORT CODE ///////\nnamespace {"
"""How `common_group.cpp` of Brian2 begins what a code object calls, the same names in each."""

SCOPE = "using namespace brian;"
"""The first statement of every function that Brian2 writes into a code object."""

_CODE_OBJECT = re.compile(r"code_objects/\w+\.cpp", re.ASCII)


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

    Raises
    ------
    UserError
        If a code object holds a character that no name or number of ours has, see `bioscnn.identifiers`.
    """
    makefile = _text(folder / "makefile").split("\n")
    listed = next(line for line in makefile if line.startswith("SRCS"))
    joined, others = [], []
    for source in listed.split()[2:]:
        if not _CODE_OBJECT.fullmatch(source):
            others.append(source)
            continue
        text, support = _text(folder / source), f"{Path(source).stem}_support"
        check_characters(text, source)
        text = text.replace(SUPPORT, SUPPORT.replace("namespace", f"namespace {support}"), 1)
        joined.append(text.replace(SCOPE, f"{SCOPE}\n    using namespace {support};"))
    (folder / "code_objects.cpp").write_bytes("\n".join(joined).encode())
    return ["code_objects.cpp", *others]


def _text(file: Path) -> str:
    """Return a file as it is: no line end is translated, so that Python and C++ see the same lines."""
    return file.read_bytes().decode()

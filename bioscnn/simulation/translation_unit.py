"""A program in two files, beside Brian2's own: headers are read and templates instantiated once for each."""

from __future__ import annotations

import re
from pathlib import Path

from bioscnn.identifiers import check_characters

SUPPORT = "////// SUPPORT CODE ///////\nnamespace {"
"""How `common_group.cpp` of Brian2 begins what a code object calls, the same names in each."""

SCOPE = "using namespace brian;"
"""The first statement of every function that Brian2 writes into a code object."""

ONCE = ("main.cpp", "objects.cpp", "run.cpp")
"""What runs only when the program starts and ends."""

_CODE_OBJECT = re.compile(r"code_objects/\w+\.cpp", re.ASCII)


def join(folder: Path) -> list[str]:
    """Write a generated program into two files, and return what is to be compiled.

    One has what runs in every step, the other what runs once, which is compiled with less optimisation (see
    ``cpp/two_files.mk``). The functions that support a code object go into a namespace of its own, and are
    looked up from there. For a network of four layers that is a third of the work of compiling its files.

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
    joined: dict[str, list[str]] = {"steps.cpp": [], "once.cpp": []}
    libraries = []
    for source in listed.split()[2:]:
        text = _text(folder / source)
        if _CODE_OBJECT.fullmatch(source):
            check_characters(text, source)
            support = f"{Path(source).stem}_support"
            text = text.replace(SUPPORT, SUPPORT.replace("namespace", f"namespace {support}"), 1)
            text = text.replace(SCOPE, f"{SCOPE}\n    using namespace {support};")
        elif source not in ONCE:
            libraries.append(source)  # their macros, such as N of Brian2 2.5's randomkit, are names of others
            continue
        joined["once.cpp" if source in ONCE else "steps.cpp"].append(text)
    for name, texts in joined.items():
        (folder / name).write_bytes("\n".join(texts).encode())
    return [*joined, *libraries]


def _text(file: Path) -> str:
    """Return a file as it is: no line end is translated, so that Python and C++ see the same lines."""
    return file.read_bytes().decode()

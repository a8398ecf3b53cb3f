"""A program in one file, without what it never calls: headers are read and templates instantiated once."""

from __future__ import annotations

import re
from pathlib import Path

from bioscnn.identifiers import check_characters

SUPPORT = "////// SUPPORT CODE ///////\nnamespace {"
"""How `common_group.cpp` of Brian2 begins what a code object calls, the same names in each."""

SCOPE = "using namespace brian;"
"""The first statement of every function that Brian2 writes into a code object."""

PROGRAM = "program.cpp"
"""The name of the file."""

JOINED = ("main.cpp", "network.cpp", "run.cpp")
"""What Brian2 writes beside code objects, `objects.cpp` and libraries."""

_CODE_OBJECT = re.compile(r"code_objects/\w+\.cpp", re.ASCII)

# One writes every array when the program ends, which it does by `exit` before; the other sets arrays by words
# of the command line, of which there are none. They are two thirds of the lines beside code objects.
_UNUSED = re.compile(
    r"^(void (?:_write_arrays|set_variable_by_name)\([^\n]*?\))\s*\{\n.*?^\}$", re.MULTILINE | re.DOTALL
)


def join(folder: Path) -> list[str]:
    """Write a generated program into one file, and return what is to be compiled.

    The functions that support a code object go into a namespace of its own, and are looked up from there.

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
    texts, libraries = [], []
    for source in listed.split()[2:]:
        text = _text(folder / source)
        if _CODE_OBJECT.fullmatch(source):
            check_characters(text, source)
            support = f"{Path(source).stem}_support"
            text = text.replace(SUPPORT, SUPPORT.replace("namespace", f"namespace {support}"), 1)
            text = text.replace(SCOPE, f"{SCOPE}\n    using namespace {support};")
        elif source == "objects.cpp":
            text = _UNUSED.sub(r"\1\n{\n}", text)
        elif source not in JOINED:
            libraries.append(source)  # their macros, such as N of Brian2 2.5's randomkit, are names of others
            continue
        texts.append(text)
    (folder / PROGRAM).write_bytes("\n".join(texts).encode())
    return [PROGRAM, *libraries]


def _text(file: Path) -> str:
    """Return a file as it is: no line end is translated, so that Python and C++ see the same lines."""
    return file.read_bytes().decode()

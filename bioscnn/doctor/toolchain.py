"""The C++ compiler and make, which Brian2's C++ device runs as the user's shell would."""

from __future__ import annotations

import shlex
import tempfile
import time
from pathlib import Path

from bioscnn.doctor.machine import Check, Environment, this_machine
from bioscnn.errors import UserError

_PROGRAM = """\
#include <cstdio>
#include <vector>
int main() {
    auto sum = [](const std::vector<int> &values) { int s = 0; for (int v : values) s += v; return s; };
    std::printf("%d\\n", sum({40, 2}));
}
"""
_INSTALL = {
    "debian": "sudo apt-get install g++ make",
    "fedora": "sudo dnf install gcc-c++ make",
    "rhel": "sudo dnf install gcc-c++ make",
    "arch": "sudo pacman -S gcc make",
    "suse": "sudo zypper install gcc-c++ make",
    "alpine": "sudo apk add g++ make",
}
_WITHOUT_ROOT = "conda install -c conda-forge cxx-compiler make"


def how_to_install(environment: Environment) -> str:
    """Return the command that brings a C++ compiler and make to this machine."""
    if environment.system == "Darwin":
        return "xcode-select --install"
    if environment.system == "Windows":
        return "use the Windows Subsystem for Linux: wsl --install"
    commands = [_INSTALL[name] for name in environment.distributions if name in _INSTALL]
    return f"{commands[0]} (without root: {_WITHOUT_ROOT})" if commands else _WITHOUT_ROOT


def compiler_command(environment: Environment) -> list[str]:
    """Return the compiler that make would call: $CXX, else make's own default."""
    default = "c++" if environment.system == "Darwin" else "g++"
    return shlex.split(environment.variables.get("CXX", "")) or [default]


def locate_compiler(environment: Environment) -> Check:
    """Look for the compiler without running it."""
    program = compiler_command(environment)[0]
    path = environment.which(program)
    if path is not None:
        return Check("C++ compiler", "ok", path)
    if environment.variables.get("CXX"):
        fix = "unset CXX, or set it to a compiler on the PATH"
        return Check("C++ compiler", "broken", f"CXX={program} is not on the PATH", fix)
    others = [compiler for compiler in ("c++", "clang++", "g++") if environment.which(compiler)]
    fix = f"export CXX={others[0]}" if others else how_to_install(environment)
    return Check("C++ compiler", "missing", f"no {program} on the PATH", fix)


def locate_make(environment: Environment) -> Check:
    """Look for make, which Brian2's C++ device calls by this name."""
    path = environment.which("make")
    if path is not None:
        return Check("make", "ok", path)
    return Check("make", "missing", "no make on the PATH", how_to_install(environment))


def try_compiler(environment: Environment) -> Check:
    """Compile and run a small C++11 program."""
    located = locate_compiler(environment)
    if located.status != "ok":
        return located
    command = compiler_command(environment)
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "doctor.cpp"), Path(folder, "doctor")
        source.write_text(_PROGRAM)
        start = time.perf_counter()
        compiled = environment.run([*command, "-std=c++11", "-O2", str(source), "-o", str(program)])
        if compiled.returncode != 0:
            problem = f"{located.found} fails: {_first_line(compiled.stderr)}"
            return Check("C++ compiler", "broken", problem, how_to_install(environment))
        ran = environment.run([str(program)])
        seconds = time.perf_counter() - start
    if ran.stdout.strip() != "42":
        problem = f"{located.found} compiles, but the program does not run: {_first_line(ran.stderr)}"
        return Check("C++ compiler", "broken", problem, "set TMPDIR to a folder where programs may run")
    version = _first_line(environment.run([*command, "--version"]).stdout)
    return Check("C++ compiler", "ok", f"{located.found} ({version}), built and ran in {seconds:.1f} s")


def require_compiler(environment: Environment | None = None) -> None:
    """Refuse at once, before anything is built, where a C++ build cannot succeed.

    Only looks for the programs, which takes no time; `try_compiler` runs them.

    Raises
    ------
    UserError
        If there is no C++ compiler or no make; the fix is the command that installs them.
    """
    environment = environment or this_machine()
    for check in (locate_compiler(environment), locate_make(environment)):
        if check.status != "ok":
            raise UserError(
                f"no {check.name} for the C++ device",
                key="simulation.device",
                value=check.found,
                fix=f'{check.fix}; or set simulation.device = "numpy", which is slow and needs neither',
            )


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[0]

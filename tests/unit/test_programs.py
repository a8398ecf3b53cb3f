"""Compiled programs: made once, by one process, whoever is killed meanwhile."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bioscnn.errors import UserError
from bioscnn.simulation.program import Program, build, obtain
from tests.processes import descendants, gone_soon, lines_soon, python

MAKEFILE = """
main: main.cpp
\techo $$PPID >> ../../../../started
\tg++ -O2 main.cpp -o main
"""
NEEDS_A_SECOND = '#include <regex>\nint main() { return std::regex("a+").flags(); }'
BUILDS = "from tests.unit.test_programs import compile_simple; print(compile_simple().folder.name)"


class Simple:
    """In place of a `ProgramShape`: a program of one file."""

    arguments = ()

    def key(self) -> str:
        return "0123456789abcdef"


def compile_simple(code: str = NEEDS_A_SECOND) -> Program:
    def write(_: object, folder: Path) -> list[list[str]]:
        folder.mkdir()
        (folder / "main.cpp").write_text(code)
        (folder / "makefile").write_text(MAKEFILE)
        return [["make"]]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bioscnn.simulation.program.write_source", write)
        return build(Simple())


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path / "cache"))
    return tmp_path


def builder() -> subprocess.Popen[str]:
    return python(BUILDS, stdout=subprocess.PIPE)


def test_of_several_processes_one_compiles_and_if_it_is_killed_the_next_does(cache):
    killed = builder()
    (first,) = lines_soon(cache / "started", 1)
    compiling = [first, *descendants(first)]
    others = [builder(), builder()]
    for process in others:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
    killed.kill()
    killed.communicate()
    assert gone_soon(compiling)
    assert [process.communicate(timeout=60)[0] for process in others] == [f"{Simple().key()}\n"] * 2
    assert len(lines_soon(cache / "started", 2)) == 2, "the killed one and one of the others"
    assert [path.name for path in (cache / "cache" / "programs").iterdir()] == [Simple().key()]
    program = obtain(Simple())
    assert program is not None and subprocess.run(program.command).returncode == 16


def test_a_program_that_does_not_compile_is_told_and_leaves_nothing(cache):
    with pytest.raises(UserError, match="could not build") as error:
        compile_simple("int main() { return x; }")
    assert "‘x’ was not declared" in error.value.value or "'x'" in error.value.value
    assert not list((cache / "cache" / "programs").iterdir()) and obtain(Simple()) is None

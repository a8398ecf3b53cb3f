"""What a missing package is answered with."""

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from bioscnn.extras import how_to_install

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder, typed", [("venv/bin", "pip"), ("elsewhere/bin", "venv/bin/python -m pip")])
def test_a_package_is_installed_into_the_environment_that_lacks_it(folder, typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv/bin/python"))
    monkeypatch.setattr(shutil, "which", lambda name: str(Path(tmp_path, folder, name)))
    command, _, extra = how_to_install("nwb").removeprefix("`").partition("` ")
    assert shlex.split(command)[:-1] == [*typed.split(), "install"] and "nwb" in extra
    assert shlex.split(command)[-1].startswith("pynwb>=")


def test_every_extra_that_an_error_names_has_a_command_with_its_packages():
    named = set()
    for path in ROOT.glob("bioscnn/**/*.py"):
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r"how_to_install\(['\"](\w+)['\"]\)", text))
        named |= set(re.findall(r'require\("[^"]*", "(\w+)"', text))
    assert {"train", "export", "nwb", "sensitivity", "distributed"} <= named
    for extra in named:
        command = how_to_install(extra).split("`")[1]
        assert "bioscnn[" not in command and shlex.split(command)[-1]
    page = (
        (ROOT / "docs" / "questions.md")
        .read_text(encoding="utf-8")
        .partition('### "training needs torch"')[2]
    )
    assert all(f"`{extra}`" in page.partition("###")[0] for extra in named)

"""What a missing package is answered with."""

import shutil
import sys
from pathlib import Path

import pytest

from bioscnn.extras import how_to_install


@pytest.mark.parametrize("folder, typed", [("venv/bin", "pip"), ("elsewhere/bin", "venv/bin/python -m pip")])
def test_a_package_is_installed_into_the_environment_that_lacks_it(folder, typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv/bin/python"))
    monkeypatch.setattr(shutil, "which", lambda name: str(Path(tmp_path, folder, name)))
    assert how_to_install("nwb").startswith(f"{typed} install ")

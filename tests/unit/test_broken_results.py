"""A file of a run that is wrong in odd ways ends in one error that names it and the key.

The files are those of ``tests/cases``, or of the folder that ``BIOSCNN_CASES`` names.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from bioscnn.errors import UserError
from bioscnn.report.folder import read_run
from bioscnn.report.run_page import run_page
from bioscnn.studies.compare import compare_runs
from tests.browser.conftest import write_made_up_run
from tests.runs import recorded, write_run

CASES = Path(os.environ.get("BIOSCNN_CASES", Path(__file__).parents[1] / "cases")) / "broken-results"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run for each command that reads runs."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "made-up").mkdir()
    return {
        "report": write_made_up_run(folder / "made-up", 12),
        "compare": write_run(folder / "recorded", recorded(12)),
    }


def read(command: str, run: Path, whole: Path) -> object:
    return run_page(read_run(run)) if command == "report" else compare_runs(whole, run)


@pytest.mark.parametrize(
    "file", sorted(CASES.glob("*/*.json")), ids=lambda file: f"{file.parent.name}-{file.stem}"
)
def test_a_broken_file_of_a_run_is_named_with_its_key(whole, tmp_path, file):
    command, (_, name) = file.parent.name, file.name.split(".", 1)
    run = shutil.copytree(whole[command], tmp_path / "run")
    assert read(command, run, whole[command])
    shutil.copy(file, run / name)
    with pytest.raises(UserError) as refused:
        read(command, run, whole[command])
    assert Path(refused.value.file) == run / name and refused.value.key

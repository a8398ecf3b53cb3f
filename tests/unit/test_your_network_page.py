"""What docs/your-network.md shows runs from top to bottom, and its questions quote what is said."""

import contextlib
import io
import re
import shlex
import shutil
import subprocess
import tomllib
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest

from bioscnn.studies.study import read_study
from tests.cli.test_commands import BIOSCNN

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "your-network.md").read_text(encoding="utf-8")


def blocks(language):
    """The blocks of a language on the page."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the studies, in which all blocks of Python have run; those of Keras if it is there."""
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(ROOT / "sims", folder / "sims")
    names: dict[str, object] = {}
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(io.StringIO()) as printed,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # that there is a newer exporter
        for block in blocks("python"):
            if all(name not in block or find_spec(name) for name in ("keras", "nir")):
                exec(compile(block, "your-network.md", "exec"), names)
    (folder / "printed").write_text(printed.getvalue())
    return folder


def test_every_block_of_python_runs(folder):
    printed = (folder / "printed").read_text()
    assert "MaxPool2d of" in printed and "readout (10,)" in printed
    assert "my-network.onnx" in {path.name for path in folder.iterdir()}


@pytest.mark.slow
@pytest.mark.parametrize("line", [line for block in blocks("bash") for line in block.splitlines()])
def test_every_line_of_the_shell_runs(folder, line):
    """With two trials of 10 ms in place of five thousand of as long as it takes."""
    words = shlex.split(line, comments=True)
    if words[1] == "run":
        words += ["--trials", "2", "--set", "simulation.duration=10 ms"]
    if "keras" in line and not find_spec("keras"):
        pytest.skip("needs Keras to make the file")
    done = subprocess.run([BIOSCNN, *words[1:]], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", blocks("toml"))
def test_the_tables_of_a_study_are_read(folder, block):
    if "my-network.nir" in block:
        pytest.importorskip("nir")
    tables = tomllib.loads(block)
    changes = [f"{table}.{key}={value}" for table, keys in tables.items() for key, value in keys.items()]
    with contextlib.chdir(folder):
        config = read_study(folder / "sims" / "mnist.toml", changes).config
    for table, keys in tables.items():
        assert set(keys) <= getattr(config, table).model_fields_set


@pytest.mark.parametrize("quoted", re.findall(r'^### "(.*)"$', PAGE, flags=re.MULTILINE))
def test_what_a_question_quotes_is_what_the_code_says(quoted):
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "bioscnn").rglob("*.py"))
    said = re.sub(r"\{[^{}]*\}", "{}", source)
    pattern = re.escape(quoted)
    for word in (".pt files", "1", "QuantizeLinear", "Softmax"):
        pattern = pattern.replace(re.escape(word), rf"(?:{re.escape(word)}|\{{\}})")
    assert re.search(pattern, said), quoted

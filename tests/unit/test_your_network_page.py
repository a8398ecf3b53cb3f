"""The Python of docs/your-network.md runs from top to bottom, and its questions quote what is said."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "your-network.md").read_text(encoding="utf-8")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_block_of_python_runs(tmp_path, monkeypatch, capsys):
    pytest.importorskip("torch")
    pytest.importorskip("nir")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "your-network.md", "exec"), names)
    printed = capsys.readouterr().out
    assert len(blocks) == 3
    assert "MaxPool2d of" in printed


@pytest.mark.parametrize("quoted", re.findall(r'^### "(.*)"$', PAGE, flags=re.MULTILINE))
def test_what_a_question_quotes_is_what_the_code_says(quoted):
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "bioscnn").rglob("*.py"))
    said = re.sub(r"\{[^{}]*\}", "{}", source)
    pattern = re.escape(quoted)
    for word in ("6", "1", "QuantizeLinear", "Softmax"):
        pattern = pattern.replace(re.escape(word), rf"(?:{re.escape(word)}|\{{\}})")
    assert re.search(pattern, said), quoted

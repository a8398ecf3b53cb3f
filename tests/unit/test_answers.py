"""Answers of a trained network are kept, and are those of this network to these examples."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from bioscnn import fingerprint
from bioscnn.ann import LayerGraph, read_model
from bioscnn.fingerprint import closure, code_of_modules, hash_of_code
from bioscnn.studies import read_study
from bioscnn.studies.answers import answers
from bioscnn.studies.image_input import ImageInput
from bioscnn.studies.prepare import load

STUDY = Path(__file__).parents[2] / "sims" / "mnist.toml"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path))
    return tmp_path


def shown(*changes: str) -> ImageInput:
    loaded = load(read_study(STUDY, ["dataset.trials=20", *changes]), None).input
    assert isinstance(loaded, ImageInput)
    return loaded


def test_a_network_answers_once_until_it_or_what_it_is_shown_changes(cache: Path, monkeypatch):
    graph, digits = read_model("mnist-small"), shown()
    computed: list[LayerGraph] = []
    forward = LayerGraph.forward
    monkeypatch.setattr(LayerGraph, "forward", lambda self, x: computed.append(self) or forward(self, x))
    first = answers(graph, digits)
    assert np.array_equal(answers(graph, shown("neuron.tau_m=10 ms", "simulation.duration=20 ms")), first)
    assert computed == [graph]
    answers(read_model("mnist-small-relu"), digits)
    answers(graph, shown("noise.gaussian-noise.severity=5"))
    answers(graph, shown("dataset.trials=21"))
    assert len(computed) == 4
    for file in cache.rglob("*.npz"):
        file.write_bytes(b"half of it")
    assert np.array_equal(answers(graph, digits), first) and len(computed) == 5
    for other in (np.float64(3.0), first * 0.5, first[:, None]):
        for file in cache.rglob("*.npz"):
            np.savez(file, **{"class": other})
        assert np.array_equal(answers(graph, digits), first)
    assert len(computed) == 8


def test_a_kept_hash_of_code_is_that_of_the_code(cache: Path):
    expected = hash_of_code(closure(["bioscnn.readout"]))
    for _ in range(2):
        code_of_modules.cache_clear()
        assert code_of_modules("bioscnn.readout") == expected
    assert len(list((cache / "code").iterdir())) == 1


def test_the_hash_of_a_module_of_ones_own_is_kept_until_its_file_changes(tmp_path: Path, cache, monkeypatch):
    file = tmp_path / "measure_of_mine.py"
    file.write_text("from bioscnn.readout import decisions\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module(file.stem)
    for text, kept in (("", 1), ("", 1), ("MINE = 1\n", 2)):
        file.write_text(file.read_text() + text)
        code_of_modules.cache_clear()
        assert code_of_modules(file.stem) != code_of_modules("bioscnn.readout")
        assert len(list((cache / "code").iterdir())) == kept + 1


def test_what_cannot_change_a_number_does_not_change_the_hash_of_code(tmp_path: Path, monkeypatch):
    file = tmp_path / "measure_to_edit.py"
    monkeypatch.syspath_prepend(tmp_path)
    text = '''
def mean(rates: list, kept: set) -> float:
    """Return the mean."""
    if not rates:
        raise ValueError("no rates")
    total = sum(rate for rate in rates if rate not in {"a", "b"})
    return total / len(rates)
'''
    file.write_text(text)
    importlib.import_module(file.stem)

    def code_after(old: str, new: str) -> str:
        assert text.count(old)
        file.write_text(text.replace(old, new))
        for kept in (
            code_of_modules,
            fingerprint._tree,
            fingerprint._instructions,
            fingerprint._import_nodes,
        ):
            kept.cache_clear()
        return code_of_modules(file.stem)

    before = code_after("mean", "mean")
    for old, new in [
        ("total", "added"), ("rate ", "one "), ("no rates", "nothing fired"), ("Return", "Sum"),
        (": list", ": tuple"), (" -> float", ""), ("    if", "    # why\n    if"),
    ]:  # fmt: skip
        assert code_after(old, new) == before, old
    for old, new in [
        ("/", "*"), ("rates", "given"), ("mean", "average"), ("not in", "in"), ('"a"', '"c"'),
        ("Value", "Key"),
    ]:  # fmt: skip
        assert code_after(old, new) != before, old

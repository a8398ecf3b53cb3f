"""Names of folders of results: readable, safe for file systems, bounded."""

import re
from pathlib import Path

import pytest

from bioscnn.studies import read_study
from bioscnn.studies.naming import LONGEST, label_of, result_folder

SIMS = Path(__file__).parents[2] / "sims"


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ([], "as-written"),
        (['neuron.t_ref="2 ms"'], "as-written"),
        (["simulation.jobs=1"], "as-written"),
        (["neuron.t_ref=5 ms", "dataset.trials=500"], "t_ref-5-ms-trials-500"),
        (
            ["neuron.model=adaptive-lif", "synapse.model=conductance"],
            "neuron-adaptive-lif-and-1-more",
        ),
        (
            ["network.model=mnist-small-relu", f"neuron.model={SIMS / 'neurons/exponential.toml'}"],
            "neuron-exponential-and-1-more",
        ),
        (["noise.weight-noise.severity=3"], "weight-noise-severity-3"),
        (["network.model=results/models/my net.onnx"], "network-my-net"),
    ],
)
def test_a_folder_names_the_keys_that_differ_from_the_study_file(changes: list[str], label: str):
    assert read_study(SIMS / "mnist.toml", changes).label == label


@pytest.mark.parametrize(
    "value", ["../../etc", "a/b\\c", '*?"<>|:', "ü" * 300, "x" * 300, "", "..", " . ", "a\nb", "\x00"]
)
@pytest.mark.parametrize("n_keys", [1, 2, 30])
def test_any_value_makes_a_name_that_is_safe_and_short(value: str, n_keys: int):
    label = label_of([(f"neuron.key_{k}", value) for k in range(n_keys)])
    assert re.fullmatch(r"[A-Za-z0-9_+][A-Za-z0-9_.+-]*", label) and not label.endswith(".")
    assert len(label) <= LONGEST


def test_changes_that_find_no_room_are_counted():
    label = label_of([(f"neuron.parameter_{k}", "10 ms") for k in range(10)])
    assert label == "parameter_0-10-ms-and-9-more"


def test_the_same_results_in_other_words_have_one_folder(tmp_path: Path):
    first = result_folder(tmp_path, "t_ref-5-ms", "1a2b")
    assert first == tmp_path / "t_ref-5-ms-1a2b"
    first.mkdir()
    assert result_folder(tmp_path, "as-written", "1a2b") == first
    assert result_folder(tmp_path, "as-written", "3c4d") == tmp_path / "as-written-3c4d"

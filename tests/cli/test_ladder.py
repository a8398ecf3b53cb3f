"""What the verb `ladder` refuses, and how it tells."""

import pytest

from tests.cli.test_commands import STUDY
from tests.program import assert_refused, bioscnn


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--neuron", "nothing.toml"), ("no such file of a neuron", "nothing.toml")),
        (("--set", "network.model=mnist-foveal"), ("network.model", "mnist-small-relu")),
        (("--trials", "50000"), ("dataset.trials", "at most 5000")),
    ],
)
def test_what_does_not_fit_is_told_before_any_work(tmp_path, words, told):
    assert_refused(bioscnn(tmp_path, "ladder", STUDY, *words), *told)
    assert not (tmp_path / "results").exists()

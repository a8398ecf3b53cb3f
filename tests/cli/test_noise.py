"""What the verb `noise` refuses, and how it tells."""

import pytest

from tests.cli.test_commands import RECORDINGS, STUDY
from tests.program import assert_refused, bioscnn


@pytest.mark.parametrize(
    ("study", "words", "told"),
    [
        (STUDY, ("--kinds", "gausian-noise"), ("unknown noise", "gaussian-noise")),
        (STUDY, ("--kinds", "blur,event-loss"), ("event-loss", "images, not recordings")),
        (RECORDINGS, ("--kinds", "blur"), ("blur", "recordings, not images")),
        (STUDY, ("--set", "noise.blur.severity=2"), ("adds noise itself", "blur", "--kinds")),
        (STUDY, ("--trials", "50000"), ("dataset.trials", "at most 5000")),
    ],
)
def test_what_does_not_fit_is_told_before_any_work(tmp_path, study, words, told):
    assert_refused(bioscnn(tmp_path, "noise", study, *words), *told)
    assert not (tmp_path / "results").exists()

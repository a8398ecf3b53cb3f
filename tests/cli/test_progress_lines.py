"""What a log says of a long run, where no bar can be drawn."""

from __future__ import annotations

import re
from itertools import count

import pytest

from bioscnn.terminal import LiveProgress


@pytest.mark.parametrize("total", [100, None])
def test_every_minute_a_line_says_how_many_trials_are_done_and_how_long_the_others_take(
    total, monkeypatch, capsys
):
    clock = count(step=20)  # s, at each look
    monkeypatch.setattr("bioscnn.terminal.perf_counter", lambda: next(clock))
    with LiveProgress(total) as progress:
        progress.stage("simulating")
        for _ in range(16):
            progress.trial()
    said = [re.findall(r"\d+", line) for line in capsys.readouterr().err.splitlines() if "trials" in line]
    # 20 s a trial: after 4 of 100 trials, 80 s have passed and 96 * 20 s = 32 min are left.
    expected = [["4", "100", "32"], ["8", "100", "31"], ["12", "100", "29"], ["16", "100", "28"]]
    assert said == (expected if total else [row[:1] for row in expected])

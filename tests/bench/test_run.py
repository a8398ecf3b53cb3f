"""The harness from its command line to its tables, with bioscnn alone, which needs no other environment."""

import json

import pytest

from bench.environments import AbsentError
from bench.measure import Worker
from bench.roster import Entry
from bench.run import _parser, command_of, main


@pytest.mark.slow
def test_a_dry_run_without_peers_measures_bioscnn_in_both_tables(tmp_path, capsys):
    words = ["--quick", "--size", "small", "--split", "validation", "--only", "nobody"]
    assert main([*words, "--results", str(tmp_path)]) == 0
    summary = json.loads((tmp_path / "bench" / "summary.json").read_text())
    detailed, plain = summary["rows"]
    assert (detailed["table"], plain["table"]) == ("equal-accuracy", "same-model")
    for row in (detailed, plain):
        assert len(row["rates"]) == summary["rounds"] == 2
        assert 0 < row["images_per_second"]["low"] <= row["images_per_second"]["high"]
        assert row["ratio_to_bioscnn"] == {"median": 1, "low": 1, "high": 1}
        assert row["accuracy"]["value"] > 0.97 and row["accuracy"]["n"] == 500
        # The program is watched by itself: it holds no interpreter.
        assert 1 < row["program_peak_mb"] < 60 < row["process_peak_mb"] < row["peak_mb"]
    assert plain["spikes_per_image"] > detailed["spikes_per_image"] > 500
    assert summary["absent"] == []
    assert "bioscnn, 2 processes | `mnist-small`" in (tmp_path / "bench" / "table.md").read_text()
    assert "left for these networks" in capsys.readouterr().out


def test_the_command_of_a_summary_says_which_simulators_and_images_were_measured():
    words = ["--quick", "--size", "nmnist", "--size", "vgg", "--only", "by hand", "--split", "validation"]
    assert command_of(_parser().parse_args(words)) == (
        "python -m bench.run --quick --size nmnist --size vgg --only 'by hand' --split validation"
    )
    assert command_of(_parser().parse_args([])) == "python -m bench.run"


@pytest.mark.parametrize("words", [["--quick"], ["--only", "torch"], ["--only", "neurons"]])
def test_a_document_is_not_filled_with_a_part_of_the_measurement(words, tmp_path, capsys):
    page = tmp_path / "speed.md"
    page.write_text("before")
    with pytest.raises(SystemExit) as stopped:
        main([*words, "--docs", str(page)])
    assert stopped.value.code == 2 and page.read_text() == "before"
    assert (
        "--docs takes all simulators and all rounds: leave --only and --quick out" in capsys.readouterr().err
    )


@pytest.mark.slow
def test_a_contestant_that_cannot_be_loaded_is_absent_and_says_why(tmp_path):
    entry = Entry("nobody", "small", "nothing", "bench.contestants.nobody")
    with pytest.raises(AbsentError, match=r"No such file or directory.*problem\.json"):
        Worker(entry, tmp_path, tmp_path / "logs", threads=1)

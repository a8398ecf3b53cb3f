"""The command line of what measures commands as they are typed."""

import sys

import pytest

from bench.start import main


def test_words_of_no_command_are_refused_with_the_names_that_there_are(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench.start", "--only", "nothing"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "--only: no command has such a word: help, run, 5,000 digits" in capsys.readouterr().err

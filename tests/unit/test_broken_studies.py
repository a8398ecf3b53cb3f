"""Study files that are wrong in odd ways end in one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from bioscnn.errors import UserError
from bioscnn.noise import NOISES
from bioscnn.studies import read_study
from bioscnn.studies.config import StudyConfig
from bioscnn.toml import parse_toml

SIMS = Path(__file__).parents[2] / "sims"

KEYS = [
    f"{table}.{key}"
    for table, field in StudyConfig.model_fields.items()
    if table != "noise"
    for key in (*field.annotation.model_fields, "nope")
] + [f"noise.{name}.{key}" for name, kind in NOISES.items() for key in (kind.parameter(), "severity", "nope")]

VALUES = [
    '"1e999999999 ms"',
    '"nan ms"',
    '"-1 ms"',
    '"inf s"',
    "nan",
    "inf",
    "9" * 400,
    "9" * 5000,
    "-" + "9" * 400,
    "0x" + "f" * 5000,
    "1e400",
    "1e300",
    "1e-400",
    '""',
    '"\\u0000"',
    "[]",
    "[[]]",
    "{a = 1}",
    "true",
    "1979-05-27",
    "[99999999999999999999, 3]",
    '"/dev/null"',
    '"\\u0000.toml"',
    '"1e15 ms"',
    '"1e-20 s"',
    "-1",
    "[" * 1500 + "]" * 1500,
    '"' + "a" * 5000 + '"',
]


@pytest.mark.parametrize("study", ["mnist", "nmnist", "caltech"])
@pytest.mark.parametrize("value", VALUES, ids=lambda value: value[:16])
def test_a_value_is_taken_or_refused_with_its_key(study, value):
    for key in KEYS:
        try:
            taken = read_study(SIMS / f"{study}.toml", [f"{key}={value}"])
        except UserError as error:
            assert error.problem and len(str(error)) < 10_000
        else:
            assert parse_toml(taken.toml())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dataset.scale", "1e308"),
        ("dataset.mean", "1e308"),
        ("dataset.std", "1e-308"),
        ("network.weight_scale", "1e-300"),
        ("simulation.jobs", "1000000000"),
    ],
)
def test_a_number_that_no_single_precision_or_machine_has_is_refused_by_its_key(key, value):
    with pytest.raises(UserError) as raised:
        read_study(SIMS / "mnist.toml", [f"{key}={value}"])
    assert raised.value.key.startswith(key)


def test_whole_numbers_have_64_bits():
    assert parse_toml(f"x = {2**63 - 1}") == {"x": 2**63 - 1}
    for text in (
        f"x = {2**63}",
        f"x = [[{{ y = -{2**64} }}]]",
        "x = 0x" + "f" * 5000,
        "x = " + "[" * 5000 + "]" * 5000,
    ):
        with pytest.raises(UserError, match="not a TOML file"):
            parse_toml(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("a" + ".a" * 100_000 + " = 1", "too many points"), ("# " + "a" * 300_000, "too long")],
)
def test_a_study_that_would_take_python_minutes_to_parse_is_refused(tmp_path, text, problem):
    """Of a key of 32,000 parts, 64 kB, it took 11 s, and four times as long for twice as many."""
    study = tmp_path / "study.toml"
    study.write_text(text)
    with pytest.raises(UserError, match=problem) as raised:
        read_study(study)
    assert raised.value.file == study
    assert parse_toml("x = [" + "0.5, " * 500 + "]") == {"x": [0.5] * 500}


def test_a_carriage_return_alone_ends_no_line_and_hides_none(tmp_path):
    file = tmp_path / "study.toml"
    for text in (b"[dataset]\rtrials = 7\r", b"[dataset]\n# a comment\rtrials = 7\n"):
        file.write_bytes(text)
        with pytest.raises(UserError, match="a carriage return alone") as raised:
            read_study(file)
        assert raised.value.file == file


def test_a_study_may_come_from_windows(tmp_path):
    file = tmp_path / "study.toml"
    file.write_bytes(b"\xef\xbb\xbf[dataset]\r\ntrials = 7\r\n")
    assert read_study(file).config.dataset.trials == 7


def test_an_error_controls_no_terminal_and_is_no_book():
    text = str(
        UserError(
            "bad \x1b[31mred", file="a\u202eb.toml", key="k\r" * 10**5, value="x" * 10**6, fix="one\ntwo"
        )
    )
    assert all(character.isprintable() or character == "\n" for character in text)
    lines = str(UserError("no\nfile", file="a\nb.toml", key="k\nl", expected="c\nd", fix="one\ntwo"))
    assert [line.strip() for line in lines.splitlines()] == [
        "no\\nfile", "file:     a\\nb.toml", "key:      k\\nl", "expected: c\\nd", "fix:      one", "two",
    ]  # fmt: skip
    assert "\\x1b[31mred" in text and len(text) < 9000
    assert "very many digits" in str(UserError("large", value=10**5000))
    assert len(str(UserError(f"{'x' * 10**5} is no unit"))) < 10_000

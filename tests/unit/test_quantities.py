import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioscnn.errors import UserError
from bioscnn.quantities import format_quantity, parse_any_quantity, parse_quantity, plain_number


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("20 ms", "time", 0.02),
        ("0.1ms", "time", 1e-4),
        ("1e2 us", "time", 1e-4),
        ("5 µs", "time", 5e-6),
        ("-65 mV", "voltage", -0.065),
        ("100 Mohm", "resistance", 1e8),
        ("0.2 nA", "current", 2e-10),
        ("3 Hz", "frequency", 3.0),
    ],
)
def test_text_with_a_unit_becomes_the_nearest_float_in_si(text, dimension, value):
    assert parse_quantity(text, dimension) == value


@pytest.mark.parametrize("text", ["20", 20, 20.0, "20 mV", "ms", "20 xs", "", None, "20 m s", True, [1]])
def test_what_is_no_time_is_refused_with_an_example(text):
    with pytest.raises(UserError, match="such as") as raised:
        parse_quantity(text, "time")
    assert raised.value.expected


def test_a_bare_number_is_told_how_to_be_written():
    with pytest.raises(UserError, match='write it as text with its unit: "20 ms"'):
        parse_quantity(20, "time")
    for other in (float("nan"), float("inf"), True):
        with pytest.raises(UserError) as raised:
            parse_quantity(other, "time")
        assert raised.value.fix is None


@given(st.integers(1, 10**6), st.integers(-9, 3))
def test_printed_quantities_read_back_as_they_were(digits, exponent):
    value = float(f"{digits}e{exponent}")
    assert parse_quantity(format_quantity(value, "time"), "time") == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize(
    "text",
    [
        "1e999999999 ms",
        "1e99999999999999999999 ms",
        "1e" + "9" * 5000 + " ms",
        "9" * 5000 + " ms",
        "1e-999999999 ms",
        "-1e400 ms",
        "nan ms",
        "inf ms",
        "1e25 s",
        "1e-25 s",
        "\u0663 ms",
        "\uff11 ms",
        "1_0 ms",
        "0x10 ms",
        "1 ms\0",
        "__import__('os') ms",
        "",
        "ms",
        "1",
        "1 ms 1 ms",
    ],
    ids=lambda text: text[:24],
)
def test_no_quantity_is_infinite_or_vanishes_or_is_anything_but_a_number_and_a_unit(text):
    with pytest.raises(UserError):
        parse_quantity(text, "time")
    with pytest.raises(UserError):
        parse_any_quantity(text)


@pytest.mark.parametrize("value", [10**400, -(10**400), True, "1", None, [1]])
def test_a_plain_number_is_one_that_a_float_holds(value):
    with pytest.raises(UserError):
        plain_number(value)


def test_a_unit_in_the_denominator_is_told_with_the_way_round():
    with pytest.raises(UserError) as refused:
        parse_any_quantity("0.06 /mV")
    assert "inverse" in refused.value.fix


def test_a_quantity_of_many_blanks_is_refused_at_once():
    """A hundred thousand took half a minute."""
    begun = time.process_time()
    with pytest.raises(UserError, match="not a time"):
        parse_quantity("1" + " " * 100_000 + "x1", "time")
    assert time.process_time() - begun < 5

"""Physical quantities as text: ``"20 ms"`` in a file, SI floats in the code.

Brian2 checks the units of the equations; this module only reads and prints the values of study files,
because importing Brian2 takes two seconds and ``bioscnn plan`` needs none of it.
"""

from __future__ import annotations

import re
from math import isfinite
from numbers import Real

from bioscnn.errors import UserError

_EXPONENTS = {"G": 9, "M": 6, "k": 3, "": 0, "m": -3, "u": -6, "n": -9, "p": -12}
_UNITS = {
    "time": "s", "voltage": "V", "current": "A", "resistance": "ohm", "capacitance": "F",
    "conductance": "S", "frequency": "Hz",
}  # fmt: skip
BRIAN_UNITS = {
    "time": "second", "voltage": "volt", "current": "amp", "resistance": "ohm", "capacitance": "farad",
    "conductance": "siemens", "frequency": "hertz",
}  # fmt: skip
"""How equations name the SI unit of each dimension."""

SMALLEST, LARGEST = 1e-24, 1e24
"""Sizes between which a quantity lies that is not zero, in the SI unit: all of physiology, and sums of it."""

_LONGEST = 40
"""Most characters of a number."""

_NUMBER_AND_UNIT = re.compile(
    r"\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)\s*+([^\s\d]*)\s*", re.ASCII
)


def parse_quantity(text: object, dimension: str) -> float:
    """Read a quantity with its unit.

    Parameters
    ----------
    text : str
        A number and a unit, such as ``"20 ms"`` or ``"0.1 Gohm"``.
    dimension : str
        What it must be: time, voltage, current, resistance, capacitance, conductance or frequency.

    Returns
    -------
    float
        The value in the SI unit (seconds, volts, ...).

    Raises
    ------
    UserError
        Without a unit, with a unit of another dimension, or if it is no number at all.

    Examples
    --------
    >>> parse_quantity("20 ms", "time")
    0.02
    """
    unit = _UNITS[dimension]
    example = f'a {dimension} with its unit, such as "20 m{unit}"'
    match = _NUMBER_AND_UNIT.fullmatch(_plain(text))
    if match is None:
        is_number = type(text) is int or (isinstance(text, float) and isfinite(text))
        hint = f'write it as text with its unit: "{text} m{unit}"' if is_number else None
        raise UserError(f"not a {dimension}", value=text, expected=example, fix=hint)
    number, written = match.groups()
    if not written:
        raise UserError(f"a {dimension} without a unit", value=text, expected=example)
    prefix = written.removesuffix(unit)
    if not written.endswith(unit) or prefix not in _EXPONENTS:
        raise UserError(f"{written!r} is not a unit of {dimension}", value=text, expected=example)
    # The prefix joins the decimal exponent, so that "20 ms" is exactly the float 0.02.
    mantissa, _, exponent = number.lower().partition("e")
    if len(number) > _LONGEST:
        raise UserError("a number with too many digits", value=text, expected=example)
    value = float(f"{mantissa}e{int(exponent or 0) + _EXPONENTS[prefix]}")
    if not (SMALLEST <= abs(value) <= LARGEST or float(mantissa) == 0):
        raise UserError(
            f"no {dimension} is of this size",
            value=text,
            expected=f"0, or {SMALLEST:g} to {LARGEST:g} {unit}",
        )
    return value


def plain_number(value: object) -> float:
    """Return a number without a unit as a float; infinity, which some keys have, is one.

    Raises
    ------
    UserError
        If it is no number, or a whole number that no float holds.

    Examples
    --------
    >>> plain_number(2)
    2.0
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError("not a number", value=value)
    try:
        return float(value)
    except OverflowError:
        raise UserError("too large a number", value=value, expected="one that a float can hold") from None


def parse_any_quantity(text: object) -> tuple[float, str | None]:
    """Read a quantity of any dimension, or a plain number.

    Returns
    -------
    (float, str or None)
        The value in the SI unit, and the dimension; None of a plain number.

    Raises
    ------
    UserError
        If it is neither.

    Examples
    --------
    >>> parse_any_quantity("5 nS")
    (5e-09, 'conductance')
    >>> parse_any_quantity(2)
    (2.0, None)
    """
    if isinstance(text, int | float) and not isinstance(text, bool):
        return plain_number(text), None
    match = _NUMBER_AND_UNIT.fullmatch(_plain(text))
    for dimension, unit in _UNITS.items():
        if match is not None and match[2].endswith(unit) and match[2].removesuffix(unit) in _EXPONENTS:
            return parse_quantity(text, dimension), dimension
    raise UserError(
        "neither a number nor a quantity with a unit that is known here",
        value=text,
        expected='a plain number, or text such as "20 mV"; units: ' + ", ".join(_UNITS.values()),
        fix='write the inverse, such as "16 mV" for 0.0625 /mV, and divide by it in the equations'
        if isinstance(text, str) and "/" in text
        else None,
    )


def _plain(text: object) -> str:
    return text.replace("µ", "u").replace("Ω", "ohm") if isinstance(text, str) else ""


def split_quantity(text: str) -> tuple[float, str]:
    """Read a quantity of any dimension: its number, and its unit as it is written.

    Raises
    ------
    UserError
        If it is none.

    Examples
    --------
    >>> split_quantity("20 ms")
    (20.0, 'ms')
    """
    for dimension, unit in _UNITS.items():
        if _plain(text).rstrip().endswith(unit):
            parse_quantity(text, dimension)
            match = _NUMBER_AND_UNIT.fullmatch(_plain(text))
            assert match is not None
            return float(match[1]), match[2]
    units = ", ".join(f"m{unit}" for unit in _UNITS.values())
    raise UserError("a quantity without a unit", value=text, expected=f"a number and a unit such as {units}")


def in_unit(number: float, unit: str, target_unit: str) -> float:
    """Return a number of one unit in another unit of the same dimension.

    Raises
    ------
    UserError
        If their dimensions differ.

    Examples
    --------
    >>> in_unit(500.0, "us", "ms")
    0.5
    """
    (base, exponent), (target_base, target) = _parts(unit), _parts(target_unit)
    if base != target_base:
        raise UserError("two units of different dimensions", value=unit, expected=f"a unit of {target_base}")
    # The power of ten joins the decimal text, as in `parse_quantity`: no digit is lost.
    mantissa, _, own = repr(float(number)).partition("e")
    return float(f"{mantissa}e{int(own or 0) + exponent - target}")


def base_unit(unit: str) -> str:
    """Return a unit without its prefix.

    Examples
    --------
    >>> base_unit("Mohm")
    'ohm'
    """
    return _parts(unit)[0]


def _parts(unit: str) -> tuple[str, int]:
    """Split a unit into the one without prefix and the power of ten."""
    base = next(base for base in sorted(_UNITS.values(), key=len, reverse=True) if unit.endswith(base))
    return base, _EXPONENTS[unit.removesuffix(base)]


def require_number(key: str, value: object) -> None:
    """Refuse what is no number: text with a unit, as in a study file, or a quantity of Brian2."""
    if not isinstance(value, Real):
        raise UserError(
            "no number",
            key=key,
            value=value,
            expected="a number in SI units, such as 0.02 for 20 ms or 20 mV",
        )


def format_quantity(value: float, dimension: str) -> str:
    """Print an SI value with the prefix that reads best.

    Examples
    --------
    >>> format_quantity(0.02, "time")
    '20 ms'
    >>> format_quantity(0.0, "time")
    '0 ms'
    """
    unit = _UNITS[dimension]
    if value == 0:
        return f"0 m{unit}"
    prefix = next((p for p, n in _EXPONENTS.items() if abs(value) >= 0.999999 * 10.0**n), "p")
    return f"{value / 10.0 ** _EXPONENTS[prefix]:.6g} {prefix}{unit}"

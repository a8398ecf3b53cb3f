"""Numbers, quantities and texts as they are written in a script."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

MEANING = {
    "V": "membrane potential above rest",
    "I_syn": "synaptic current",
    "I_stim": "current of the stimulus, or a bias",
    "g_e": "excitatory conductance",
    "g_i": "inhibitory conductance",
    "G_syn": "what synapses add to the leak",
    "tau_s": "time constant of the synapses",
    "E_e": "reversal potential of excitation, above rest",
    "E_i": "reversal potential of inhibition",
}
"""What every neuron means by a name."""

MEANING_OF_OURS = {
    "tau_m": "membrane time constant",
    "t_ref": "refractory period",
    "V_th": "threshold above rest",
    "R_m": "membrane resistance",
    "C_m": "membrane capacitance",
    "I_a": "adaptation current",
    "tau_a": "time constant of the adaptation",
    "b": "what a spike adds to the adaptation",
    "age": "steps until the window closes in which the neuron fires",
    "listens": "1 in the window before, in which its currents flow",
    "window": "steps of a window, in which a postsynaptic potential rises",
    "closes": "step of a trial before which the neuron fires",
    "left": "age of the spike it fires now, when the window closes",
    "psp": "potential that such a spike then makes",
    "younger": "and that of a spike one step later",
    "theta": "threshold, falling, over V_th",
    "tau_fall": "time constant with which the threshold falls, that of the membrane",
    "tau_rise": "time constant of the rise it makes up for, that of the synapses",
    "psp_of_1": "potential that the earliest spike of a window makes",
    "I_noise": "noisy current",
}
"""What the neurons that come with bioscnn mean by others."""

_SCALES = {
    "volt": {"mV": 1e-3, "volt": 1.0},
    "amp": {"nA": 1e-9, "pA": 1e-12, "uA": 1e-6, "amp": 1.0},
    "second": {"ms": 1e-3, "us": 1e-6, "second": 1.0},
    "ohm": {"Mohm": 1e6, "kohm": 1e3, "Gohm": 1e9, "ohm": 1.0},
    "farad": {"pF": 1e-12, "nF": 1e-9, "farad": 1.0},
    "siemens": {"nS": 1e-9, "uS": 1e-6, "siemens": 1.0},
    "hertz": {"Hz": 1.0},
}

_LINE = re.compile(r"([^=:]+?)\s*(?:=\s*(.*?))?\s*:\s*([^()]+?)\s*(?:\((.*)\))?\s*")


def quantity(value: float, unit: str) -> str:
    """Return an SI value as Brian2 reads it: what the text comes to is that value to the bit.

    Examples
    --------
    >>> quantity(0.02, "second"), quantity(5e-11, "amp"), quantity(2.0, "1")
    ('20*ms', '50*pA', '2.0')
    """
    for name, scale in _SCALES.get(unit, {}).items():
        number = float(f"{value / scale:.12g}")
        if number * scale == value and (0.01 <= abs(number) < 1e4 or value == 0):
            return f"{number:.12g}*{name}"
    return repr(float(value)) if unit == "1" else f"{float(value)!r}*{unit}"


def comment(text: str) -> str:
    """Return a text as one line of printable ASCII, for a comment."""
    return ascii(text)[1:-1]


def in_columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return rows of as many cells as lines whose cells begin at the same columns."""
    rows = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        " ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width).rstrip()
        for row in rows
    ]


@dataclass(frozen=True)
class EquationLine:
    """One line of Brian2's model equations, in its parts.

    Parameters
    ----------
    left : str
        The name of a variable, or ``dX/dt``.
    right : str
        Its expression; empty for a parameter.
    unit, flags : str
        Brian2's unit, and what stands in parentheses behind it.
    """

    left: str
    right: str
    unit: str
    flags: str

    @property
    def name(self) -> str:
        """The variable."""
        match = re.fullmatch(r"d(\w+)\s*/\s*dt", self.left)
        return match[1] if match else self.left


def parse_lines(equations: str) -> list[EquationLine]:
    """Return the lines of a text of equations as bioscnn writes them, one equation per line."""
    lines = []
    for line in filter(None, map(str.strip, equations.splitlines())):
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"not an equation: {line}")
        left, right, unit, flags = match.groups()
        lines.append(EquationLine(left, right or "", unit, flags or ""))
    return lines


def aligned(lines: Iterable[EquationLine], meaning: dict[str, str]) -> str:
    """Return lines of equations with signs, units and comments below each other."""
    return "\n".join(
        in_columns(
            (
                line.left,
                f"= {line.right}" if line.right else "",
                f": {line.unit}",
                f"({line.flags})" if line.flags else "",
                f" # {meaning[line.name]}" if line.name in meaning else "",
            )
            for line in lines
        )
    )


def wrapped(text: str) -> str:
    """Return a text as lines of a comment."""
    return textwrap.fill(text, 110, initial_indent="# ", subsequent_indent="# ")

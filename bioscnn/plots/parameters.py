"""What the parameters and outcomes of a sweep are called in figures, and where a value lies on an axis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioscnn.plots.style import MUTED

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

GROUPS = {
    "neuron": ("neuron", "#117733", "o"),
    "synapse": ("synapse", "#c2556b", "s"),
    "network": ("network", "#332288", "D"),
    "encoding": ("input", "#8f7f12", "^"),
    "noise": ("noise", "#aa4499", "v"),
    "simulation": ("simulation", "#2b83b5", "P"),
    "": ("other", MUTED, "X"),
}
"""Name, colour and marker of the tables of a study that parameters belong to, in the order of the figures.

After Paul Tol's muted colours, which colour-blind readers tell apart; in grey the markers do.
"""

_UNIT = re.compile(r"(.*?)(?: \[(.*)\])?")


def split_unit(column: str) -> tuple[str, str]:
    """Return the name and the unit of a column; the unit is empty where it has none.

    Examples
    --------
    >>> split_unit("neuron.tau_m [ms]")
    ('neuron.tau_m', 'ms')
    >>> split_unit("accuracy")
    ('accuracy', '')
    """
    match = _UNIT.fullmatch(column)
    return (column, "") if match is None else (match[1], match[2] or "")


def group_of(key: str) -> str:
    """Return the key of `GROUPS` of a parameter: the table of the study that it belongs to."""
    table = key.partition(".")[0]
    return table if table in GROUPS else ""


def names_of(keys: Sequence[str]) -> dict[str, str]:
    """Return the name of each parameter: the last part of its key, or more where that is not its alone.

    Examples
    --------
    >>> list(names_of(["neuron.tau_m", "network.weight_scale", "noise.membrane-noise.sd"]).values())
    ['tau_m', 'weight scale', 'membrane noise']
    """
    short = {key: _name_of(key) for key in keys}
    names = list(short.values())
    return {key: name if names.count(name) == 1 else key for key, name in short.items()}


def _name_of(key: str) -> str:
    table, *between, last = key.split(".") if "." in key else ("", key)
    # A noise is known by its own name; of the others, symbols such as tau_m and V_th stay as they are.
    if between:
        return between[-1].replace("-", " ")
    name = last if "_" in last and len(last) <= 5 else last.replace("_", " ")
    return f"input {name}" if table == "encoding" else name


@dataclass(frozen=True)
class Parameter:
    """A parameter of a sweep.

    Parameters
    ----------
    key : str
        Of the study file, such as ``"neuron.tau_m"``.
    unit : str
        Of its numbers; empty if they have none.
    low, high : float or None
        Ends of its range, in `unit`.
    values : tuple or None
        All that it takes, if it has a list of them instead: numbers or words.
    scale : str
        ``"linear"`` or ``"log"``.
    nominal : float or str or None
        Its value in the study as it is.
    """

    key: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    values: tuple[Any, ...] | None = None
    scale: str = "linear"
    nominal: Any = None

    @property
    def column(self) -> str:
        """Name of its column in a table: the key, and the unit in brackets."""
        return f"{self.key} [{self.unit}]" if self.unit else self.key

    @property
    def is_choice(self) -> bool:
        """Whether its values are words, which have no distance."""
        return any(isinstance(value, str) for value in self.values or ())

    @property
    def words(self) -> tuple[str, ...]:
        """Its listed values as the cells of a table."""
        return tuple(value if isinstance(value, str) else f"{value:.12g}" for value in self.values or ())

    @property
    def log(self) -> bool:
        """Whether equal factors are equal distances."""
        return self.scale == "log" and not self.is_choice

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest number; of words, their places in the list."""
        if self.values is None:
            assert self.low is not None and self.high is not None
            return float(self.low), float(self.high)
        numbers = self.numbers(self.values)
        return float(numbers.min()), float(numbers.max())

    def numbers(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return values as numbers on an axis; words as their places in the list, or NaN."""
        if not self.is_choice:
            return np.asarray(values, dtype=np.float64)
        place = {word: float(k) for k, word in enumerate(self.words)}
        return np.array([place.get(str(value), np.nan) for value in np.asarray(values, dtype=object)])

    def position(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return where values lie between the ends, 0 to 1; on a log scale, by their factors."""
        low, high = self.ends
        numbers = self.numbers(values)
        if self.log:
            low, high, numbers = np.log(low), np.log(high), np.log(numbers)
        return (numbers - low) / (high - low) if high > low else np.full(numbers.shape, 0.5)

    def text(self, value: Any) -> str:
        """Return a value with its unit."""
        if isinstance(value, str):
            return value
        return f"{value:.4g} {self.unit}".rstrip()

    @property
    def span(self) -> str:
        """Its range as text, such as ``10 to 40 ms``; of words, all of them."""
        if self.is_choice:
            return ", ".join(self.words)
        low, high = self.ends
        return f"{low:.4g} to {self.text(high)}"

    def label(self, name: str) -> str:
        """Return its name with its unit, for an axis."""
        return f"{name} ({self.unit})" if self.unit else name

    def set_axis(self, axes: Axes, name: str) -> None:
        """Name the horizontal axis of a panel, with its unit, its scale and its words."""
        axes.set_xlabel(self.label(name))
        low, high = self.ends
        if self.is_choice:
            axes.set_xticks(range(len(self.words)), list(self.words))
        elif self.log:
            axes.set_xscale("log")
            middle = float(f"{np.sqrt(low * high):.2g}")
            axes.set_xticks([low, middle, high], [f"{tick:.3g}" for tick in (low, middle, high)])
            axes.set_xticks([], minor=True)
        else:
            axes.locator_params(axis="x", nbins=4)


@dataclass(frozen=True)
class Outcome:
    """What is measured at each point: how it is called, its unit, and how many units one of the table makes.

    Parameters
    ----------
    name : str
        In words.
    unit : str
        Of its values in figures; empty for counts.
    change : str
        Unit of a difference of two values.
    factor : float
        By which a value of the table is multiplied.
    decimals : int
        In tables.
    """

    name: str
    unit: str = ""
    change: str = ""
    factor: float = 1.0
    decimals: int = 2

    @property
    def label(self) -> str:
        """Name and unit, for an axis of values."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    @property
    def change_label(self) -> str:
        """Name and unit, for an axis of differences."""
        return f"{self.name} ({self.change})" if self.change else self.name


OUTCOMES = {
    "accuracy": Outcome("accuracy", "%", "points", 100, decimals=1),
    "latency": Outcome("latency", "ms", "ms", decimals=1),
    "spikes": Outcome("spikes per trial", decimals=0),
    "synops": Outcome("SynOps per trial", "thousand", "thousand", 1e-3, decimals=1),
}


def outcome_of(name: str) -> Outcome:
    """Return the description of an outcome; one that is not known has its unit in brackets, if any.

    Examples
    --------
    >>> outcome_of("accuracy").label
    'accuracy (%)'
    >>> outcome_of("ledger.reset").label
    'lost to reset (points)'
    >>> outcome_of("rate [Hz]").label
    'rate (Hz)'
    """
    if name in OUTCOMES:
        return OUTCOMES[name]
    if name.startswith("ledger."):
        return Outcome(f"lost to {name.removeprefix('ledger.')}", "points", "points", 100, decimals=1)
    word, unit = split_unit(name)
    return Outcome(word, unit, unit)


def ranked(effects: pd.DataFrame, measure: str) -> list[str]:
    """Return the parameters of a table of effects, the one with the largest on its first outcome first."""
    first = effects[effects["outcome"] == effects["outcome"].iloc[0]]
    return [str(key) for key in first.sort_values(measure, ascending=False, kind="stable")["parameter"]]

"""What every noise has: a name, one parameter, five severities, and a pure function of what it acts on."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, Self

import numpy as np

from bioscnn.errors import UserError
from bioscnn.quantities import format_quantity, parse_quantity, plain_number

SEVERITY = "severity"

TABLE = "noise"
"""Of a study file; keys in messages begin with it."""

FARTHEST = 10_000
"""Times the largest parameter of a noise's severities: more is refused, whatever its range."""


@dataclass(frozen=True)
class Noise(ABC):
    """Noise of one strength: a subclass has its parameter as its only field, a float.

    Attributes
    ----------
    name : str
        The word that stands for it in text and in study files.
    acts_on : str
        ``"images"``, ``"events"`` of a camera, ``"spikes"`` of the input, or the ``"network"``.
    dimension : str or None
        Of the parameter, as in `bioscnn.quantities`; None for a plain number.
    unit : str
        Word after a plain number, such as ``"bits"``.
    LEVELS : tuple of float
        The parameter at the severities 1 to 5.
    NONE : float
        The parameter that changes nothing.
    LEAST, MOST : float
        Between them lies the parameter.
    LEAST_ALLOWED : bool
        Whether it may be `LEAST`.
    needs_leak : bool
        Whether it is only defined for neurons that leak.
    needs_known_neuron : bool
        Whether it is only defined for the neurons that come with the package.

    Raises
    ------
    UserError
        If the parameter is out of range.
    """

    name: ClassVar[str]
    acts_on: ClassVar[Literal["images", "events", "spikes", "network"]]
    dimension: ClassVar[str | None] = None
    unit: ClassVar[str] = ""
    LEVELS: ClassVar[tuple[float, ...]]
    NONE: ClassVar[float] = 0.0
    LEAST: ClassVar[float] = 0.0
    MOST: ClassVar[float] = np.inf
    LEAST_ALLOWED: ClassVar[bool] = True
    needs_leak: ClassVar[bool] = False
    needs_known_neuron: ClassVar[bool] = False

    def __post_init__(self) -> None:
        amount = self.amount
        low = self.LEAST <= amount if self.LEAST_ALLOWED else self.LEAST < amount
        # Beyond all sense: powers of it may be no numbers, and what is made of it fills the memory.
        farthest = min(self.MOST, FARTHEST * max(self.LEVELS))
        if not (amount == self.NONE or (low and amount <= farthest)):
            most = f"at most {self._text(farthest)}"
            raise UserError(
                f"{self.name} is out of range",
                key=self.key(self.parameter()),
                value=self.setting,
                expected=most if farthest < amount < self.MOST else self.range_text(),
            )
        # One number has one text, so that studies of one meaning have one hash.
        object.__setattr__(self, self.parameter(), float(amount))

    @classmethod
    def parameter(cls) -> str:
        """Return the name of its parameter."""
        return fields(cls)[0].name

    @property
    def amount(self) -> float:
        """The parameter."""
        value: float = getattr(self, self.parameter())
        return value

    @property
    def changes_nothing(self) -> bool:
        """Whether it is the noise of severity 0."""
        return self.amount == self.NONE

    @property
    def setting(self) -> str:
        """The parameter as text with its unit."""
        return self._text(self.amount)

    @property
    def label(self) -> str:
        """Name and setting."""
        return f"{self.name} {self.setting}"

    @classmethod
    def at(cls, severity: int) -> Self:
        """Return the noise of a severity: 0, none, to 5.

        Raises
        ------
        UserError
            If there is no such severity.

        Examples
        --------
        >>> from bioscnn.noise import GaussianNoise
        >>> GaussianNoise.at(3)
        GaussianNoise(sd=0.18)
        """
        if type(severity) is not int or severity not in range(len(cls.LEVELS) + 1):
            raise UserError(
                f"no such severity of {cls.name}",
                key=cls.key(SEVERITY),
                value=severity,
                expected=f"a whole number, 0 to {len(cls.LEVELS)}",
            )
        return cls((cls.NONE, *cls.LEVELS)[severity])  # type: ignore[call-arg]

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Self:
        """Make the noise from its table in a study file: its parameter, or a severity.

        Raises
        ------
        UserError
            If the table has another key, both or neither of them, or a value that is none.

        Examples
        --------
        >>> from bioscnn.noise import NOISES
        >>> NOISES["event-jitter"].read({"sd": "5 ms"})
        EventJitter(sd=0.005)
        """
        own = cls.parameter()
        for key in table:
            if key not in (own, SEVERITY):
                nearest = difflib.get_close_matches(key, (own, SEVERITY), n=1, cutoff=0.4) or [own]
                raise UserError(
                    "unknown key",
                    key=cls.key(key),
                    expected=f"{own} | {SEVERITY}",
                    fix=f"write {cls.key(nearest[0])}",
                )
        if len(table) != 1:
            raise UserError(
                f"{cls.name} is given {'twice' if table else 'no strength'}",
                key=cls.key(),
                value=dict(table),
                expected=f"either {own}, {cls.range_text()}, or {SEVERITY}, 0 to {len(cls.LEVELS)}",
                fix="remove one of the two" if table else f"write {SEVERITY} = 2",
            )
        if SEVERITY in table:
            return cls.at(table[SEVERITY])
        return cls(cls._number(table[own]))  # type: ignore[call-arg]

    def table(self) -> dict[str, Any]:
        """Return its table in a study file."""
        amount = self.amount
        if self.dimension is not None:
            return {self.parameter(): format_quantity(amount, self.dimension)}
        return {self.parameter(): int(amount) if amount.is_integer() and abs(amount) < 2**53 else amount}

    @classmethod
    def key(cls, *inside: str) -> str:
        """Return the name of its table in a study file, or of a key inside."""
        return ".".join([TABLE, cls.name, *inside])

    @classmethod
    def range_text(cls) -> str:
        """Return the range of the parameter in words."""
        least = cls._text(cls.LEAST)
        if np.isfinite(cls.MOST):
            start = least if cls.LEAST_ALLOWED else f"more than {least}"
            return f"{start} to {cls._text(cls.MOST)}"
        return f"{least} or more" if cls.LEAST_ALLOWED else f"more than {least}"

    @classmethod
    def _text(cls, amount: float) -> str:
        # A number of no dimension that is not finite has no prefix to be printed with.
        if cls.dimension is not None and np.isfinite(amount):
            return format_quantity(amount, cls.dimension)
        return f"{amount:g} {cls.unit}".rstrip()

    @classmethod
    def _number(cls, value: object) -> float:
        key = cls.key(cls.parameter())
        if cls.dimension is not None:
            try:
                return parse_quantity(value, cls.dimension)
            except UserError as error:
                raise error.but(key=key) from None
        try:
            return plain_number(value)
        except UserError as error:
            raise error.but(key=key, expected=cls.range_text()) from None

    @abstractmethod
    def apply(self, thing: Any, rng: np.random.Generator) -> Any:
        """Return the thing with noise; what is given stays as it is.

        Parameters
        ----------
        thing : ndarray of images, EventSet, SpikeTrains or SpikingNetwork
            What the noise acts on.
        rng : numpy.random.Generator
            Where chance comes from.
        """

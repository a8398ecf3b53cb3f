"""What an experiment is: a plan of units, what they come to, and a page that shows it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from bioscnn.experiments.bench import Bench
from bioscnn.experiments.unit import Outcome, Unit
from bioscnn.fingerprint import hash_of
from bioscnn.report.page import Page
from bioscnn.studies.study import Study

Row = dict[str, Any]
"""A row of a table, by column."""


@dataclass(frozen=True)
class Done:
    """The units of an experiment and their outcomes.

    Parameters
    ----------
    units : tuple of Unit
        Of all rounds, in the order of their plans.
    outcomes : mapping
        By identity, of the units that went well.
    failed : mapping of str
        By identity, why the others failed.
    """

    units: tuple[Unit, ...]
    outcomes: Mapping[str, Outcome]
    failed: Mapping[str, str]

    def __getitem__(self, unit: Unit) -> Outcome:
        """Return the outcome of a unit."""
        return self.outcomes[unit.id]

    def need(self, unit: Unit) -> str:
        """Return the name by which a unit of a later round needs this outcome, in `Unit.needs`."""
        outcome = self.outcomes[unit.id]
        contents = hash_of(*(part for name in sorted(outcome) for part in (name, outcome[name])))
        return f"{unit.id}:{contents}"

    def where(self, variant: str | None = None, condition: str | None = None) -> list[Unit]:
        """Return the units of a variant, a condition, or both, in the order of the plan."""
        return [
            unit
            for unit in self.units
            if variant in (None, unit.variant) and condition in (None, unit.condition)
        ]


@dataclass(frozen=True)
class Entry:
    """An experiment in the index of results: its main number, and what that is.

    Parameters
    ----------
    source : str
        Data set, and where the data come from.
    n : str
        How much was measured, such as ``"500 trials, 5 seeds"``.
    value, note : str
        The number; what it is, with its interval.
    more : sequence of str
        Other numbers, each a line.
    """

    source: str
    n: str
    value: str
    note: str
    more: Sequence[str] = ()


@dataclass(frozen=True)
class Analysis:
    """What an experiment comes to.

    Parameters
    ----------
    title : str
        The data set, for people.
    tables : mapping
        Rows of each table by name; each is written as ``<name>.csv``.
    verdict : sequence of str
        Sentences that answer the question, the first one first.
    entry : Entry
        What the index of results shows.
    summary : mapping
        Facts of ``summary.json`` beside those that all experiments have; plain JSON.
    simulated : bool
        Whether recordings were made by a simulated camera.
    files : mapping of bytes
        Other files by name, such as trained networks.
    more : mapping
        What the page shows and no table holds, such as pictures.
    failed : mapping of str
        What failed, for people, and why.
    """

    title: str
    tables: Mapping[str, Sequence[Row]]
    verdict: Sequence[str]
    entry: Entry
    summary: Mapping[str, Any] = field(default_factory=dict)
    simulated: bool = False
    files: Mapping[str, bytes] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)


class Experiment(ABC):
    """A question, and how it is answered: four methods.

    It is a frozen dataclass of its options.

    Parameters
    ----------
    name : str
        Of the experiment; results go to ``results/<name>/``.
    study : Study
        What its units are variations of.
    quick : bool
        Whether it is a coarse one, for a look.
    keeps_failures : bool
        Whether units may fail, and the others still come to something.
    """

    name: ClassVar[str]
    study: Study
    quick: bool = False
    keeps_failures: ClassVar[bool] = False

    @property
    def label(self) -> str:
        """Of this one: its study, and what is special about it; the next folder."""
        return self.study.name + "-quick" * self.quick

    @property
    def spec(self) -> Mapping[str, Any]:
        """All options that decide tables or page but no unit; plain JSON."""
        return {}

    @abstractmethod
    def plan(self, bench: Bench) -> list[Unit]:
        """Return the units of the first round; refuse everything that can be refused.

        Raises
        ------
        UserError
            If anything that the user gave does not fit.
        """

    def next_round(self, done: Done, bench: Bench) -> list[Unit]:
        """Return more units, which what is done decides; none if that was all."""
        return []

    @abstractmethod
    def analyse(self, done: Done, bench: Bench) -> Analysis:
        """Return tables, verdict and facts."""

    @abstractmethod
    def page(self, analysis: Analysis, summary: Mapping[str, Any]) -> Page:
        """Return the page; `summary` is the whole of ``summary.json``."""

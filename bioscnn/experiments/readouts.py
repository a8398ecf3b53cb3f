"""Whether what an experiment found holds for every readout, or for that of its study alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bioscnn.experiments.experiment import Row
from bioscnn.experiments.phrases import listed
from bioscnn.readout import READOUTS
from bioscnn.report.formats import plural


def readout_rows(rows_by: Callable[[str], Sequence[Row]], is_headline: Callable[[Row], bool]) -> list[Row]:
    """Return ``readouts.csv``: the headline comparisons of an experiment by every readout.

    Each readout is a family of its own: it is what the experiment would have found with that readout.

    Parameters
    ----------
    rows_by : callable
        Returns the corrected rows of the experiment for the name of a readout.
    is_headline : callable
        Whether a row is among those that the sentences of the experiment are made of.
    """
    return [{"readout": rule, **row} for rule in READOUTS for row in rows_by(rule) if is_headline(row)]


def agreement(rows: Sequence[Row], rule: str, named_by: Sequence[str]) -> str:
    """Return the sentence that says for which readouts the significant differences of a study hold.

    A difference holds for another readout if it is significant there, with the same sign.

    Parameters
    ----------
    rows : sequence of dict
        Rows of `readout_rows`.
    rule : str
        Readout of the study.
    named_by : sequence of str
        Columns that say what is compared.
    """
    by_rule: dict[str, dict[tuple[object, ...], Row]] = {name: {} for name in READOUTS}
    for row in rows:
        by_rule[row["readout"]][tuple(row[column] for column in named_by)] = row
    found = {what: row for what, row in by_rule[rule].items() if row["significant"]}
    if not found:
        return f"By {rule}, the readout of this study, no headline difference is significant."
    missing: dict[str, set[tuple[object, ...]]] = {}
    opposite: dict[str, set[tuple[object, ...]]] = {}
    for name, others in by_rule.items():
        for what, row in found.items():
            if not others[what]["significant"]:
                missing.setdefault(name, set()).add(what)
            elif others[what]["difference"] * row["difference"] < 0:
                opposite.setdefault(name, set()).add(what)
    held = len(found) - len(set().union(*missing.values(), *opposite.values()))
    parts = [f"{held or 'none'} held by all {len(READOUTS)} readouts"]
    for words, some in (("not significant", missing), ("of the opposite sign", opposite)):
        named = [f"{name} ({len(what)})" for name, what in some.items()]
        parts += [f"{words} by {listed(named)}"] if named else []
    return f"Of {plural(len(found), 'significant headline difference')} by {rule}: {'; '.join(parts)}."

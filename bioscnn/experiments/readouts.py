"""Whether what an experiment found holds for every readout, or for that of its study alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bioscnn.experiments.experiment import Row
from bioscnn.experiments.phrases import listed
from bioscnn.readout import READOUTS
from bioscnn.report.formats import plural


def readout_rows(
    compared: Mapping[str, Sequence[Row]], is_headline: Callable[[Row], bool] = lambda row: True
) -> list[Row]:
    """Return ``readouts.csv``: the headline comparisons of an experiment by every readout.

    Each readout is a family of its own: it is what the experiment would have found with that readout.

    Parameters
    ----------
    compared : mapping
        The corrected rows of the experiment by each readout.
    is_headline : callable
        Whether a row is among those that the sentences of the experiment are made of.
    """
    return [{"readout": rule, **row} for rule, rows in compared.items() for row in rows if is_headline(row)]


def agreement(rows: Sequence[Row], rule: str, named_by: Sequence[str]) -> str:
    """Return a sentence on how far readouts agree: a study's significant differences, and others' alone.

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
    significant = {what: row for what, row in by_rule[rule].items() if row["significant"]}
    others_alone = {
        name: sum(row["significant"] and what not in significant for what, row in others.items())
        for name, others in by_rule.items()
    }
    alone = [f"{name} ({n})" for name, n in others_alone.items() if n]
    more = f" Significant by another readout alone: {listed(alone)}." if alone else ""
    if not significant:
        return f"By {rule}, the readout of this study, no headline difference is significant.{more}"

    def where(differs: Callable[[Row, Row], bool]) -> dict[str, set[tuple[object, ...]]]:
        return {
            name: {what for what, row in significant.items() if differs(others[what], row)}
            for name, others in by_rule.items()
        }

    missing = where(lambda by_other, row: not by_other["significant"])
    opposite = where(
        lambda by_other, row: by_other["significant"] and by_other["difference"] * row["difference"] < 0
    )
    held = len(significant) - len(set().union(*missing.values(), *opposite.values()))
    parts = [f"{held or 'none'} held by all {len(READOUTS)} readouts"]
    for words, some in (("not significant", missing), ("of the opposite sign", opposite)):
        named = [f"{name} ({len(what)})" for name, what in some.items() if what]
        parts += [f"{words} by {listed(named)}"] if named else []
    differences = plural(len(significant), "significant headline difference")
    return f"Of {differences} by {rule}: {'; '.join(parts)}.{more}"

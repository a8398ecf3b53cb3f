"""The answer in one paragraph, made of the numbers alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bioscnn.report.template import probability
from bioscnn.report.timing_words import LEVEL
from bioscnn.studies.timing.conditions import CLEAN, EQUAL, FLOOR
from bioscnn.studies.timing.tables import COLLAPSED, SPIKING, Row

COUNTS, BOTH = "counts", "counts and times"


@dataclass(frozen=True)
class Verdict:
    """What came out.

    Parameters
    ----------
    controls_passed : bool
        Whether the decoders saw in the control sets what is there, and nothing else.
    answer : str
        Its first sentence; empty where the controls failed.
    text : str
        The paragraph; why there is no verdict where the controls failed.
    facts : dict
        The numbers behind it.
    """

    controls_passed: bool
    answer: str
    text: str
    facts: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return what ``verdict.json`` says."""
        return asdict(self)


def verdict_of(
    summary: dict[str, Any], rows: Sequence[Row], comparisons: Sequence[Row], controls: Sequence[Row]
) -> Verdict:
    """Weigh the tables of a timing study.

    Parameters
    ----------
    summary : dict
        Contents of ``summary.json``.
    rows, comparisons, controls : sequence of dict
        Rows of ``accuracy.csv``, ``comparisons.csv`` and ``controls.csv``.
    """
    failed = [row for row in controls if not row["passed"]]
    if failed:
        what = "; ".join(
            f"on the set '{r['set']}' ({r['label']}), a decoder of {r['method']} was right in "
            f"{_share(r)} where {r['expected']} was expected"
            for r in failed
        )
        return Verdict(False, "", f"There is no verdict: the method failed its controls ({what}).", {})
    numbers = _Numbers(summary, rows, comparisons)
    answer = numbers.answer()
    sentences = [answer, numbers.decoders(), *numbers.times_alone(), *numbers.cnn()]
    sentences += [numbers.network(), *numbers.hidden_layers(), *numbers.published()]
    return Verdict(True, answer, " ".join(sentences), numbers.facts())


class _Numbers:
    def __init__(self, summary: dict[str, Any], rows: Sequence[Row], comparisons: Sequence[Row]) -> None:
        self.summary, self.layers = summary, summary["layers"]
        self.first = self.layers[0]
        self._rows = {(row["layer"], row["label"], row["method"]): row for row in rows}
        self._pairs = {(row["layer"], row["first"], row["second"]): row for row in comparisons}

    def row(self, label: str, method: str, layer: str | None = None) -> Row | None:
        return self._rows.get((layer or self.first, label, method))

    def pair(self, first: str, second: str, layer: str | None = None) -> Row | None:
        return self._pairs.get((layer or self.first, first, second))

    def first_loss(self, method: str, layer: str | None = None) -> Row | None:
        """Return the smallest jitter that costs a method accuracy."""
        jitters = [
            row
            for (where, _, by), row in self._rows.items()
            if row["family"] == "jitter" and by == method and where == (layer or self.first)
        ]
        worse = [row for row in jitters if row["difference"] < 0 and row["p_holm"] < LEVEL]
        return min(worse, key=lambda row: float(row["severity"]), default=None)

    def answer(self) -> str:
        gain, cnn = self.pair(COUNTS, BOTH), self.pair(COLLAPSED, SPIKING)
        told = gain is not None and gain["p_holm"] < LEVEL and gain["difference"] > 0
        needed = cnn is not None and cnn["p_holm"] < LEVEL and cnn["difference"] > 0
        if told and needed:
            found = "the times of spikes carry class that their number does not"
        elif told and cnn is not None:
            found = (
                "the times of spikes tell a decoder what their number does not, but it could not be shown "
                "that a CNN which was trained on many recordings collapsed in time lacks them"
            )
        elif told:
            found = "the times of spikes tell a decoder what their number does not"
        elif needed:
            found = (
                "no decoder is shown to find in times what counts do not say, yet the network "
                "that reads them as they come does better than one that counts"
            )
        else:
            found = "it could not be shown that the times of spikes say what their number does not"
        return f"In the {self._what()} of {self.summary['dataset']} (n = {self.summary['n']:,}), {found}."

    def _what(self) -> str:
        if self.first != "input":
            return f"spikes of {self.first} of a network that is shown images"
        return "simulated recordings" if self.summary["simulated"] else "recordings"

    def decoders(self) -> str:
        counts, both, gain = self.row(CLEAN, COUNTS), self.row(CLEAN, BOTH), self.pair(COUNTS, BOTH)
        assert counts is not None and both is not None and gain is not None
        text = (
            f"A decoder that is told how many spikes each neuron fires is right in {_share(counts)}, one "
            f"that is also told when, in {_share(both)}: {_difference(gain)}."
        )
        loss = self.first_loss(BOTH)
        if loss is not None:
            text += f" The smallest jitter that costs it accuracy is {_severity(loss)} ({_difference(loss)})."
        return text

    def times_alone(self) -> list[str]:
        """Say what is left when counts are made equal, and how much of that counts left in the times."""
        counts, both, floor = self.row(EQUAL, COUNTS), self.row(EQUAL, BOTH), self.row(FLOOR, BOTH)
        if counts is None or both is None or floor is None:
            return []
        return [
            f"Where every neuron is made to spike equally often, counts are worth {_share(counts)} and times "
            f"{_share(both)}; counts that leak into times, as spikes are added at random, are worth "
            f"{_share(floor)} by themselves (chance {100 * self.summary['chance']:.0f} %)."
        ]

    def cnn(self) -> list[str]:
        pair, seen = self.pair(COLLAPSED, SPIKING), self.row(CLEAN, COLLAPSED)
        if pair is None or seen is None:
            return []
        return [
            f"A CNN that was trained on recordings collapsed in time is right in {_share(seen)}; the spiking "
            f"network differs by {_difference(pair)}."
        ]

    def network(self) -> str:
        clean, collapse = self.row(CLEAN, SPIKING), self.row("collapse", SPIKING)
        assert clean is not None
        text = f"The spiking network, trained on times as they are, is right in {_share(clean)}"
        if collapse is not None:
            text += f", and in {_share(collapse)} when each neuron's spikes come at equal intervals"
            text += f" ({_difference(collapse)})"
        loss = self.first_loss(SPIKING)
        if loss is not None:
            return f"{text}; it first loses at a jitter of {_severity(loss)} ({_difference(loss)})."
        return f"{text}; no jitter that was tried costs it accuracy."

    def hidden_layers(self) -> list[str]:
        told = []
        for layer in self.layers:
            gain, collapse = self.pair(COUNTS, BOTH, layer), self.row("collapse", SPIKING, layer)
            if layer != self.first and gain is not None and collapse is not None:
                told.append(f"{layer}: {_points(gain)} and {_points(collapse)}")
        if not told:
            return []
        return [
            "Layer by layer, what times add to counts for a decoder, and what the network loses when that "
            f"layer's times are made equal, in points: {'; '.join(told)}."
        ]

    def published(self) -> list[str]:
        if not self.summary["dataset"].startswith(("nmnist", "ncaltech101")):
            return []
        return [
            "Iyer, Chua and Li (2021) hold that the timing in N-MNIST and N-Caltech101 carries nothing that "
            "the time-summed image does not: their CNN on collapsed recordings reached 99.23 % on N-MNIST, "
            "78.01 % on N-Caltech101 (101 classes)."
        ]

    def facts(self) -> dict[str, Any]:
        gains = {layer: self.pair(COUNTS, BOTH, layer) for layer in self.layers}
        losses = {method: self.first_loss(method) for method in (BOTH, SPIKING)}
        return {
            "times_add_to_counts": {layer: _triple(row) for layer, row in gains.items()},
            "spiking_over_collapsed": _triple(self.pair(COLLAPSED, SPIKING)),
            "spiking_collapsed_times": _triple(self.row("collapse", SPIKING)),
            "first_loss_by_jitter_s": {
                method: None if row is None else float(row["severity"]) for method, row in losses.items()
            },
        }


def _share(row: Row) -> str:
    return f"{100 * row['accuracy']:.1f} % [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"


def _points(row: Row) -> str:
    value, low, high = (100 * row[key] for key in ("difference", "diff_low", "diff_high"))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]".replace("-", "\N{MINUS SIGN}")


def _difference(row: Row) -> str:
    return f"{_points(row)} points, p {probability(row['p_holm'])}"


def _severity(row: Row) -> str:
    return str(row["label"]).removeprefix("jitter ")


def _triple(row: Row | None) -> list[float] | None:
    return None if row is None else [row["difference"], row["diff_low"], row["diff_high"], row["p_holm"]]

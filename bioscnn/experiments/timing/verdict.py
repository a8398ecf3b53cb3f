"""Verdict sentences of the timing experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bioscnn.experiments.experiment import Row
from bioscnn.experiments.phrases import MINUS, listed
from bioscnn.experiments.readouts import agreement
from bioscnn.experiments.rows import EQUIVALENT, GAIN, LOSS, MARGIN, OPEN
from bioscnn.experiments.timing.conditions import CLEAN, EQUAL, FLOOR
from bioscnn.experiments.timing.measure import COLLAPSED, SPIKING
from bioscnn.report.formats import probability

COUNTS, BOTH = "counts", "counts and times"

FINDINGS = {
    LOSS: "loses by",
    GAIN: "gains by",
    EQUIVALENT: "neither loses nor gains that much by",
    OPEN: "may lose or gain more than that by",
}
"""What is said of the findings of primary rows, in this order."""


def verdict_of(summary: Mapping[str, Any], tables: Mapping[str, Sequence[Row]]) -> list[str]:
    """Return verdict sentences: what the times of spikes carry beyond their number, the answer first.

    Without controls that passed there is no answer.

    Parameters
    ----------
    summary : mapping
        With ``dataset``, ``simulated``, ``n``, ``chance``, ``readout`` and ``layers``.
    tables : mapping
        Rows of ``primary``, ``accuracy``, ``effects``, ``comparisons``, ``readouts`` and ``controls``.
    """
    failed = [row for row in tables["controls"] if not row["passed"]]
    if failed:
        what = "; ".join(
            f"on the set '{row['set']}' ({row['label']}), a decoder of {row['method']} was right in "
            f"{_share(row)} where {row['expected']} was expected"
            for row in failed
        )
        return [f"There is no verdict: the method failed its controls ({what})."]
    numbers = _Numbers(summary, tables)
    readouts = tables["readouts"]
    return [
        numbers.answer(),
        *numbers.asked_in_advance(),
        *([agreement(readouts, summary["readout"], ("label",))] if readouts else []),
        " ".join([numbers.decoders(), *numbers.times_alone()]),
        " ".join([*numbers.cnn(), numbers.network()]),
        *numbers.hidden_layers(),
        *numbers.published(),
    ]


def facts_of(summary: Mapping[str, Any], tables: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """Return the numbers that the verdict rests on; none if the controls failed."""
    if not all(row["passed"] for row in tables["controls"]):
        return {}
    return _Numbers(summary, tables).facts()


class _Numbers:
    def __init__(self, summary: Mapping[str, Any], tables: Mapping[str, Sequence[Row]]) -> None:
        self.summary, self.layers = summary, summary["layers"]
        self.first = self.layers[0]
        self._shares, self._effects = (
            {(row["layer"], row["label"], row["method"]): row for row in tables[name]}
            for name in ("accuracy", "effects")
        )
        self._pairs = {(row["layer"], row["first"], row["second"]): row for row in tables["comparisons"]}
        self._primary = tables["primary"]

    def share(self, label: str, method: str) -> Row | None:
        return self._shares.get((self.first, label, method))

    def effect(self, label: str, method: str, layer: str | None = None) -> Row | None:
        return self._effects.get((layer or self.first, label, method))

    def pair(self, first: str, second: str, layer: str | None = None) -> Row | None:
        return self._pairs.get((layer or self.first, first, second))

    def jitters(self, method: str) -> list[Row]:
        """Return the effects of jitter on a method at the first layer."""
        return [
            row
            for (layer, _, by), row in self._effects.items()
            if row["kind"] == "jitter" and by == method and layer == self.first
        ]

    def first_loss(self, method: str) -> Row | None:
        """Return the smallest jitter that costs a method accuracy."""
        worse = [row for row in self.jitters(method) if row["significant"] and row["difference"] < 0]
        return min(worse, key=lambda row: float(row["severity"]), default=None)

    def answer(self) -> str:
        gain = self.pair(COUNTS, BOTH)
        assert gain is not None
        finding = {
            GAIN: "the times of spikes carry class that their number does not: a decoder gains by them",
            LOSS: "a decoder that is also given the times of spikes does worse than one of their number",
            EQUIVALENT: "the times of spikes add less than a point to what their number tells a decoder",
            OPEN: "it is not settled whether the times of spikes say what their number does not",
        }[gain["finding"]]
        return f"In the {self._what()} of {self.summary['dataset']} (n = {self.summary['n']:,}), {finding}."

    def _what(self) -> str:
        if self.first != "input":
            return f"spikes of {self.first} of a network that is shown images"
        if self.summary.get("of_images"):
            return "spikes of the input of a network that is shown images"
        return "simulated recordings" if self.summary["simulated"] else "recordings"

    def asked_in_advance(self) -> list[str]:
        """Say of each primary row what it shows, and of what it does not show that it is not settled."""
        rows = [row for row in self._primary if not row["compared"].startswith(BOTH)]
        if not rows:
            return []
        by_finding = {
            says: [f"{row['compared']} ({_difference(row)})" for row in rows if row["finding"] == finding]
            for finding, says in FINDINGS.items()
        }
        parts = [f"{says} {listed(labels)}" for says, labels in by_finding.items() if labels]
        return [
            f"Of what was asked in advance ({len(self._primary)} tests, corrected together; "
            f"{100 * MARGIN:g} point would matter), the spiking network, its {self.first} perturbed, "
            f"{'; '.join(parts)}."
        ]

    def decoders(self) -> str:
        counts, both, gain = self.share(CLEAN, COUNTS), self.share(CLEAN, BOTH), self.pair(COUNTS, BOTH)
        assert counts is not None and both is not None and gain is not None
        text = (
            f"A decoder that is given how many spikes each neuron fires is right in {_share(counts)}, one "
            f"that is also given when, in {_share(both)}: {_difference(gain)}."
        )
        loss = self.first_loss(BOTH)
        if loss is not None:
            text += f" Exploratory: the smallest jitter found to cost it accuracy is {_severity(loss)} "
            text += f"({_difference(loss)})."
        return text

    def times_alone(self) -> list[str]:
        """Return sentences on the accuracy at equal counts, and on how much of counts is left in times."""
        counts, both, floor = self.share(EQUAL, COUNTS), self.share(EQUAL, BOTH), self.share(FLOOR, BOTH)
        if counts is None or both is None or floor is None:
            return []
        return [
            f"Where every neuron is made to spike equally often, counts are worth {_share(counts)} and times "
            f"{_share(both)}; counts that leak into times, as spikes are added at random, are worth "
            f"{_share(floor)} by themselves (chance {100 * self.summary['chance']:.0f} %)."
        ]

    def cnn(self) -> list[str]:
        pair, seen = self.pair(COLLAPSED, SPIKING), self.share(CLEAN, COLLAPSED)
        if pair is None or seen is None:
            return []
        return [
            "Exploratory, of two networks that were trained differently: a CNN of recordings collapsed in "
            f"time is right in {_share(seen)}; the spiking network differs by {_difference(pair)}. What a "
            "network needs is another question, that of `bioscnn times-needed`."
        ]

    def network(self) -> str:
        clean, collapsed = self.share(CLEAN, SPIKING), self.share("collapse", SPIKING)
        assert clean is not None
        text = f"The spiking network, trained on times as they are, is right in {_share(clean)}"
        if collapsed is not None:
            text += f", and in {_share(collapsed)} when each neuron's spikes come at equal intervals"
        return f"{text}."

    def hidden_layers(self) -> list[str]:
        parts = []
        for layer in self.layers:
            gain, collapse = self.pair(COUNTS, BOTH, layer), self.effect("collapse", SPIKING, layer)
            if layer != self.first and gain is not None and collapse is not None:
                parts.append(f"{layer}: {_points(gain)} and {_points(collapse)}")
        if not parts:
            return []
        return [
            "Layer by layer, what times add to counts for a decoder, and what the network loses when that "
            f"layer's times are made equal, in points: {'; '.join(parts)}."
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
            "times_add_to_counts": {layer: _values(row) for layer, row in gains.items()},
            "primary": {row["compared"]: row["finding"] for row in self._primary},
            "spiking_over_collapsed": _values(self.pair(COLLAPSED, SPIKING)),
            "spiking_collapsed_times": _values(self.effect("collapse", SPIKING)),
            "first_loss_by_jitter_s": {
                method: None if row is None else float(row["severity"]) for method, row in losses.items()
            },
        }


def _share(row: Row) -> str:
    return f"{100 * row['accuracy']:.1f} % [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"


def _points(row: Row) -> str:
    value, low, high = (100 * row[key] for key in ("difference", "low", "high"))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]".replace("-", MINUS)


def _difference(row: Row) -> str:
    return f"{_points(row)} points, p {probability(row['p_holm'])}"


def _severity(row: Row) -> str:
    return str(row["label"]).removeprefix("jitter ")


def _values(row: Row | None) -> list[float] | None:
    return None if row is None else [row["difference"], row["low"], row["high"], row["p_holm"]]

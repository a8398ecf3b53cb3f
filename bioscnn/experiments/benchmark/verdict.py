"""Verdict sentences of the benchmark."""

from __future__ import annotations

from collections.abc import Sequence

from bioscnn.experiments.benchmark.tables import REFERENCE
from bioscnn.experiments.experiment import Row
from bioscnn.experiments.phrases import listed, points_of
from bioscnn.report.formats import percent, percent_interval, plural


def verdict_of(networks: Sequence[Row], time_steps: Sequence[Row], title: str) -> list[str]:
    """Return which spiking network classifies most images, and what spiking and the time step change.

    Parameters
    ----------
    networks, time_steps : sequence of dict
        Rows of ``networks.csv`` and ``time-steps.csv``.
    title : str
        The data set, for people.

    Returns
    -------
    list of str
        Three sentences. Only significant differences are named.
    """
    highest = max(row["snn_accuracy"] for row in networks)
    best = [row for row in networks if row["snn_accuracy"] == highest]
    names = listed([row["network"] for row in best])
    first, verb = best[0], "classifies" if len(best) == 1 else "classify"
    interval = percent_interval(first["snn_accuracy_low"], first["snn_accuracy_high"])
    return [
        f"On {title}, of {plural(len(networks), 'spiking network')} {names} "
        f"{verb} most images: {percent(highest)} {interval} of {first['n']:,} {first['split']} images after "
        f"{first['duration_ms']:g} ms.",
        f"{_against_trained(networks)}.",
        f"{_against_reference(time_steps)}.",
    ]


def _against_trained(networks: Sequence[Row]) -> str:
    parts = []
    for sign, verb in ((1, "gain"), (-1, "lose")):
        named = [
            f"{row['network']} ({points_of(row)})"
            for row in networks
            if row["significant"] and sign * row["difference"] > 0
        ]
        if named:
            parts.append(f"{listed(named)} {verb}{'s' * (len(named) == 1)} accuracy")
    same = [row["network"] for row in networks if not row["significant"]]
    if same:
        parts.append(f"no significant change was found for {listed(same)}")
    return f"Compared with the trained network, {'; '.join(parts)}"


def _against_reference(time_steps: Sequence[Row]) -> str:
    changed = [row for row in time_steps if row["significant"]]
    reference = f"reset {REFERENCE[0]} in steps of {1e3 * REFERENCE[1]:g} ms"
    if not changed:
        return f"No significant change of accuracy was found with other resets or time steps than {reference}"
    named = [
        f"{row['network']} with reset {row['reset']} in steps of {row['dt_ms']:g} ms ({points_of(row)})"
        for row in changed
    ]
    return f"Compared with {reference}, accuracy differs significantly for {listed(named)}"

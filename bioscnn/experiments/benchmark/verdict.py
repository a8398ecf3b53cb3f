"""Verdict sentences of the benchmark."""

from __future__ import annotations

from collections.abc import Sequence

from bioscnn.experiments.benchmark.tables import REFERENCE
from bioscnn.experiments.experiment import Row
from bioscnn.experiments.phrases import capital, listed, points_of
from bioscnn.report.formats import percent, percent_interval


def verdict_of(networks: Sequence[Row], time_steps: Sequence[Row], title: str) -> list[str]:
    """Return which spiking network is most accurate, and what spiking and the time step change.

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
    best = max(networks, key=lambda row: row["snn_accuracy"])
    interval = percent_interval(best["snn_accuracy_low"], best["snn_accuracy_high"])
    return [
        f"On {title}, {best['network']} is the most accurate spiking network with "
        f"{percent(best['snn_accuracy'])} {interval} of {best['n']:,} {best['split']} images after "
        f"{best['duration_ms']:g} ms.",
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
            parts.append(f"{listed(named)} {verb}{'s' * (len(named) == 1)} by spiking")
    same = [row["network"] for row in networks if not row["significant"]]
    if same:
        parts.append(f"no significant difference to the trained network was found for {listed(same)}")
    return capital("; ".join(parts))


def _against_reference(time_steps: Sequence[Row]) -> str:
    changed = [row for row in time_steps if row["significant"]]
    reference = f"reset {REFERENCE[0]} in steps of {1e3 * REFERENCE[1]:g} ms"
    if not changed:
        return f"No significant change of accuracy was found in other time steps or with other resets than {reference}"
    named = [
        f"{row['network']} with reset {row['reset']} in steps of {row['dt_ms']:g} ms ({points_of(row)})"
        for row in changed
    ]
    return f"Compared with {reference}, accuracy differs significantly for {listed(named)}"

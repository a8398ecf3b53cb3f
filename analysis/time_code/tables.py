"""The measured tables as Markdown, for docs/time-code.md."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

COMMAND = "python -m analysis.time_code"


def markdown(steps: pd.DataFrame, potentials: pd.DataFrame, blank: pd.DataFrame) -> str:
    """Return all tables.

    Parameters
    ----------
    steps, potentials, blank : DataFrame
        What ``time-code-steps.csv``, ``time-code-potentials.csv`` and ``time-code-blank.csv`` hold.
    """
    sha256 = steps.loc[steps["digits"].idxmax(), "data_sha256"]
    return "\n".join(
        [
            f"Measured by `{COMMAND}` in float32, on the first validation digits (SHA-256 of the 5,000: "
            f"{sha256}...); 95 % intervals over digits (Wilson). Nothing was trained, and nothing "
            "chosen by them.",
            "",
            *_table(
                ["network", "dt (ms)", "times in a window", "trial (ms)", "digits", "accuracy (%)", "ANN (%)",
                 "same class as the ANN (%)", "hidden spikes", "input spikes"],
                (_step(row) for _, row in steps.iterrows()),
            ),
            "",
            "**Potentials of the readout at the end of the last window**, against the closed form "
            "(`bioscnn.conversion.rounded_activations`), and spikes that are not in the step that it says:",
            "",
            *_table(
                ["network", "dt (ms)", "precision", "digits", "largest potential (mV)",
                 "largest distance (uV)",
                 "hidden spikes", "in another step"],
                _potentials(potentials),
            ),
            "",
            "**Spikes that a blank image makes**, layer by layer; in brackets, the share of neurons that "
            "fire by the rounding of others alone:",
            "",
            *_table(["dt (ms)", *blank["network"].unique()], _blank(blank)),
        ]
    )  # fmt: skip


def _step(row: pd.Series) -> list[str]:
    def share(name: str) -> str:
        low = "accuracy" if name == "accuracy_percent" else "same_class"
        return f"{row[name]:.2f} [{row[f'{low}_low']:.2f}, {row[f'{low}_high']:.2f}]"

    return [
        row["network"], f"{row['dt_ms']:g}", str(row["spike_times_in_a_window"]), f"{row['duration_ms']:g}",
        f"{row['digits']:,}", share("accuracy_percent"), f"{row['ann_accuracy_percent']:.2f}",
        share("same_class_percent"), f"{row['hidden_spikes']:,.0f}", f"{row['input_spikes']:,.0f}",
    ]  # fmt: skip


def _potentials(table: pd.DataFrame) -> Iterable[list[str]]:
    for (network, dt, precision), rows in table.groupby(["network", "dt_ms", "precision"], sort=False):
        readout, hidden = rows[rows["population"] == "readout"].iloc[0], rows[rows["population"] != "readout"]
        yield [
            network, f"{dt:g}", precision, f"{readout['digits']:,}", f"{readout['largest_potential_mV']:.2f}",
            f"{readout['largest_distance_uV']:.2g}", f"{hidden['spikes'].sum():,.0f}",
            f"{hidden['wrong_spike_times'].sum():,.0f}",
        ]  # fmt: skip


def _blank(table: pd.DataFrame) -> Iterable[list[str]]:
    names = [name.removeprefix("spikes_") for name in table if name.startswith("spikes_")]
    for dt, rows in table.groupby("dt_ms", sort=False):
        cells = []
        for _, row in rows.iterrows():
            parts = []
            for name in names:
                by_rounding = row[f"by_rounding_alone_percent_{name}"]
                share = f" ({by_rounding:.0f} %)" if by_rounding >= 0.5 else ""
                parts.append(f"{row[f'spikes_{name}']:,}{share}")
            cells.append(" + ".join(parts))
        yield [f"{dt:g}", *cells]


def _table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]

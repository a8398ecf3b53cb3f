"""The comparisons as Markdown, for docs/simulators.md."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

COMMAND = "python -m bench.simulators"


def markdown(rows: pd.DataFrame, layers: pd.DataFrame) -> str:
    """Return the tables; `rows` and `layers` are those of docs/tables."""
    lines = [
        f"Measured by `{COMMAND}` on the first {rows['n'].max()} validation digits; all columns are in "
        "[tables/simulators.csv](tables/simulators.csv) and, layer by layer, in "
        "[tables/simulators-layers.csv](tables/simulators-layers.csv). Differences: bioscnn less the other, "
        "with 95 % intervals over digits. First output spike: digits in which both fire one.",
    ]
    for question, part in rows.groupby("question", sort=False):
        lines += ["", f"**{question[0].upper()}{question[1:]}**", "", *_table(part, layers)]
    return "\n".join(lines)


def _table(rows: pd.DataFrame, layers: pd.DataFrame) -> Iterable[str]:
    yield (
        "| there | its dt, delay (ms) | bioscnn | dt, delay (ms) | spikes there | here | difference (%) "
        "| only in one, by layer | moved | first output spike (ms) | same class, of all |"
    )
    yield "|---|---|---|---|---:|---:|---:|---|---:|---:|---:|"
    keys = ["simulator", "model", "dt_ms", "delay_ms", "bioscnn_reset", "bioscnn_dt_ms", "bioscnn_delay_ms"]
    for _, row in rows.iterrows():
        own = layers[(layers[keys] == row[keys]).all(axis=1)]
        cells = [
            f"{row['simulator']} `{row['model']}`",
            f"{row['dt_ms']:g}, {row['delay_ms']:g}",
            f"`{row['bioscnn_reset']}`",
            f"{row['bioscnn_dt_ms']:g}, {row['bioscnn_delay_ms']:g}",
            f"{row['spikes']:,}",
            f"{row['bioscnn_spikes']:,}",
            _interval(row, "difference_percent"),
            ", ".join(f"{count:,}" for count in own["only_in_one"]),
            f"{row['moved']:,}",
            _interval(row, "first_difference_ms"),
            f"{row['classes_equal_peak_potential']} of {row['n']}",
        ]
        yield f"| {' | '.join(cells)} |"


def _interval(row: pd.Series, name: str) -> str:
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    return "0" if value == low == high == 0 else f"{value:+.2f} [{low:+.2f}, {high:+.2f}]"

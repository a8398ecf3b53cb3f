"""Tables of the time-step experiment, for docs/time-step.md.

    bioscnn time-step sims/mnist.toml --trials 1000      # and caltech, nmnist
    python -m analysis.time_steps results/time-step/*/latest

Writes docs/tables/time-step-*.csv, the experiment's own tables with the study in front, and fills the page
between its markers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from bioscnn.claims import made_now, publish, write_table
from bioscnn.errors import UserError
from bioscnn.files import require_file
from bioscnn.report.document import Document
from bioscnn.report.formats import percent_interval

DOCS = Path("docs")
COMMAND = "python -m analysis.time_steps results/time-step/*/latest"
TABLES = ("time-steps", "readouts", "layers", "energy", "comparisons", "readout-comparisons")
UNITS = {
    **dict.fromkeys(("accuracy", "activation_sparsity"), "share"),
    **dict.fromkeys(("spikes", "synops", "ann_to_events", "ann_to_spiking", "ann_to_spiking_own_step"), "1"),
}
OUTCOMES = {"accuracy": "share", "latency_ms": "ms", "first_output_ms": "ms"}
"""Units of the outcomes that are compared; the others are numbers."""


def gathered(folders: Sequence[Path]) -> tuple[dict[str, pd.DataFrame], list[dict[str, Any]]]:
    """Return the tables of several results, and their summaries.

    Raises
    ------
    UserError
        If a file is not there.
    """
    for folder in folders:
        for name in ("summary.json", *(f"{table}.csv" for table in TABLES)):
            require_file(folder / name, fix="run bioscnn time-step first")
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in folders]
    tables = {}
    for table in TABLES:
        parts = [pd.read_csv(folder / f"{table}.csv") for folder in folders]
        for part, summary in zip(parts, summaries, strict=True):
            part.insert(0, "study", summary["study"])
            part.insert(1, "n", summary["n"])
            part.insert(2, "data_sha256", summary["data_sha256"][:8])
            part.insert(3, "commit", summary["commit"][:8])
            if "outcome" in part:
                part["unit"] = [OUTCOMES.get(outcome, "1") for outcome in part["outcome"]]
        tables[table] = pd.concat(parts, ignore_index=True)
    return tables, summaries


def markdown(tables: dict[str, pd.DataFrame], summaries: Sequence[dict[str, Any]]) -> str:
    """Return the page's part: three tables per study."""
    lines = [
        "Measured by `bioscnn time-step` and gathered by `python -m analysis.time_steps`; every column is in "
        "`docs/tables/time-step-*.csv`. Intervals are <!--= design -->95 %<!--/-->, over trials; nothing "
        "else varied.",
    ]
    for summary in summaries:
        own = {name: table[table["study"] == summary["study"]] for name, table in tables.items()}
        lines += [
            "",
            f"**{summary['study']}**: {summary['n']:,} trials of {summary['duration_ms']:g} ms, network "
            f"`{summary['network']}`, read by {summary['readout']}.",
            "",
            *_steps(own),
            "",
            *_readouts(own["readouts"]),
            "",
            *_layers(own["layers"]),
        ]
    return "\n".join(lines)


def _steps(own: dict[str, pd.DataFrame]) -> Iterator[str]:
    yield from _head(
        "dt (ms)",
        "accuracy (%)",
        "median latency (ms)",
        "first output spike (ms)",
        "spikes",
        "effective accumulates",
        "activation sparsity (%)",
        "trained / events",
        "trained / (events + updates), clock of 1 ms",
        "the same, clock of dt",
    )
    for (_, row), (_, energy) in zip(own["time-steps"].iterrows(), own["energy"].iterrows(), strict=True):
        yield _line(
            f"{row['dt_ms']:g}",
            f"{100 * row['accuracy']:.2f} {percent_interval(row['low'], row['high'])}",
            *(_mean(row, name, 2) for name in ("latency_ms", "first_output_ms")),
            *(_mean(row, name, 0) for name in ("spikes", "synops")),
            f"{100 * row['activation_sparsity']:.3f}",
            f"{energy['ann_to_events']:.1f}",
            f"{energy['ann_to_spiking']:.2f}",
            f"{energy['ann_to_spiking_own_step']:.2f}",
        )


def _mean(row: Any, name: str, decimals: int) -> str:
    value, low, high = (f"{row[f'{name}{end}']:,.{decimals}f}" for end in ("", "_low", "_high"))
    return f"{value} [{low}, {high}]"


def _readouts(rows: pd.DataFrame) -> Iterator[str]:
    rules = list(dict.fromkeys(rows["readout"]))
    yield from _head("dt (ms)", *(f"{rule}: accuracy (%), latency (ms)" for rule in rules))
    for dt, part in rows.groupby("dt_ms", sort=False):
        cells = part.set_index("readout").loc[rules]
        cells_of_readouts = (
            f"{100 * row['accuracy']:.2f}, {row['latency_ms']:.2f}" for _, row in cells.iterrows()
        )
        yield _line(f"{dt:g}", *cells_of_readouts)


def _layers(rows: pd.DataFrame) -> Iterator[str]:
    names = list(dict.fromkeys(rows["population"]))
    yield from _head("dt (ms)", *(f"{name}: spikes; all (%); without the end (%)" for name in names))
    for dt, part in rows.groupby("dt_ms", sort=False):
        yield _line(
            f"{dt:g}",
            *(
                f"{row['spikes']:,.1f}; {row['difference_percent']:+.1f}; "
                f"{row['difference_until_percent']:+.1f}"
                for _, row in part.set_index("population").loc[names].iterrows()
            ),
        )


def _head(*cells: str) -> Iterator[str]:
    yield _line(*cells)
    yield "|" + "---:|" * len(cells)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def main(folders: Sequence[Path]) -> None:
    """Write the tables and fill the page."""
    document = Document(DOCS / "time-step.md", "time-step")
    tables, summaries = gathered(folders)
    made = made_now(COMMAND, "trials", "bioscnn.experiments.classify:CLASSIFY")
    for name, table in tables.items():
        file = "time-steps" if name == "time-steps" else f"time-step-{name}"
        content = table.round(5).to_csv(index=False).encode()
        write_table(DOCS / "tables" / f"{file}.csv", content, replace(made, units=UNITS))
    publish(document, markdown(tables, summaries), made)


if __name__ == "__main__":
    try:
        main([Path(word) for word in sys.argv[1:]])
    except UserError as error:
        sys.exit(str(error))

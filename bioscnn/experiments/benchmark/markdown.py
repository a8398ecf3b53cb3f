"""Tables of the benchmark for a document."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bioscnn.experiments.benchmark.tables import REFERENCE, RESETS
from bioscnn.experiments.experiment import Row
from bioscnn.experiments.phrases import MINUS
from bioscnn.report.formats import percent_interval, points, points_interval

ESCAPED = r"\|"
"""A bar that begins no cell."""


def tables_markdown(networks: Sequence[Row], time_steps: Sequence[Row], command: str) -> str:
    """Return the networks and the time steps as Markdown, each under what was measured."""
    first, steps = networks[0], time_steps[0]
    return "\n".join(
        [
            f"Measured by {_code(command)}: {first['n']:,} {first['split']} images, "
            f"{first['duration_ms']:g} ms per trial; the readout was chosen on "
            f"{first['validation_n']:,} validation images. In brackets: 95 % intervals.",
            "",
            *_table(
                ("network", "trained network (%)", "spiking network (%)", "difference (points)", "readout",
                 "95, 98 % right after (ms)", "spikes", "SynOps", "energy, trained / spiking", "weights"),
                [_network(row) for row in networks],
            ),
            "",
            f"The same {steps['n']:,} validation images at three time steps with three reset rules: accuracy "
            f"in %, its difference in points to `{REFERENCE[0]}` at {1e3 * REFERENCE[1]:g} ms, and how many "
            "spikes there are.",
            "",
            *_time_steps(time_steps),
            "",
        ]
    )  # fmt: skip


def _network(row: Row) -> list[str]:
    return [
        _code(row["network"]),
        _share(row, "ann_accuracy"),
        f"**{_share(row, 'snn_accuracy')}**",
        points_with_interval(row),
        row["readout"],
        ", ".join(reached(row[f"time_to_{level}_ms"]) for level in (95, 98)),
        f"{row['spikes']:,.0f}",
        f"{row['synops']:,.0f}",
        f"{row['ann_to_spiking']:.1f} ({row['ann_to_spiking_with_stimulus']:.1f})",
        f"`{row['weights_sha256'][:8]}`",
    ]


def _time_steps(rows: Sequence[Row]) -> list[str]:
    steps = list(dict.fromkeys(row["dt_ms"] for row in rows))
    cells = {(row["network"], row["reset"], row["dt_ms"]): row for row in rows}
    names = list(dict.fromkeys(row["network"] for row in rows))
    return _table(
        ("network", "reset", *(f"dt {step:g} ms" for step in steps)),
        [
            [_code(name), _code(reset), *(_time_step(cells[name, reset, step]) for step in steps)]
            for name in names
            for reset in RESETS
        ],
    )


def _time_step(row: Row) -> str:
    share = f"{100 * row['accuracy']:.2f}"
    if is_reference(row):
        return f"{share}; {row['spikes']:,.0f} spikes"
    return f"{share} ({points_with_interval(row)}); {more_spikes(row)} spikes"


def is_reference(row: Row) -> bool:
    """Return whether a row of ``time-steps.csv`` is the one that the others are compared with."""
    return (row["reset"], row["dt_ms"]) == (REFERENCE[0], 1e3 * REFERENCE[1])


def more_spikes(row: Row) -> str:
    """Return how many more spikes than the reference a row of ``time-steps.csv`` has, such as ``+1.2 %``."""
    more = 100 * (row["spikes"] / row["spikes_of_reference"] - 1) if row["spikes_of_reference"] else 0
    return f"{more:+.1f} %".replace("-", MINUS)


def points_with_interval(row: Row) -> str:
    """Return a difference of accuracies in points with its 95 % interval."""
    return f"{points(row['difference'])} {points_interval(row['low'], row['high'])}"


def reached(time_ms: float | None) -> str:
    """Return the time at which an accuracy was reached, in ms, or ``never``."""
    return "never" if time_ms is None else f"{time_ms:g}"


def _share(row: Row, name: str) -> str:
    return f"{100 * row[name]:.2f} {percent_interval(row[f'{name}_low'], row[f'{name}_high'])}"


def _table(header: tuple[str, ...], rows: list[list[str]]) -> list[str]:
    lines = (header, ["---"] * len(header), *rows)
    return [f"| {' | '.join(cell.replace('|', ESCAPED) for cell in cells)} |" for cells in lines]


def _code(text: str) -> str:
    """Return a text as code, whatever is in it: a fence is longer than any run of backticks in the text."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " * ("`" in text)
    return f"{fence}{space}{' '.join(text.split())}{space}{fence}"

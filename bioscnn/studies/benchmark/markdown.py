"""Tables for people, and their place in a document."""

from __future__ import annotations

from pathlib import Path

from bioscnn.errors import UserError
from bioscnn.files import write_atomically
from bioscnn.studies.benchmark.tables import Row
from bioscnn.studies.benchmark.tasks import REFERENCE, RESETS

MINUS = "\N{MINUS SIGN}"


def tables_markdown(networks: list[Row], time_steps: list[Row], command: str) -> str:
    """Return the networks and the time steps as Markdown, each under what was measured."""
    first, steps = networks[0], time_steps[0]
    return "\n".join(
        [
            f"Measured by `{command}`: {first['n']:,} {first['split']} images, {first['duration_ms']:g} ms a "
            f"trial; the readout was chosen on {first['validation_n']:,} validation images. "
            "In brackets: 95 % intervals.",
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
    times = ", ".join(
        "never" if row[f"time_to_{level}_ms"] is None else f"{row[f'time_to_{level}_ms']:g}"
        for level in (95, 98)
    )
    return [
        f"`{row['network']}`",
        _share(row, "ann_accuracy"),
        f"**{_share(row, 'snn_accuracy')}**",
        _points(row),
        row["readout"],
        times,
        f"{row['spikes']:,.0f}",
        f"{row['synops']:,.0f}",
        f"{row['ann_to_spiking']:.1f} ({row['ann_to_spiking_with_stimulus']:.1f})",
        f"`{row['weights_sha256'][:8]}`",
    ]


def _time_steps(rows: list[Row]) -> list[str]:
    steps = list(dict.fromkeys(row["dt_ms"] for row in rows))
    cells = {(row["network"], row["reset"], row["dt_ms"]): row for row in rows}
    names = list(dict.fromkeys(row["network"] for row in rows))

    def cell(row: Row) -> str:
        share = f"{100 * row['accuracy']:.2f}"
        if (row["reset"], row["dt_ms"]) == (REFERENCE[0], 1e3 * REFERENCE[1]):
            return f"{share}; {row['spikes']:,.0f} spikes"
        more = 100 * (row["spikes"] / row["spikes_of_reference"] - 1) if row["spikes_of_reference"] else 0
        return f"{share} ({_points(row)}); {more:+.1f} % spikes".replace("-", MINUS)

    return _table(
        ("network", "reset", *(f"dt {step:g} ms" for step in steps)),
        [
            [f"`{name}`", f"`{reset}`", *(cell(cells[name, reset, step]) for step in steps)]
            for name in names
            for reset in RESETS
        ],
    )


def _table(header: tuple[str, ...], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]


def _share(row: Row, name: str) -> str:
    value, low, high = (100 * row[name + end] for end in ("", "_low", "_high"))
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _points(row: Row) -> str:
    value, low, high = (100 * row["difference" + end] for end in ("", "_low", "_high"))
    return f"{value:+.2f} [{low:+.2f}, {high:+.2f}]".replace("-", MINUS)


class Document:
    """A document with a part that a benchmark writes, between two markers.

    Parameters
    ----------
    path : Path
        The document.
    name : str
        Name of the benchmark, which the markers carry.

    Raises
    ------
    UserError
        If the file cannot be read, or has not each marker once and in order.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.begin, self.end = (f"<!-- benchmark {name}: {word} -->" for word in ("begin", "end"))
        try:
            self._text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise UserError(f"the document cannot be read: {reason}", file=path, key="--docs") from None
        counts = self._text.count(self.begin), self._text.count(self.end)
        if counts != (1, 1) or self._text.index(self.begin) > self._text.index(self.end):
            raise UserError(
                "the document has no place for the tables", file=path, key="--docs",
                expected=f"the lines {self.begin} and {self.end}, once each", fix="add the two lines",
            )  # fmt: skip

    def write(self, content: str) -> None:
        """Replace what lies between the markers.

        Raises
        ------
        UserError
            If the file cannot be written.
        """
        before, after = self._text.split(self.begin)[0], self._text.split(self.end)[1]
        whole = f"{before}{self.begin}\n\n{content.strip()}\n\n{self.end}{after}"
        write_atomically(self.path, whole.encode())

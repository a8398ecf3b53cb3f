"""Rates against spike times, trained alike: `python -m analysis.codes FOLDER` fills docs/time-code.md.

The folder is one of results, such as results/codes/mnist/latest, that `bioscnn codes sims/mnist.toml` wrote.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from bioscnn import plots
from bioscnn.claims import made_now, publish
from bioscnn.errors import UserError
from bioscnn.experiments.codes.page import named
from bioscnn.experiments.codes.tables import ACCURACY
from bioscnn.experiments.codes.verdict import NAMES
from bioscnn.report.document import Document

DOCS = Path("docs")
COMMAND = "bioscnn codes sims/mnist.toml"


def main(folder: Path) -> None:
    """Write the figure and the part of the document from the tables of the experiment."""
    document = Document(DOCS / "time-code.md", "codes")
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    names = ("clean", "conditions", "comparisons", "front")
    clean, conditions, comparisons, front = (pd.read_csv(folder / f"{name}.csv") for name in names)
    front["name"] = [named(row.code, row.price) for row in front.itertuples()]
    plots.save(plots.front_of_codes(front), DOCS / "figures" / "codes-front.svg")
    lines = [
        "\n>\n".join(f"> {sentence}" for sentence in summary["verdict"]),
        "",
        f"Measured by `{COMMAND}` on {summary['n']:,} test digits (SHA-256 `{summary['data_sha256'][:12]}`), "
        f"{summary['amount']['seeds']} networks of each code and price; 95 % intervals over digits and "
        "training seeds. Energy by events: 0.08 FLOP for a synaptic operation; what turns an image into "
        "currents is computed once, and stands beside it.",
        "",
        *_clean(clean),
        "",
        "In noise, and with parameters that the networks were not trained for, on the first "
        f"{summary['amount']['noise_trials']:,} test digits; each network meets noise of its own. "
        "Differences are those of spike times from rates. The first two rows are primary; the others are "
        "exploratory, and the intervals of their differences are corrected together.",
        "",
        *_conditions(conditions, comparisons),
    ]
    varied = "digits, training seeds and noise seeds"
    publish(document, "\n".join(lines), made_now(COMMAND, varied, "bioscnn.experiments.codes.measure"))


def _clean(clean: pd.DataFrame) -> Iterator[str]:
    yield from _header(
        "code", "price", "accuracy (%)", "spikes", "of the input", "synaptic operations", "decided (ms)",
        "trial (ms)", "energy of events (kFLOP)", "of the stimulus (kFLOP)",
    )  # fmt: skip
    for row in clean.itertuples():
        yield _row(
            NAMES[row.code], f"{row.price:g}", _share(row.accuracy, row.low, row.high), f"{row.spikes:,.0f}",
            f"{row.input_spikes:,.0f}", f"{row.synops:,.0f}", f"{row.latency_ms:.1f}", f"{row.trial_ms:g}",
            f"{row.events_flop / 1e3:.2f}", f"{row.stimulus_flop / 1e3:.1f}",
        )  # fmt: skip


def _conditions(conditions: pd.DataFrame, comparisons: pd.DataFrame) -> Iterator[str]:
    yield from _header(
        "condition", "rates (%)", "spike times (%)", "difference, corrected (points)", "finding"
    )
    settings = conditions["setting"].fillna("")
    for row in comparisons[comparisons["outcome"] == ACCURACY].itertuples():
        setting = "" if pd.isna(row.setting) else str(row.setting)
        if row.condition == "clean":
            continue
        same = conditions[(conditions["condition"] == row.condition) & (settings.astype(str) == setting)]
        shares = {
            of_code.code: _share(of_code.accuracy, of_code.low, of_code.high) for of_code in same.itertuples()
        }
        difference = f"{100 * row.difference:+.1f} [{100 * row.low_holm:+.1f}, {100 * row.high_holm:+.1f}]"
        named = f"{row.condition} {setting}".strip()
        yield _row(
            named, shares["rate"], shares["time"], difference.replace("-", "\N{MINUS SIGN}"), row.finding
        )


def _share(value: float, low: float, high: float) -> str:
    return f"{100 * value:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _header(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield "|---" * len(names) + "|"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except UserError as error:
        sys.exit(str(error))

"""The converted network in NEST and in Nengo, compared with bioscnn.

    python -m bench.simulators [--trials 50] [--only NEST]

Each simulator has an environment of its own, made once from ``bench/constraints/``. Tables go to
``docs/tables/simulators.csv`` and ``simulators-layers.csv``, and to docs/simulators.md between its markers.
It takes some 15 minutes of a core.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from bench.environments import AbsentError, interpreter
from bench.simulators.compare import PAIRS, Here, There, compared
from bench.simulators.exchange import Clock
from bench.simulators.markdown import markdown
from bench.simulators.measure import DURATION, elsewhere, handed_over, prepared, without_last_step
from bioscnn.claims import made_now, publish, write_table
from bioscnn.errors import UserError
from bioscnn.network import READOUT
from bioscnn.report.document import Document
from bioscnn.simulation import Recording, simulate

UNITS = dict.fromkeys(("spikes", "bioscnn_spikes", "only_in_one", "moved"), "spikes")
WORKERS = {"NEST": "in_nest", "Nengo": "in_nengo"}


def main() -> int:
    """Measure, print, and write the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.simulators", description=__doc__.split("\n")[0])
    parser.add_argument("--trials", type=int, default=50, help="the first so many validation digits")
    parser.add_argument("--only", choices=WORKERS, help="one simulator; no file is written")
    options = parser.parse_args()
    document = Document(Path("docs/simulators.md"), "simulators")
    start = prepared(options.trials, **vars(PAIRS[0].here))
    network, labels = handed_over(start.network, start.stimulus), start.examples.labels

    @cache
    def run_there(settings: There) -> Recording:
        steps = round(DURATION / settings.dt)
        clock = Clock(settings.model, 1e-3 * settings.dt, 1e-3 * settings.delay, steps)
        return elsewhere(interpreter(settings.simulator.lower()), WORKERS[settings.simulator], network, clock)

    @cache
    def run_here(settings: Here) -> Recording:
        case = prepared(options.trials, **vars(settings))
        names = [population.name for population in case.network.neurons]
        recording = simulate(case.network, case.stimulus, case.device, record=names, potentials=[READOUT])
        return without_last_step(recording)

    rows: list[dict[str, Any]] = []
    layers: list[dict[str, Any]] = []
    for pair in PAIRS:
        if options.only not in (None, pair.there.simulator):
            continue
        try:
            row, parts = compared(pair, run_there(pair.there), run_here(pair.here), labels)
        except AbsentError as error:
            print(f"{pair.there.simulator} is absent: {error}", file=sys.stderr)
            return 1
        print(pair, row["spikes"], row["bioscnn_spikes"], row["only_in_one"], flush=True)
        rows.append(row)
        layers += parts
    text = markdown(pd.DataFrame(rows), pd.DataFrame(layers))
    if options.only:
        print(text)
        return 0
    made = made_now("python -m bench.simulators", "digits", "bioscnn.simulation")
    for name, table in {"simulators": rows, "simulators-layers": layers}.items():
        content = pd.DataFrame(table).round(4).to_csv(index=False).encode()
        write_table(Path("docs/tables") / f"{name}.csv", content, replace(made, units=UNITS))
    publish(document, text, made)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        sys.exit(str(error))

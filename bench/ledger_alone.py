"""Each cause of a run's lost accuracy by itself, where a whole ledger would take too long.

    python -m bench.ledger_alone RUN_FOLDER --trials 2000 --table NAME.csv --steps STEPS.csv

`bioscnn explain` simulates the network without all causes too: ten times the duration in a tenth of the time
step. For a deep network that runs for 240 ms this alone takes an hour. Parts are in points; their intervals
and p values are corrected over all of them.

The second table goes from the trained network to the spiking one in three steps that add up to the gap: the
rates of the neurons in place of the activations; spikes in place of the rates, of a settled network; and the
same window from the beginning. Its three intervals are corrected among themselves. The rates behind the first
layer are those that `rate-matched` assumes under fluctuating currents.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from bioscnn.claims import made_now
from bioscnn.claims.record import with_interval, write_table
from bioscnn.ledger import Case, Conditions, Entry, causes_alone
from bioscnn.ledger.causes import CAUSES, Off
from bioscnn.ledger.outcomes import ann_classes, spiking_classes
from bioscnn.simulation import Device
from bioscnn.simulation.simulate import Silent
from bioscnn.statistics import Estimate, corrected, score_mean
from bioscnn.studies import read_study
from bioscnn.studies.explainable import case_of
from bioscnn.studies.prepare import conditions_of, prepare


def row_of(entry: Entry) -> dict[str, object]:
    """Return a cause as a row of the table."""
    gap, disagreement = entry.accuracy_part, entry.agreement_part
    return {
        "cause": entry.cause,
        "what was changed": entry.change,
        "trials": gap.trials,
        **points("part of the gap", gap),
        **points("part of the disagreement", disagreement),
    }


def steps_of(case: Case, as_run: Conditions, rule: str, device: Device) -> list[dict[str, object]]:
    """Return the three steps from the trained network to the spiking one; each loses accuracy to the next."""
    off = {cause.name: cause.switch_off(as_run, case.graph) for cause in CAUSES}
    curve, start = off["rate curve"], off["start-up transient"]
    for cause in (curve, start):
        if isinstance(cause, str):
            sys.exit(f"there are no three steps: {cause}")
    assert isinstance(curve, Off) and isinstance(start, Off)
    wanted = {"settled": start.conditions, "as run": as_run}
    spiking = spiking_classes(case, wanted, rule, device, Silent())
    way = {
        "trained network": case.answers,
        "with the rates of the neurons": ann_classes(case, curve.conditions),
        "spiking, settled": spiking["settled"],
        "spiking, as run": spiking["as run"],
    }
    right = {name: np.asarray(classes == case.labels, np.int64) for name, classes in way.items()}
    lost = {pair: score_mean(right[pair[0]] - right[pair[1]]) for pair in pairwise(right)}
    return [
        {"from": one, "to": other, "trials": part.trials, **points("loss", part)}
        for (one, other), part in corrected(lost).items()
    ]


def points(name: str, part: Estimate) -> dict[str, object]:
    """Return the columns of a part."""
    low, high, name = part.low_holm, part.high_holm, f"{name} (points)"
    assert low is not None and high is not None
    return {**with_interval(name, part.value, low, high), f"{name} p": part.p_holm}


def main() -> None:
    """Simulate the first trials of a run again, without each cause; print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--steps", type=Path, required=True)
    given = parser.parse_args()
    prepared = prepare(read_study(given.folder / "config.toml"), None)
    config, conditions = prepared.study.config, conditions_of(prepared.study.config)
    device = Device(config.simulation.device, conditions.precision, config.simulation.jobs)
    case, rule = case_of(prepared, given.trials), config.readout.rule
    steps = steps_of(case, conditions, rule, device)
    causes = [row_of(entry) for entry in causes_alone(case, conditions, rule, device)]
    command = f"python -m bench.ledger_alone {' '.join(sys.argv[1:])}"
    for path, rows in ((given.steps, steps), (given.table, causes)):
        table = pd.DataFrame(rows)
        print(table.to_string(index=False), flush=True)
        units = {name: "1" for name in table.columns if name.endswith(" p")}
        record = replace(made_now(command, "digits", "bioscnn.ledger"), units={"trials": "1", **units})
        write_table(path, table.to_csv(index=False, float_format="%.4g").encode(), record)


if __name__ == "__main__":
    main()

"""Each cause of a run's lost accuracy by itself, where a whole ledger would take too long.

    python -m bench.ledger_alone RUN_FOLDER --trials 2000 --table docs/tables/NAME.csv

`bioscnn explain` simulates the network without all causes too: ten times the duration in a tenth of the time
step. For a deep network that runs for 240 ms this alone takes an hour. Parts are in points; their intervals
and p values are corrected over all of them.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pandas as pd

from bioscnn.claims import made_now
from bioscnn.claims.record import write_table
from bioscnn.ledger import Entry, causes_alone
from bioscnn.simulation import Device
from bioscnn.statistics import Estimate
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


def points(name: str, part: Estimate) -> dict[str, object]:
    """Return the columns of a part."""
    low, high, name = part.low_holm, part.high_holm, f"{name} (points)"
    assert low is not None and high is not None
    columns = {name: part.value, f"{name} low": low, f"{name} high": high}
    return {**{key: round(100 * value, 4) for key, value in columns.items()}, f"{name} p": part.p_holm}


def main() -> None:
    """Simulate the first trials of a run again, without each cause; print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--table", type=Path, required=True)
    given = parser.parse_args()
    prepared = prepare(read_study(given.folder / "config.toml"), None)
    config, conditions = prepared.study.config, conditions_of(prepared.study.config)
    device = Device(config.simulation.device, conditions.precision, config.simulation.jobs)
    entries = causes_alone(case_of(prepared, given.trials), conditions, config.readout.rule, device)
    table = pd.DataFrame([row_of(entry) for entry in entries])
    print(table.to_string(index=False))
    command = f"python -m bench.ledger_alone {given.folder} --trials {given.trials} --table {given.table}"
    units = {name: "1" for name in table.columns if name.endswith(" p")}
    record = replace(made_now(command, "digits", "bioscnn.ledger"), units={"trials": "1", **units})
    write_table(given.table, table.to_csv(index=False, float_format="%.4g").encode(), record)


if __name__ == "__main__":
    main()

"""Compare the network of `bioscnn play`, in Chromium, with Brian2.

    python -m analysis.play     # writes docs/tables/play.csv; two minutes on an idle core

Brian2 computes in double precision, in its NumPy runtime.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, sync_playwright

from bioscnn.ann import read_model
from bioscnn.claims import made_now, write_table
from bioscnn.claims.record import data_hash
from bioscnn.errors import UserError
from bioscnn.metrics.latency import decision_latency, informed_steps
from bioscnn.neurons import TimeCode
from bioscnn.play import write_play_page
from bioscnn.play.page import N_DIGITS, STUDIES
from bioscnn.readout import decisions
from bioscnn.simulation import Device, simulate
from bioscnn.studies.prepare import prepare
from bioscnn.studies.shipped import find_study
from bioscnn.studies.study import read_study

TABLE, COMMAND = Path("docs/tables/play.csv"), "python -m analysis.play"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = {"desktop": 1280, "phone": 375}
N_LAYERS = 4  # that fire
PATIENCE = 300_000  # ms, for a machine that does other work

KEYS = {"tau_m": "neuron.tau_m", "t_ref": "neuron.t_ref", "tau_s": "synapse.tau_s"}
SETTINGS: tuple[tuple[str, dict[str, float], int], ...] = (
    ("rate", {}, 200),
    ("time", {}, 200),
    ("rate", {"tau_m": 10}, 50),
    ("rate", {"tau_m": 30, "t_ref": 6}, 50),
    ("rate", {"t_ref": 0, "tau_s": 12}, 50),
    ("time", {"tau_m": 8}, 50),
    ("time", {"tau_m": 30, "tau_s": 12}, 50),
)
"""Code, sliders that are moved (ms), and how many of the page's digits are compared."""

IN_THE_PAGE = """([code, values, n]) => {
  const p = parameters(code, { ...asTrained(code), ...values });
  const network = convert(NETWORKS[code], code, p);
  return DIGITS.slice(0, n).map(({ pixels }) => {
    const recording = simulate(network, pixels);
    const decided = decide(recording, p.readout);
    const events = recording.spikes.slice(1).map(
      (steps) => steps.flatMap((neurons, step) => neurons.map((neuron) => [step, neuron])));
    return { chosen: decided.chosen, latency: decided.latency, events };
  });
}"""

DECISIONS = """([code, values, n]) => {
  const all = { ...asTrained(code), ...values };
  for (const { pixels } of DIGITS.slice(0, n)) answer(code, all, pixels);
}"""

FRAMES = """async () => {
  play(true);
  const times = [];
  while (state.playing) times.push(await new Promise(requestAnimationFrame));
  return times;
}"""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a network made of some digits.

    Parameters
    ----------
    chosen : ndarray of int64, shape (n,)
        Class of each.
    latency : ndarray of float64, shape (n,)
        From when on it was the class, ms.
    spikes : list of set
        (digit, layer, step, neuron) of every spike, layer by layer.
    counts : ndarray of int64, shape (n, layers)
        Spikes of each layer.
    """

    chosen: NDArray[np.int64]
    latency: NDArray[np.float64]
    spikes: set[tuple[int, int, int, int]]
    counts: NDArray[np.int64]


def by_brian2(code: str, values: Mapping[str, float], n: int, data: Path | None = None) -> Outcome:
    """Return the outcome of Brian2 for the first digits of the page, with sliders at other values, ms."""
    changes = [f"dataset.trials={n}", *(f"{KEYS[name]}={value} ms" for name, value in values.items())]
    if code == "time":
        constants = {"tau_m": 20.0, "tau_s": 5.0} | values
        window = TimeCode(1e-3 * constants["tau_m"], 1e-3 * constants["tau_s"], 1e-3).window_steps
        changes.append(f"simulation.duration={N_LAYERS * window + 1} ms")
    prepared = prepare(read_study(find_study(Path(STUDIES[code])), changes), data)
    names = [population.name for population in prepared.network.neurons if population.spikes]
    recording = simulate(
        prepared.network, prepared.stimulus, Device("numpy"), record=names, potentials=["readout"]
    )
    decided = decisions(recording, prepared.study.config.readout.rule)
    latency = 1e3 * decision_latency(decided, recording.dt, informed_steps(prepared.network, recording))
    spikes, counts = set(), np.zeros((n, len(names)), np.int64)
    for layer, name in enumerate(names):
        trains = recording.spikes(name)
        counts[:, layer] = recording[name].counts_by_trial
        events = (array.tolist() for array in (trains.trial(), trains.step, trains.neuron))
        spikes |= {(trial, layer, step, neuron) for trial, step, neuron in zip(*events, strict=True)}
    return Outcome(decided[:, -1], latency, spikes, counts)


def by_the_page(page: Page, code: str, values: Mapping[str, float], n: int) -> Outcome:
    """Return the outcome of the page for its first digits."""
    trials: list[dict[str, Any]] = page.evaluate(IN_THE_PAGE, [code, dict(values), n])
    spikes = {
        (digit, layer, step, neuron)
        for digit, trial in enumerate(trials)
        for layer, events in enumerate(trial["events"])
        for step, neuron in events
    }
    return Outcome(
        np.array([trial["chosen"] for trial in trials]),
        np.array([trial["latency"] for trial in trials], float),
        spikes,
        np.array([[len(events) for events in trial["events"]] for trial in trials]),
    )


class Clock:
    """Processor time of the main thread of a page, which other programs on the machine do not lengthen."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def __call__(self) -> float:
        """Return the processor time of all tasks until now, ms."""
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return 1e3 * next(float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration")


def speed(page: Page, code: str, values: Mapping[str, float], n: int) -> dict[str, float]:
    """Return the processor time of a decision and of a frame, and frames per second, a median over a run."""
    clock = Clock(page)
    before = clock()
    page.evaluate(DECISIONS, [code, dict(values), n])
    decided = clock()
    page.evaluate("([code, values]) => { state.code = code; change(values); }", [code, dict(values)])
    begun = clock()
    times = page.evaluate(FRAMES)
    drawn = clock()
    page.evaluate("() => { state.code = 'rate'; change(asTrained('rate')); }")
    return {
        "decision, processor_ms": (decided - before) / n,
        "frame, processor_ms": (drawn - begun) / len(times),
        "frames per second": 1e3 / float(np.median(np.diff(times))),
    }


def row(
    code: str, values: Mapping[str, float], screen: str, ours: Outcome, theirs: Outcome
) -> dict[str, Any]:
    """Return a row of the table but for its measures of speed."""
    n = len(ours.chosen)
    return {
        "code": code,
        "sliders": ", ".join(f"{name} {value:g} ms" for name, value in values.items()) or "as trained",
        "screen": screen,
        "digits": n,
        "equal decisions": int((ours.chosen == theirs.chosen).sum()),
        "equal latencies": int(np.isclose(ours.latency, theirs.latency).sum()),
        "equal counts": int((ours.counts == theirs.counts).all(axis=1).sum()),
        "spikes": len(theirs.spikes),
        "spikes that differ": len(ours.spikes ^ theirs.spikes),
    }


@contextmanager
def chromium() -> Iterator[Browser]:
    """Open a real Chromium."""
    executable = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if executable is None:
        raise UserError("no Chromium on this machine", fix="apt-get install chromium")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])


def main() -> None:
    """Measure, print and write the table."""
    theirs = {k: by_brian2(*setting) for k, setting in enumerate(SETTINGS)}
    rows = []
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = write_play_page(Path(folder) / "play.html")
        for screen, width in WIDTHS.items():
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.goto(path.as_uri(), timeout=PATIENCE)
            for k, (code, values, n) in enumerate(SETTINGS):
                ours = by_the_page(page, code, values, n)
                rows.append(
                    row(code, values, f"{screen}, {width} px", ours, theirs[k])
                    | speed(page, code, values, n)
                    | {"page (kB)": path.stat().st_size / 1e3}
                )
            page.close()
    table = pd.DataFrame(rows)
    print(table.to_string())
    units = dict.fromkeys(("equal decisions", "equal latencies", "equal counts"), "digits")
    units |= {"digits": "1", "spikes": "1", "spikes that differ": "1", "frames per second": "Hz"}
    weights = {study: read_model(study).sha256() for study in ("mnist-small", "mnist-small-time")}
    of = f"mnist validation {N_DIGITS}"
    record = replace(
        made_now(COMMAND, "digits", "bioscnn.play"),
        units=units,
        weights=weights,
        data={of: data_hash(of, None) or ""},
    )
    write_table(TABLE, table.to_csv(index=False, float_format="%.4g").encode(), record)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))

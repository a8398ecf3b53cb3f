"""Compare the simulated camera with the real one: `python -m analysis.camera.compare` fills docs/camera.md.

Both recorded the same 500 digits of N-MNIST, none of which the camera was fitted to.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from analysis.camera.digits import load_digits
from analysis.camera.figure import cameras
from analysis.camera.maps import cosine, count_recordings, intervals
from bioscnn.claims import made_now, publish
from bioscnn.datasets import EventSet
from bioscnn.datasets.saccades import record
from bioscnn.errors import UserError
from bioscnn.experiments.phrases import MINUS
from bioscnn.plots.files import save
from bioscnn.report.document import Document

DOCS = Path("docs")
COMMAND = "python -m analysis.camera.compare"
Numbers = NDArray[np.float64]


def quantities(recordings: EventSet) -> dict[str, Numbers]:
    """Return the compared quantities: per recording, per event, or per two events of a pixel."""
    streams = list(recordings)
    t_ms = [s.t_us / 1e3 for s in streams]
    on = [s.p for s in streams]
    every = {name: np.concatenate([getattr(s, name) for s in streams]) for name in ("x", "y")}
    return {
        "ON events a recording": np.array([p.sum() for p in on], float),
        "OFF events a recording": np.array([(~p).sum() for p in on], float),
        **{
            f"events in saccade {k + 1}": np.array([np.sum((t >= a) & (t < b)) for t in t_ms], float)
            for k, (a, b) in enumerate(((0, 100), (100, 210), (210, 320)))
        },
        "time of an ON event (ms)": np.concatenate([t[p] for t, p in zip(t_ms, on, strict=True)]),
        "time of an OFF event (ms)": np.concatenate([t[~p] for t, p in zip(t_ms, on, strict=True)]),
        "column of an event (px)": every["x"].astype(float),
        "row of an event (px)": every["y"].astype(float),
        "interval between events of a pixel (ms)": np.concatenate([intervals(s) for s in streams]),
    }


def table(real: EventSet, simulated: EventSet, again: EventSet) -> str:
    """Return the distances between the cameras as Markdown; `again` is simulated with another seed."""
    one, other = quantities(real), quantities(simulated)
    lines = [
        f"Measured by `{COMMAND}`: the same {len(real)} digits, recorded by the real and by the simulated "
        "camera. KS: Kolmogorov and Smirnov's largest distance between the two distributions, from 0 to 1.",
        "",
        "| quantity | mean, real | mean, simulated | difference of means (%) | KS |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in one:
        a, b = one[name].mean(), other[name].mean()
        difference = f"{100 * (b / a - 1):+.1f}".replace("-", MINUS)
        ks = ks_2samp(one[name], other[name]).statistic
        lines.append(f"| {name} | {a:,.1f} | {b:,.1f} | {difference} | {ks:.3f} |")
    totals = [d["ON events a recording"] + d["OFF events a recording"] for d in (one, other)]
    maps = [count_recordings(recordings) for recordings in (real, simulated, again)]
    lines += [
        "",
        f"Digit by digit, the numbers of events correlate with {np.corrcoef(*totals)[0, 1]:.3f}. The maps of "
        f"each recording (pixel, polarity and saccade; each less its mean) have a cosine of "
        f"{cosine(maps[0], maps[1]):.3f} between real and simulated; it is {cosine(maps[1], maps[2]):.3f} "
        "between two simulated cameras of different seeds, which differ in their pixels and noise alone.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Record, compare, draw, and fill the document."""
    real, images = load_digits(held_out=True, n=500)
    simulated = record(images)
    document = Document(DOCS / "camera.md", "recordings")
    save(cameras(real, simulated), DOCS / "figures" / "camera.svg")
    content = table(real, simulated, record(images, seed=2))
    publish(document, content, made_now(COMMAND, "recordings", "bioscnn.datasets.saccades"))


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))

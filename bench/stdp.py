"""Diehl and Cook's network, compiled and as a plain Brian2 script, on the same images in one run.

    python -m bench.stdp                  # docs/tables/stdp-speed.csv; minutes for 100 and 400 neurons
    python -m bench.stdp 100 --images 20

Processor time, so that neighbours on the machine count little. The plain script is warmed up on one image
first, so that nothing of its time is Brian2's own compiling; the compiled network is timed on more images,
since it is done with so few before its time can be told from its start.
"""

from __future__ import annotations

import argparse
import resource
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pandas as pd

from bioscnn.claims import made_now
from bioscnn.claims.record import write_table
from bioscnn.datasets.mnist import load_embedded
from bioscnn.seeds import stream
from bioscnn.stdp.competitive.model import read_model
from bioscnn.stdp.competitive.plain import show_plainly
from bioscnn.stdp.competitive.settings import Circuit
from bioscnn.stdp.competitive.simulate import Answers, State, fresh_state, show

TABLE = Path("docs/tables/stdp-speed.csv")
CODE = ("bioscnn.stdp.competitive.simulate", "bioscnn.stdp.competitive.plain")

TIMES = 20
"""So many times more images does the compiled network see when it is timed."""


def processor_seconds() -> float:
    """Return the processor time of this process and of the programs that it started."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + used.ru_utime + used.ru_stime


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what some work comes to, and its processor time in s."""
    begun = processor_seconds()
    return work(), processor_seconds() - begun


def compare(neurons: int, n_images: int, target: str) -> dict[str, Any]:
    """Return one row: both paths learn from the same images in double precision."""
    model, circuit = read_model(), Circuit(784, neurons)
    shown = load_embedded()
    images = shown.intensities().reshape(len(shown), -1)
    state = fresh_state(model, circuit, stream(1, "stdp", "weights"))

    def compiled(n: int, precision: str = "float64") -> tuple[tuple[State, Answers], float]:
        return timed(
            lambda: show(model, circuit, state, images[:n], np.arange(n), 1, learns=True, precision=precision)
        )

    (after, answers), _ = compiled(n_images)
    many = min(len(images), TIMES * n_images)
    compiled(1, "float32")
    times = {name: compiled(many, name) for name in ("float64", "float32")}
    per = {name: 1e3 * t / found[1].presentations.sum() for name, (found, t) in times.items()}
    show_plainly(model, circuit, state, images[:1], 1, learns=True, target=target)
    (plain, counts), slow = timed(
        lambda: show_plainly(model, circuit, state, images[:n_images], 1, learns=True, target=target)
    )
    presentations = int(answers.presentations.sum())
    return {
        "neurons": neurons,
        "images": n_images,
        "presentations": presentations,
        "plain Brian2 with": target,
        "plain (ms per presentation)": 1e3 * slow / presentations,
        "compiled images": many,
        "compiled, float64 (ms per presentation)": per["float64"],
        "compiled, float32 (ms per presentation)": per["float32"],
        "times as fast, float64": 1e3 * slow / presentations / per["float64"],
        "times as fast, float32": 1e3 * slow / presentations / per["float32"],
        "spike counts that differ": int(np.sum(answers.counts != counts)),
        "largest difference of a weight": float(np.abs(after.weight - plain.weight).max()),
        "largest weight": float(plain.weight.max()),
    }


def main() -> None:
    """Measure the sizes that are asked for and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("neurons", nargs="*", type=int, default=[100, 400])
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--target", choices=("cython", "numpy"), default="cython")
    parser.add_argument("--out", type=Path, default=TABLE)
    asked = parser.parse_args()
    rows = []
    for neurons in asked.neurons:
        rows.append(compare(neurons, asked.images, asked.target))
        print(rows[-1], flush=True)
        content = pd.DataFrame(rows).to_csv(index=False, float_format="%.6g").encode()
        write_table(asked.out, content, made_now("python -m bench.stdp", "nothing", *CODE))


if __name__ == "__main__":
    main()

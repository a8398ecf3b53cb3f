"""Diehl and Cook's network, compiled and as a plain Brian2 script, on the same images in one run.

    python -m bench.stdp                  # docs/tables/stdp-speed.csv and stdp-cost.csv; minutes
    python -m bench.stdp 100 --images 20 --costs --folder /tmp

Processor time, so that neighbours on the machine count little. The plain script is warmed up on one image
first, so that nothing of its time is Brian2's own compiling; the compiled network is timed on more images,
since it is done with so few before its time can be told from its start.
"""

from __future__ import annotations

import argparse
import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import brian2
import numpy as np
import pandas as pd
from brian2.devices.device import reset_device
from numpy.typing import NDArray

from bioscnn.claims import made_now
from bioscnn.claims.record import write_table
from bioscnn.datasets.mnist import load_embedded
from bioscnn.seeds import stream
from bioscnn.stdp.competitive.model import Model, read_model
from bioscnn.stdp.competitive.plain import input_spikes, plain_network, show_plainly
from bioscnn.stdp.competitive.settings import Circuit
from bioscnn.stdp.competitive.simulate import Answers, State, fresh_state, show

TABLES = Path("docs/tables")
CODE = ("bioscnn.stdp.competitive.simulate", "bioscnn.stdp.competitive.plain")

TIMES = 20
"""So many times more images does the compiled network see when it is timed."""


def processor_seconds() -> float:
    """Return the processor time of this process and of the programs that it started."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + used.ru_utime + used.ru_stime


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return the result of some work, and its processor time in s."""
    begun = processor_seconds()
    return work(), processor_seconds() - begun


def standalone(model: Model, circuit: Circuit, images: NDArray[np.float32]) -> float:
    """Return the processor time, ms per presentation, of the plain network as a C++ program of Brian2.

    One run shows all images once, without the borders between them, which are Python's in a plain script:
    states do not return to rest, weights are not normalised, no image is shown again.
    """
    drawn = [input_spikes(circuit, image, 1, k, 0) for k, image in enumerate(images)]
    step = np.concatenate(
        [steps_of_image + k * circuit.n_steps for k, (steps_of_image, _) in enumerate(drawn)]
    )
    with TemporaryDirectory() as folder:
        brian2.set_device("cpp_standalone", build_on_run=False, directory=folder)
        try:
            network, groups, _ = plain_network(model, circuit, learns=True)
            groups["plastic"].w = "0.2*rand()"
            groups["excitatory"].theta = 20 * brian2.mV
            pixel = np.concatenate([steps_of_image for _, steps_of_image in drawn])
            groups["inputs"].set_spikes(pixel, step * circuit.dt * brian2.second)
            network.run(len(images) * circuit.shown * brian2.second, namespace={})
            brian2.device.build(directory=folder, compile=True, run=False)
            _, seconds = timed(lambda: brian2.device.run(folder, with_output=False, run_args=[]))
        finally:
            brian2.device.reinit()
            reset_device()
    return 1e3 * seconds / len(images)


def compare(neurons: int, n_images: int, target: str) -> dict[str, Any]:
    """Return one row: both paths learn from the same images in double precision."""
    model, circuit = read_model(), Circuit(784, neurons)
    digits = load_embedded()
    images = digits.intensities().reshape(len(digits), -1)
    state = fresh_state(model, circuit, stream(1, "stdp", "weights"))

    def compiled(n: int, precision: str = "float64") -> tuple[tuple[State, Answers], float]:
        return timed(
            lambda: show(
                model,
                circuit,
                state,
                images[:n],
                np.arange(n),
                1,
                learns=True,
                precision=precision,
                rasters=n_images,
            )
        )

    (after, answers), _ = compiled(n_images)
    many = min(len(images), TIMES * n_images)
    compiled(1, "float32")
    times = {name: compiled(many, name) for name in ("float64", "float32")}
    per = {name: 1e3 * t / result[1].presentations.sum() for name, (result, t) in times.items()}
    show_plainly(model, circuit, state, images[:1], 1, learns=True, target=target)
    (plain, spikes), slow = timed(
        lambda: show_plainly(model, circuit, state, images[:n_images], 1, learns=True, target=target)
    )
    alone = standalone(model, circuit, images[:n_images])
    presentations = int(answers.presentations.sum())
    return {
        "neurons": neurons,
        "images": n_images,
        "presentations": presentations,
        "plain Brian2 with": target,
        "plain (ms per presentation)": 1e3 * slow / presentations,
        "plain, C++ standalone (ms per presentation)": alone,
        "compiled images": many,
        "compiled, float64 (ms per presentation)": per["float64"],
        "compiled, float32 (ms per presentation)": per["float32"],
        "times as fast as C++ standalone, float32": alone / per["float32"],
        "times as fast, float64": 1e3 * slow / presentations / per["float64"],
        "times as fast, float32": 1e3 * slow / presentations / per["float32"],
        "spikes": len(spikes),
        "spikes that differ": len(np.setxor1d(answers.raster, spikes)),
        "largest difference of a weight": float(np.abs(after.weight - plain.weight).max()),
        "largest weight": float(plain.weight.max()),
    }


def cost(neurons: int, n_images: int) -> dict[str, Any]:
    """Return one row: what it costs a network that has learned nothing yet to learn from images."""
    model, circuit = read_model(), Circuit(784, neurons)
    images = load_embedded().intensities().reshape(-1, 784)[:n_images]
    state = fresh_state(model, circuit, stream(1, "stdp", "weights"))
    show(model, circuit, state, images[:1], np.arange(1), 1, learns=True)
    (_, answers), seconds = timed(
        lambda: show(model, circuit, state, images, np.arange(n_images), 1, learns=True)
    )
    per = seconds / float(answers.presentations.sum())
    return {
        "neurons": neurons,
        "synapses that learn": 784 * neurons,
        "images": n_images,
        "float32 (ms per presentation)": 1e3 * per,
        "pass of 55,000 presentations (hours)": 55_000 * per / 3600,
    }


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows as a table of the docs, with what made it."""
    print(rows[-1], flush=True)
    content = pd.DataFrame(rows).to_csv(index=False, float_format="%.6g").encode()
    units = {name: "1" for name, value in rows[0].items() if not (isinstance(value, str) or "(" in name)}
    write_table(path, content, replace(made_now("python -m bench.stdp", "nothing", *CODE), units=units))


def main() -> None:
    """Measure the sizes that are asked for and write both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("neurons", nargs="*", type=int, default=[100, 400])
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--target", choices=("cython", "numpy"), default="cython")
    parser.add_argument("--costs", nargs="*", type=int, default=[100, 400, 1600, 6400])
    parser.add_argument("--folder", type=Path, default=TABLES)
    options = parser.parse_args()
    costs: list[dict[str, Any]] = []
    for neurons in options.costs:
        costs.append(cost(neurons, min(1000, 10 * options.images)))
        write(options.folder / "stdp-cost.csv", costs)
    rows: list[dict[str, Any]] = []
    for neurons in options.neurons:
        rows.append(compare(neurons, options.images, options.target))
        write(options.folder / "stdp-speed.csv", rows)


if __name__ == "__main__":
    main()

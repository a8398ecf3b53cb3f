"""Results: of runs, of experiments and of training: valid ones, and what reads them."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import stat
from collections.abc import Callable
from functools import cache, wraps
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.fuzz.containers import pack
from tests.fuzz.reader import packed


def run_folder(folder: Path) -> list[bytes]:
    from tests.browser.conftest import write_made_up_run

    found = []
    for name, keys in (("plain", {"explained": True}), ("cells", {"encoding": {"kind": "lif-layer",
                       "retina": ["on-midget"]}}), ("recorded", {"recorded": "simulated"})):  # fmt: skip
        (folder / name).mkdir()
        run = write_made_up_run(folder / name, 10, **keys)  # type: ignore[arg-type]
        found.append(packed(run))
    return found


def read_run(path: Path) -> object:
    from bioscnn.report.folder import read_run

    return read_run(path)


def page(path: Path) -> object:
    """Write a report, its figures drawn for phones alone, in this process, and once."""
    from bioscnn.report import write_report

    draw_once()
    return write_report(path)


@cache
def draw_once() -> None:
    """Let figures be drawn once: what was drawn of the same numbers before is not drawn again."""
    from bioscnn import plots
    from bioscnn.report import pictures

    drawn: dict[bytes, tuple[float, float]] = {}

    def once(draw: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(draw)
        def sized(*asked: Any, **how: Any) -> Any:
            key = sha256(pickle.dumps((draw.__name__, asked, how))).digest()
            if key not in drawn:
                figure = draw(*asked, **how)
                plots.to_svg(figure)
                drawn[key] = figure.get_size_inches()
            return SimpleNamespace(get_size_inches=lambda: np.array(drawn[key]))

        return sized

    for name, draw in vars(plots).items():
        if getattr(draw, "__annotations__", {}).get("return") == "Figure":
            setattr(plots, name, once(draw))
    pictures.shared_out = map  # type: ignore[assignment]
    pictures._widths = lambda figure: (pictures.NARROW,)  # type: ignore[assignment]
    pictures.to_svg = lambda drawn: "<svg/>"  # type: ignore[assignment]


def compared(folder: Path) -> list[bytes]:
    from tests.runs import recorded, write_run

    return [packed(write_run(folder / "run", recorded(2)))]


def beside_compared(place: Path) -> None:
    from tests.runs import recorded, write_run

    write_run(place / "other", recorded(2))


def compare(path: Path) -> object:
    from bioscnn.studies.compare import compare_runs

    return compare_runs(path.parent / "other", path).as_dict()


def export(path: Path) -> object:
    from bioscnn.exports import export

    return [export(path, to, None, ()) for to in ("npz", "csv")]


def results(folder: Path) -> list[bytes]:
    from tests.results import write_results

    write_results(folder / "results")
    return [packed(folder / "results")]


def index(path: Path) -> object:
    from bioscnn.report import write_index

    return write_index(path)


def steps_json(folder: Path) -> list[bytes]:
    from tests.results import STEPS

    return [json.dumps(STEPS).encode()]


def steps(path: Path) -> object:
    from bioscnn.reproduce.records import read_records

    return read_records(path)


SUMMARY = {
    "format": 1, "kind": "morris", "outcomes": ["accuracy", "latency [ms]"], "command": "bioscnn sweep x",
    "commit": "c" * 40, "verdict": ["The threshold matters.", "The rest does not."], "dataset": "mnist",
    "split": "test", "data_sha256": "d" * 64, "weights": {"mnist-small": "w" * 64},
    "parameters": [
        {"key": "neuron.tau_m", "unit": "ms", "low": 10.0, "high": 30.0, "values": None, "scale": "linear",
         "nominal": 20.0},
        {"key": "neuron.reset", "unit": "", "low": None, "high": None, "values": ["exact", "zero"],
         "scale": "choice", "nominal": "exact"},
    ],
}  # fmt: skip
POINTS = """point,seed,neuron.tau_m [ms],neuron.reset,accuracy,latency [ms],error
0,1,10,exact,0.9,12,
1,1,30,exact,0.8,14,
2,1,10,zero,0.7,13,
3,1,30,zero,,,no <spike> at all
"""
EFFECTS = """parameter,outcome,mu_star,mu_star_low,mu_star_high,sigma
neuron.tau_m,accuracy,0.1,0.05,0.2,0.01
neuron.reset,accuracy,0.2,0.1,0.3,0.02
neuron.tau_m,latency [ms],2,1,3,0.2
"""
UNITS = "unit,variant,measure,code,commit\n0,a,bioscnn.readout,x,y\n"


def swept(folder: Path) -> list[bytes]:
    """The results of a sweep, as far as they are read again."""
    files = {
        "points.csv": POINTS,
        "effects.csv": EFFECTS,
        "units.csv": UNITS,
        "sweep.toml": "study = 'mnist'\n",
    }
    files["summary.json"] = json.dumps(SUMMARY)
    whole = [(name, stat.S_IFREG << 16, text.encode()) for name, text in files.items()]
    return [pack(whole), pack([entry for entry in whole if entry[0] != "effects.csv"])]


def read_swept(path: Path) -> object:
    from bioscnn.experiments.sweep.shown import read_sweep_results

    shown = read_sweep_results(path)
    return shown.order, shown.effects_on(shown.main), shown.failed


def taken(path: Path) -> object:
    """Take tables over; the data and the repository, which are none of the input, are looked at once."""
    from bioscnn import datasets
    from bioscnn.claims import take, take_table

    if take.own_checkout is not checkout:
        datasets.load_dataset = cache(datasets.load_dataset)
        take.own_checkout = checkout
    shutil.rmtree(path.parent / "tables", ignore_errors=True)
    for name in ("points.csv", "summary.json"):
        take_table(path / name, path.parent / "tables" / "x.csv", "trials")


@cache
def checkout() -> Any:
    from bioscnn.git import own_checkout

    return own_checkout()


def units(folder: Path) -> list[bytes]:
    from bioscnn.experiments.store import MadeBy

    made_by = MadeBy("c", "d", "e", "f", "g", 1.0).__dict__
    place = folder / "noise" / "mnist" / "units"
    place.mkdir(parents=True)
    for k in range(3):
        np.savez(
            place / f"{k}.npz",
            _made_by=np.array(json.dumps(made_by)),
            chosen=np.arange(5),
            label=np.arange(5),
        )
    (place.parent / "abc").mkdir()
    (place.parent / "abc" / "spec.json").write_text(
        '{"plan": "abc", "experiment": "noise", "label": "mnist"}'
    )
    return [packed(folder)]


def merge(path: Path) -> object:
    from bioscnn.experiments.merge import merge
    from bioscnn.experiments.store import check_spec

    results = path.parent / "results"
    shutil.rmtree(results, ignore_errors=True)
    found = merge([path], results)
    for place, _, files in os.walk(path):
        if "spec.json" in files:
            check_spec(Path(place) / "spec.json", "abc")
    return found


def checkpoint(folder: Path) -> list[bytes]:
    import torch

    from bioscnn.training.checkpoint import Checkpoint, State

    path = folder / "checkpoint.npz"
    network, optimiser, generators = training_state(torch)
    (sum((p**2).sum() for p in network.parameters)).backward()
    optimiser.step()
    Checkpoint(path, "me").write(State(3, [0.5] * 3), network, optimiser, generators)
    return [path.read_bytes()]


def training_state(torch: object) -> tuple[object, object, dict[str, object]]:
    from bioscnn.ann import LIFRate
    from bioscnn.training.architectures import Architecture
    from bioscnn.training.layers import parse_layers
    from bioscnn.training.torch_network import TorchNetwork

    graph = Architecture((1, 8, 8), parse_layers("4c3"), 2, LIFRate()).initial("tiny", 3)
    network = TorchNetwork(graph)
    return network, torch.optim.Adam(network.parameters), {"images": torch.Generator()}  # type: ignore[attr-defined]


def resume(path: Path) -> object:
    import torch

    from bioscnn.training.checkpoint import Checkpoint

    return Checkpoint(path, "me").resume(*training_state(torch), 4, 1)  # type: ignore[arg-type]

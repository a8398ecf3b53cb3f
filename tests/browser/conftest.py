import json
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bioscnn.ledger import Entry, LayerComparison, Ledger
from bioscnn.ledger.files import to_json
from bioscnn.metrics import decision_latency, first_informed_step, spikes_per_trial
from bioscnn.network import OUTPUT, READOUT
from bioscnn.readout import READOUTS, decisions
from bioscnn.simulation import PopulationRecording, Recording
from bioscnn.simulation.storage import RunFile
from bioscnn.spikes import SpikeTrains
from bioscnn.statistics import proportion
from tests.facts import made_up_estimate

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DT, N_STEPS = 1e-3, 30
SHAPES = {"conv1": (6, 12, 12), "conv2": (12, 6, 6), "dense1": (64,), OUTPUT: (10,), READOUT: (10,)}
LIF = {
    "equations": "dV/dt = (R_m*(I_syn + I_stim) - V)/tau_m : volt (unless refractory)\nI_stim : amp",
    "threshold": "V > V_th",
    "reset": "V = V - V_th + V_th/clip((R_m*(I_syn + I_stim) - V_th)/(V - V_th), "
    "1/(1 - exp(-dt/tau_m)), inf)",
    "refractory": "t_ref + dt",
    "parameters": {"tau_m": "20 ms", "V_th": "20 mV", "t_ref": "2 ms"},
}

EVENTS = {
    "events_per_trial": 210.0,
    "input_spikes_per_trial": 200.0,
    "frames_per_trial": 3,
    "saccade_ends_ms": [10.0, 20.0],
}
RECORDED = {
    "real": EVENTS | {"dataset": "nmnist", "simulated": False},
    "simulated": EVENTS | {"dataset": "nmnist-simulated", "simulated": True},
}

MakeRun = Callable[..., Path]


def open_alone(browser: "Browser", report: Path, width: int) -> "Page":
    """Open a page, which must do so without an error, and without asking for anything but itself."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    errors: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(report.as_uri())
    page.evaluate("new Promise(done => requestIdleCallback(done))")  # whatever its scripts do at first
    if page.locator("script").count():  # which must not be able to ask later
        policy = page.locator("meta[http-equiv='Content-Security-Policy']")
        assert "default-src 'none'" in (policy.get_attribute("content") or "")
    assert errors == []
    assert [url for url in requests if not url.startswith("data:")] == [report.as_uri()]
    return page


def assert_verdict_is_read_without_scrolling(page: "Page", verdict: Sequence[str]) -> None:
    """Each sentence of a verdict stands on the first screen, word for word."""
    for k, sentence in enumerate(verdict):
        box = page.locator(".verdict").nth(k).bounding_box()
        assert page.locator(".verdict").nth(k).inner_text().replace("\N{NO-BREAK SPACE}", " ") == sentence
        assert box is not None and box["y"] + box["height"] < 900


def assert_everything_fits(page: "Page", width: int, sections: Sequence[str], n_pictures: int) -> None:
    """With all parts open, a page has its sections, pictures in their size, and no scrolling aside."""
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert [name for name in sections if page.locator(f"#{name}").bounding_box() is None] == []
    shrunk = page.evaluate(
        """Promise.all([...document.images].map(async image => {
            await image.decode();
            return image.getBoundingClientRect().width / image.naturalWidth;
        }))"""
    )
    assert len(shrunk) == n_pictures
    assert min(shrunk) > 0.95
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def random_recording(
    label: np.ndarray, ann: np.ndarray, activity: float, rng: np.random.Generator
) -> Recording:
    """What a network might do: activity from 3 ms on, evidence for the ANN's class that grows in noise."""
    n, populations = len(label), {}
    for depth, (name, shape) in enumerate(SHAPES.items()):
        size = int(np.prod(shape))
        drive = rng.gamma(0.6, 0.05, size) * activity * (np.arange(N_STEPS) > 3 + 2 * depth)[None, :, None]
        chance = np.broadcast_to(drive, (n, N_STEPS, size)).copy()
        potentials = None
        if name == OUTPUT:
            chance[np.arange(n), :, ann] *= 8
        if name == READOUT:
            chance[:] = 0
            noise = np.cumsum(rng.normal(0, 1e-3, chance.shape), axis=1)
            noise[np.arange(n), :, ann] += np.linspace(0, 25e-3, N_STEPS)
            potentials = noise.astype(np.float32)
        trial, step, neuron = np.nonzero(rng.random(chance.shape) < chance)
        events = {"n_trials": n, "size": size, "n_steps": N_STEPS, "dt": DT}
        populations[name] = PopulationRecording.from_spikes(
            SpikeTrains.from_events(trial, step, neuron, **events), True, potentials
        )
    return Recording(populations, N_STEPS, DT)


def input_spikes(
    n_trials: int, activity: float, rng: np.random.Generator, size: int = 2 * 34 * 34
) -> SpikeTrains:
    """Spikes all over the sensor, none in the last step."""
    trial, step, neuron = np.nonzero(rng.random((n_trials, N_STEPS - 1, size)) < 0.003 * activity)
    return SpikeTrains.from_events(trial, step, neuron, n_trials=n_trials, size=size, n_steps=N_STEPS, dt=DT)


def summary_of(recording: Recording, label: np.ndarray, ann: np.ndarray) -> dict[str, object]:
    decided = {rule: decisions(recording, rule) for rule in READOUTS}
    shares = {rule: proportion(choice[:, -1] == label) for rule, choice in decided.items()}
    informed = first_informed_step(recording[READOUT].potentials, DT, 20e-3)
    latency = decision_latency(decided["mean-potential"], DT, informed)
    ann_share = proportion(ann == label)
    return {
        "dataset": "mnist",
        "source": "a synthetic run of the tests, no real digits",
        "n_trials": len(label),
        "ann_accuracy": [ann_share.value, ann_share.low, ann_share.high],
        "accuracy": {rule: [share.value, share.low, share.high] for rule, share in shares.items()},
        "readout": "mean-potential",
        "spikes_per_trial": spikes_per_trial(recording),
        "synops_per_trial": 25 * spikes_per_trial(recording),
        "energy": {
            "synapses_flop": 7e3, "updates_flop": 6e4, "stimulus_flop": 1e5, "ann_flop": 7e5,
            "ann_to_spiking": 10.4, "ann_to_spiking_with_stimulus": 4.2,
        },
        "latency_ms": 1e3 * float(latency.mean()),
        "duration_ms": N_STEPS * DT * 1e3,
        "dt_ms": DT * 1e3,
        "device": "cpp_standalone",
        "seconds": {"build": 12.3, "simulate": 4.5, "total": 17.0},
        "weights_sha256": "81e1c66d" * 8,
        "data_sha256": "0f1e2d3c" * 8,
    }  # fmt: skip


def provenance_of(classes: list[str]) -> dict[str, object]:
    source = {"name": "input", "shape": [1, 28, 28], "size": 784, "equations": None, "threshold": None}
    leaky = {**LIF, "threshold": None, "reset": None, "refractory": None}
    neurons = [
        {
            "name": name,
            "shape": list(shape),
            "size": int(np.prod(shape)),
            **(leaky if name == READOUT else LIF),
        }
        for name, shape in SHAPES.items()
    ]
    names = ["input", *SHAPES]
    ends = [*pairwise(names[:-1]), ("dense1", READOUT)]
    return {
        "command": "bioscnn run sims/mnist.toml --trials 200",
        "started": "2026-11-24T09:00:00+00:00",
        "seed": 1,
        "commit": "c22e3747d1f0c9d9c6c2f0f1a1b2c3d4e5f60718",
        "dirty": False,
        "versions": {"bioscnn": "0.1.0", "brian2": "2.9.0", "python": "3.11.2"},
        "machine": {"processor": "a <fast> one & two cores", "system": "Linux"},
        "data": {
            "dataset": "mnist", "split": "validation", "source": "made up", "sha256": "0f" * 32,
            "classes": classes,
        },
        "network": {"model": "mnist-small", "weights_sha256": "81" * 32, "card": {"note": "made for a test"}},
        "populations": [source, *neurons],
        "projections": [
            {
                "pre": pre, "post": post, "connectivity": "dense, 10 × 64", "n_synapses": 640,
                "synapse": "constant current" if pre == "input" else "exponential current",
            }
            for pre, post in ends
        ],
    }  # fmt: skip


def made_up_ledger() -> str:
    """A ledger with a long name, a part of either sign, and one that is not significant."""
    names = {"a <first> cause of lost accuracy": 0.04, "a cause that helps": -0.02, "a small one": 0.001}
    parts = {name: made_up_estimate(value, 0.01) for name, value in names.items()}
    left = made_up_estimate(0.009, 0.01)
    entries = tuple(
        Entry(name, f"What {name} is.", "dt 1 ms -> 100 us", 0.95, 0.97, part, part)
        for name, part in parts.items()
    )
    ledger = Ledger(
        200, "peak-potential", 0.97, 0.94, 0.961, made_up_estimate(0.03, 0.02), entries, entries[0].cause,
        ("a small one",), left, left, left, left, left, {"float32": "computed in float64 already"},
    )  # fmt: skip
    rng = np.random.default_rng(2)
    edges = [float(edge) for edge in range(0, 210, 10)]
    layers = [
        LayerComparison(name, 864, 100, 0.9, 0.8, 12.0, 10.0, 0.2, edges, [-16.0, 16.0, 50.0],
                        rng.integers(0, 1000, (2, 20)).tolist())
        for name in SHAPES if name != READOUT
    ]  # fmt: skip
    return to_json(ledger, layers)


def write_made_up_run(
    place: Path,
    n_trials: int = 200,
    activity: float = 1.0,
    n_classes: int = 10,
    explained: bool = False,
    recorded: str | None = None,
    encoding: dict[str, object] | None = None,
) -> Path:
    """Write the folder of a made-up run of `n_trials`, with `activity` times the usual spikes.

    It is one on images, or on recordings that are `recorded` by a ``"real"`` or ``"simulated"`` camera;
    `encoding` has the keys of that table of the study, currents of pixels if left out.
    """
    rng, encoding = np.random.default_rng(1), encoding or {"kind": "currents", "retina": []}
    sends_spikes = encoding["kind"] != "currents"
    folder = place / "1a2b3c4d5e6f"
    folder.mkdir()
    label = np.arange(n_trials) % n_classes
    ann = np.where(rng.random(n_trials) < 0.97, label, rng.integers(0, n_classes, n_trials))
    recording = random_recording(label, ann, activity, rng)
    shown = slice(0, min(n_classes, n_trials))
    examples = Recording(
        {
            name: PopulationRecording.from_spikes(
                p.spikes[shown], True, None if p.potentials is None else p.potentials[shown]
            )
            for name, p in recording.populations.items()
        },
        N_STEPS,
        DT,
    )
    trial = np.arange(n_trials)
    image = rng.integers(0, 256, (len(trial[shown]), 1, 28, 28)).astype(np.uint8)
    with RunFile(folder / "run.h5", SHAPES) as file:
        file.append(recording)
        file.describe_trials(label=label, index=trial, ann_class=ann)
        file.add_examples(examples, trial[shown], image)
        if recorded:
            file.add_example_input(input_spikes(len(image), activity, rng), (2, 34, 34))
        if sends_spikes:
            shape = (max(1, len(encoding["retina"])), 28, 28)
            came_in = input_spikes(len(image), activity, rng, int(np.prod(shape)))
            file.add_example_input(came_in, shape)
    classes = [str(i) for i in range(10)]
    summary = summary_of(recording, label, ann) | (RECORDED[recorded] if recorded else {})
    if sends_spikes:
        summary["input_spikes_per_trial"] = 70.0
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "provenance.json").write_text(json.dumps(provenance_of(classes)))
    keys = "".join(f"{key} = {json.dumps(value)}\n" for key, value in encoding.items())
    (folder / "config.toml").write_text(f'[dataset]\nname = "mnist"  # <b>not bold</b>\n[encoding]\n{keys}')
    if explained:
        (folder / "ledger.json").write_text(made_up_ledger())
    return folder


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Write the folder of a made-up run; see `write_made_up_run`."""
    return partial(write_made_up_run, tmp_path)

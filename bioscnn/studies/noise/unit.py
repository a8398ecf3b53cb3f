"""One contestant under one noise: every severity and seed is simulated, and the classes are kept."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import EventSet, ImageSet
from bioscnn.encoding import Stimulus
from bioscnn.metrics import decision_latency, spikes_per_trial
from bioscnn.network import OUTPUT, READOUT, SpikingNetwork
from bioscnn.noise import Noise
from bioscnn.readout import decisions
from bioscnn.simulation import simulate
from bioscnn.studies.disturbance import disturbed
from bioscnn.studies.inputs import Input
from bioscnn.studies.noise.conditions import Amount
from bioscnn.studies.prepare import Prepared, input_kind
from bioscnn.studies.scores import informed_steps

Found = dict[str, NDArray[Any]]
"""What a unit comes to.

``chosen`` and, where the trained network sees the noise, ``ann``: class of each trial, int16, shape
(n_severities, n_seeds, n_trials). ``latency_ms`` (median over trials) and ``spikes`` (mean), float64, shape
(n_severities, n_seeds). ``seconds``: what it took to encode and classify, and to simulate.
"""


def run_unit(prepared: Prepared, noise: type[Noise] | None, amount: Amount) -> Found:
    """Simulate a contestant under a noise, or as it is if that is None.

    Each severity and seed is what a run of the contestant's study is with this noise in ``[noise]`` and this
    ``simulation.seed``; as it is, it has severity 0 and the study's own seed.

    Raises
    ------
    UserError
        If the noise cannot be applied, or the device fails.
    """
    severities, seeds = amount.severities, amount.seeds
    if noise is None:
        severities, seeds = (0,), (prepared.study.config.simulation.seed,)
    cells = [
        [_cell(prepared, None if noise is None else noise.at(severity), seed) for seed in seeds]
        for severity in severities
    ]
    found = {name: np.array([[cell[name] for cell in row] for row in cells]) for name in cells[0][0]}
    return found | {"seconds": found["seconds"].sum(axis=(0, 1))}


def _cell(prepared: Prepared, noise: Noise | None, seed: int) -> Found:
    config, begun = prepared.study.config, perf_counter()
    shown, stimulus, network = noisy(prepared, noise, seed)
    found: Found = {}
    if noise is None or noise.acts_on in ("images", "events"):
        found["ann"] = shown.ann_class(prepared.graph).astype(np.int16)
    encoded = perf_counter()
    recording = simulate(
        network,
        stimulus,
        replace(prepared.device, jobs=1),
        record={OUTPUT, READOUT},
        potentials={READOUT},
    )
    decided = decisions(recording, config.readout.rule)
    latency = decision_latency(decided, recording.dt, informed_steps(network, recording))
    return found | {
        "chosen": decided[:, -1].astype(np.int16),
        "latency_ms": np.array(1e3 * np.median(latency)),
        "spikes": np.array(spikes_per_trial(recording)),
        "seconds": np.array([encoded - begun, perf_counter() - encoded]),
    }


def noisy(prepared: Prepared, noise: Noise | None, seed: int) -> tuple[Input, Stimulus, SpikingNetwork]:
    """Return the examples, the stimulus and the network of a contestant, one of them with noise.

    Parameters
    ----------
    prepared : Prepared
        The contestant, without noise.
    noise : Noise or None
        What is added, if anything.
    seed : int
        Of the noise and of a random encoding.
    """
    shown, network, acts_on = prepared.input, prepared.network, None if noise is None else noise.acts_on
    # Only this encoding is random; the others need not be done again.
    if acts_on in ("images", "events") or prepared.study.config.encoding.kind == "poisson":
        on_examples = noise if acts_on in ("images", "events") else None
        shown = with_examples(prepared, shown.examples, seed, on_examples)
    stimulus = shown.stimulus
    if noise is not None and acts_on == "spikes":
        stimulus = disturbed(stimulus, (noise,), seed)
    if noise is not None and acts_on == "network":
        network = disturbed(network, (noise,), seed)
    return shown, stimulus, network


def with_examples(prepared: Prepared, examples: ImageSet | EventSet, seed: int, noise: Noise | None) -> Input:
    """Return the input of a contestant with other examples, with noise of them and another seed."""
    config = prepared.study.config
    simulation = config.simulation.model_copy(update={"seed": seed})
    noises = {} if noise is None else {noise.name: noise}
    kind: Any = input_kind(config)
    shown: Input = kind.of(examples, config.model_copy(update={"simulation": simulation, "noise": noises}))
    return shown

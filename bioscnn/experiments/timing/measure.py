"""Measures of the timing experiment: classes from perturbed spikes, information in neurons, controls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.encoding import event_frames
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import RULES
from bioscnn.experiments.form import Form
from bioscnn.experiments.timing.controls import decode_sets
from bioscnn.experiments.unit import Measure, Outcome, Unit
from bioscnn.fingerprint import hash_of
from bioscnn.metrics.decoding import CODES, decode
from bioscnn.metrics.information import count_response, joint_response, latency_response, mutual_information
from bioscnn.network import OUTPUT, READOUT, SpikingNetwork
from bioscnn.noise import parse_perturbation
from bioscnn.readout import final_decisions
from bioscnn.seeds import stream
from bioscnn.simulation import Device, Recording, simulate
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.identity import inputs_of_case
from bioscnn.studies.prepare import Prepared

SPIKING = "spiking network"
COLLAPSED = "time-collapsed CNN"
READOUTS = "readouts"

RESPONSES = ("count", "latency", "both")
"""Of a neuron: how often it fires, when it fires first, both."""

EXAMPLES = 40
"""Trials whose unperturbed spikes are kept for the figures."""

CONTROL_SEED = 1
"""The control sets are the same whatever is studied."""


def layer_names(case: Prepared) -> list[str]:
    """Return the populations whose spikes are perturbed: an input of spikes, and all hidden layers."""
    network = case.network
    hidden = [p.name for p in network.neurons if p.name not in (OUTPUT, READOUT)]
    return hidden if case.input.spikes is None else [network.source.name, *hidden]


def classes(unit: Unit, bench: Bench) -> Outcome:
    """Perturb the spikes of a layer, and classify what is left.

    Options: ``layer``; ``perturbation``, such as ``"jitter 5 ms"``, none for the spikes as they are;
    ``folds`` of the decoders; ``collapsed``, a network of recordings collapsed in time, or none.

    Returns
    -------
    mapping of ndarray
        Classes by each method, int16, shape (n_trials,): `SPIKING`, the network from this layer on; each of
        `bioscnn.metrics.decoding.CODES`, a decoder trained on spikes perturbed alike; at the input
        `COLLAPSED`, if there is such a network. ``readouts``: classes of the spiking network by each of
        `bioscnn.experiments.classify.RULES`, int16, shape (n_rules, n_trials).

    Raises
    ------
    RuntimeError
        If the layer's own spikes, shown to the rest of the network, do not do what they did in the whole one.
    """
    case, options = bench.case(unit.study), unit.options
    config, labels, layer = case.study.config, case.examples.labels, options["layer"]
    seed, label = config.simulation.seed, options["perturbation"]
    spikes, rest = clean_spikes(case, bench, layer), rest_of(case, layer)
    if label is not None:
        spikes = parse_perturbation(label).apply(spikes, stream(seed, "timing", layer, label))
    recording = simulate(rest, spikes, _device(case), record={OUTPUT, READOUT}, potentials={READOUT})
    if label is None and rest is not case.network:
        _check_identical(layer, recording, _whole(case, bench))
    chosen = {
        SPIKING: final_decisions(recording, config.readout.rule),
        READOUTS: np.stack([final_decisions(recording, rule) for rule in RULES]),
    }
    chosen |= decoded(spikes, labels, options["folds"], seed)
    if options["collapsed"] is not None and rest is case.network:
        frames = event_frames(spikes, case.input.shape, spikes.n_steps, config.encoding.input_rate)
        chosen[COLLAPSED] = bench.read(options["collapsed"]).forward(frames[:, 0]).argmax(axis=1)
    return {method: answers.astype(np.int16) for method, answers in chosen.items()}


def decoded(
    spikes: SpikeTrains, labels: NDArray[np.integer], folds: int, seed: int
) -> dict[str, NDArray[np.int64]]:
    """Return the classes by the decoder of each code, each of shape (n_trials,)."""
    return {code: decode(spikes, labels, code, folds=folds, seed=seed) for code in CODES}


def information(unit: Unit, bench: Bench) -> Outcome:
    """Return the bits about the class in each response of each neuron of a layer, and some of its spikes.

    Option: ``layer``.

    Returns
    -------
    mapping of ndarray
        ``bits`` and ``shuffled``: mutual information with the class, and what shuffled classes leave of it,
        float64, shape (n_responses, n_neurons), by `RESPONSES`. ``neuron``, ``step``, ``trial_start``: spikes
        of the trials of `example_trials`, as in `SpikeTrains`.
    """
    case, layer = bench.case(unit.study), unit.options["layer"]
    labels, seed = case.examples.labels, case.study.config.simulation.seed
    return information_in(clean_spikes(case, bench, layer), labels, layer, seed)


def information_in(spikes: SpikeTrains, labels: NDArray[np.integer], layer: str, seed: int) -> Outcome:
    """Return what `information` does, of the spikes of a layer."""
    count, latency = count_response(spikes), latency_response(spikes)
    responses = dict(zip(RESPONSES, (count, latency, joint_response(count, latency)), strict=True))
    by_response = [
        mutual_information(response, labels, rng=stream(seed, "information", layer, name))
        for name, response in responses.items()
    ]
    examples = spikes.take(example_trials(labels))
    return {
        "bits": np.stack([response_information.bits for response_information in by_response]),
        "shuffled": np.stack([response_information.shuffled for response_information in by_response]),
        "neuron": examples.neuron,
        "step": examples.step,
        "trial_start": examples.trial_start,
    }


def controls(unit: Unit, bench: Bench) -> Outcome:
    """Return the outcome of `bioscnn.experiments.timing.controls.decode_sets`."""
    return decode_sets(CONTROL_SEED)


def example_trials(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the first trials of each class, equally many, about `EXAMPLES` in all."""
    each = max(1, EXAMPLES // len(np.unique(labels)))
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:each] for label in np.unique(labels)]))


def clean_spikes(case: Prepared, bench: Bench, layer: str) -> SpikeTrains:
    """Return the spikes of a layer when nothing is perturbed."""
    spikes = case.input.spikes if layer == case.network.source.name else _whole(case, bench)[layer].spikes
    assert spikes is not None
    return spikes


def rest_of(case: Prepared, layer: str) -> SpikingNetwork:
    """Return the part of the network that the spikes of a layer drive."""
    return case.network if layer == case.network.source.name else case.network.after(layer)


def _whole(case: Prepared, bench: Bench) -> Recording:
    """Return every spike of the unperturbed network, which a process simulates once."""
    record = {population.name for population in case.network.neurons}
    recording: Recording = bench.keep(
        "unperturbed network",
        case.study.key(),
        lambda: simulate(case.network, case.stimulus, _device(case), record=record, potentials={READOUT}),
    )
    return recording


def _device(case: Prepared) -> Device:
    return replace(case.device, jobs=1)


def _check_identical(name: str, part: Recording, whole: Recording) -> None:
    potentials, expected = part[READOUT].potentials, whole[READOUT].potentials
    assert potentials is not None and expected is not None
    if part[OUTPUT].spikes != whole[OUTPUT].spikes or not np.array_equal(potentials, expected):
        raise RuntimeError(f"the spikes of {name!r}, shown to what comes after it, do not do what they did")


def _inputs(unit: Unit, bench: Bench) -> str:
    """Return the hash of everything that a unit is computed from."""
    case = bench.case(unit.study)
    config, collapsed = case.study.config, unit.options.get("collapsed")
    simulated: str = bench.keep("inputs", case.study.key(), lambda: inputs_of_case(case))
    more: list[Any] = [] if collapsed is None else [bench.read(collapsed).sha256(), case.input.shape]
    return hash_of(
        simulated, sorted(unit.options.items()), config.simulation.seed, config.encoding.input_rate, *more
    )


SIMULATION = ("bioscnn.simulation.simulate", "bioscnn.readout", "bioscnn.network.network")

FORM_OF_INFORMATION: Form = {
    "bits": f"float {len(RESPONSES)} neurons", "shuffled": f"float {len(RESPONSES)} neurons",
    "neuron": "int spikes", "step": "int spikes", "trial_start": "int trials",
}  # fmt: skip


def _form(unit: Unit) -> Form:
    n = unit.study.config.dataset.trials
    methods = (SPIKING, *CODES, *(() if unit.options["collapsed"] is None else (f"{COLLAPSED}?",)))
    return {READOUTS: f"class {len(RULES)} {n}"} | dict.fromkeys(methods, f"class {n}")


CLASSES = Measure(
    classes,
    _inputs,
    core=(
        *SIMULATION,
        "bioscnn.seeds",
        "bioscnn.noise.parse",
        "bioscnn.metrics.decoding",
        "bioscnn.encoding.event_frames",
        "bioscnn.ann.graph",
    ),
    form=_form,
)
INFORMATION = Measure(
    information,
    _inputs,
    core=(*SIMULATION, "bioscnn.seeds", "bioscnn.metrics.information"),
    form=lambda unit: FORM_OF_INFORMATION,
)
CONTROLS = Measure(
    controls,
    lambda unit, bench: hash_of(CONTROL_SEED),
    core=("bioscnn.experiments.timing.controls", "bioscnn.metrics.control_sets"),
    form=lambda unit: {"label": "class sets trials", "chosen": f"class sets 2 {len(CODES)} trials"},
)

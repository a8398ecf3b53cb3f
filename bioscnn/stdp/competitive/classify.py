"""What a trained competitive network answers to images."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import ImageSet
from bioscnn.errors import UserError
from bioscnn.stdp.competitive.config import Competitive, CompetitiveConfig, circuit_of, model_of
from bioscnn.stdp.competitive.model import Model
from bioscnn.stdp.competitive.settings import Circuit
from bioscnn.stdp.competitive.simulate import State
from bioscnn.stdp.competitive.training import answers_of, input_key
from bioscnn.stdp.labels import assign, likelihoods, votes
from bioscnn.stdp.network import LearnedNetwork, refuse_other_keys
from bioscnn.stdp.rule import Classified

if TYPE_CHECKING:
    from bioscnn.simulation import Progress

NAMES = {"n_neurons": "neurons"}
"""Keys of a study, by what a `Circuit` calls them where that is another name."""

RASTERS = 10
"""Images whose spikes the page can show."""


def classify(
    config: CompetitiveConfig, network: LearnedNetwork, shown: ImageSet, progress: Progress
) -> Classified:
    """Show each image to the network, whose weights and thresholds are held, and let its neurons speak.

    Parameters, returns and errors as of `bioscnn.stdp.rule.Rule.classify`; ``spike-loss`` is of input spikes.
    """
    model, circuit, state = restored(network)
    refuse_other_values(config.learning, network, model, circuit, flat(shown).shape[1])
    label_means(network)
    loss = config.noise.get("spike-loss")
    if loss is not None:  # the spikes of a Bernoulli process that are left are one again
        left = 1 - loss.amount
        circuit = replace(circuit, rate=circuit.rate * left, raise_rate=circuit.raise_rate * left)
    progress.stage("simulating")
    answers = answers_of(
        model, circuit, state, flat(shown), input_key(config.simulation.seed, "answers"),
        precision=config.simulation.precision, rasters=RASTERS, jobs=config.simulation.jobs,
        told=teller(progress),
    )  # fmt: skip
    answered = answers.first_step >= 0
    before = (answers.presentations - 1) * (circuit.shown + circuit.rest)
    latency = np.where(answered, 1e3 * (before + circuit.dt * (answers.first_step + 1)), np.nan)
    excitatory = answers.excitatory_spikes
    # An inhibitory spike reaches all excitatory neurons but its own, an excitatory one its partner.
    synops = answers.input_spikes * circuit.n_neurons + excitatory
    synops = synops + answers.inhibitory_spikes * (circuit.n_neurons - 1)
    silent = int((~answered).sum())
    note = f"{silent:,} images got no answer from any neuron: their class is chosen without evidence"
    chosen = classes_of(network, answers.counts)
    return Classified(
        chosen[config.learning.readout],
        {
            "input": answers.input_spikes,
            "excitatory": excitatory,
            "inhibitory": answers.inhibitory_spikes,
        },
        latency,
        float(synops.mean()),
        {
            **{f"chosen_{name}": classes for name, classes in chosen.items()},
            "presentations": answers.presentations,
            "raster": np.stack([answers.raster[name] for name in ("image", "attempt", "step", "neuron")]),
            "picture": shown.take(min(RASTERS, len(shown))).pictures(),
        },
        [note] if silent else [],
    )


def classes_of(network: LearnedNetwork, counts: NDArray[np.integer]) -> dict[str, NDArray[np.int64]]:
    """Return the class by each readout, shape (n_images,), of spikes of shape (n_images, n_neurons)."""
    means = label_means(network)
    scores = {"votes": votes(counts, assign(means), len(means)), "likelihood": likelihoods(counts, means)}
    return {readout: of_classes.argmax(axis=1) for readout, of_classes in scores.items()}


def label_means(network: LearnedNetwork) -> NDArray[Any]:
    """Return the mean spikes of each neuron in answer to each class, shape (n_classes, n_neurons).

    Raises
    ------
    UserError
        If the neurons are not labelled.
    """
    means = network.array("answers", len(network.card["classes"]), network.card["circuit"]["n_neurons"])
    if not (np.isfinite(means).all() and means.min() >= 0 and means.any()):
        raise UserError(
            "the neurons of the network are not labelled", file=network.file, key="answers",
            expected="mean spikes of each neuron in answer to each class, some above 0",
            fix="train the network again",
        )  # fmt: skip
    return means


def refuse_other_values(
    keys: Competitive, network: LearnedNetwork, model: Model, circuit: Circuit, n_inputs: int
) -> None:
    """Refuse a study whose neurons, synapses, sizes or times are others than those of its network."""
    trained = circuit.as_dict()
    pairs = {
        NAMES.get(name, name): (value, trained[name])
        for name, value in circuit_of(keys, n_inputs).as_dict().items()
    }
    for name, its in model.table().items():
        ours = model_of(keys).table()[name]
        of_ours, of_its = (table.pop("parameters") for table in (ours, its))
        pairs[name] = (ours, its)
        pairs |= {f"parameters.{key}": (value, of_its.get(key)) for key, value in of_ours.items()}
    refuse_other_keys(network, pairs)


def flat(shown: ImageSet) -> NDArray[np.float32]:
    """Return images as intensities, shape (n_images, n_inputs)."""
    return shown.intensities().reshape(len(shown), -1)


def restored(network: LearnedNetwork) -> tuple[Model, Circuit, State]:
    """Return the equations, the circuit and the state of a network as its file and its card have them.

    Raises
    ------
    UserError
        If an array is missing or does not fit, or the card holds no equations.
    """
    try:
        model = Model.of_table(network.card["model"])
        circuit = Circuit(**network.card["circuit"])
    except (KeyError, TypeError) as error:
        raise UserError("the card holds no equations of a competitive network",
                        file=network.file.with_suffix(".json"), value=str(error),
                        fix="train the network again") from None  # fmt: skip
    except UserError as error:
        raise error.but(file=network.file.with_suffix(".json")) from None
    n = circuit.n_neurons
    weight = network.array("weight", circuit.n_inputs, n).astype(np.float32)
    kept = {variable.name: network.array(f"kept_{variable.name}", n) for variable in model.excitatory.kept}
    return model, circuit, State(weight, kept)


def teller(progress: Progress) -> Any:
    """Return what turns the number of images that are done into trials of a progress."""
    before = 0

    def told(done: int) -> None:
        nonlocal before
        for _ in range(max(0, done - before)):
            progress.trial()
        before = done

    return told

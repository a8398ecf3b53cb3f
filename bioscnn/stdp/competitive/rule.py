"""The competitive network as a rule of `bioscnn.stdp.rule`: trained, asked, shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import ImageSet
from bioscnn.errors import UserError
from bioscnn.report.page import Section
from bioscnn.simulation import Progress
from bioscnn.stdp.competitive.config import CompetitiveConfig, circuit_of
from bioscnn.stdp.competitive.model import Model, read_model
from bioscnn.stdp.competitive.page import sections
from bioscnn.stdp.competitive.settings import Circuit
from bioscnn.stdp.competitive.simulate import State
from bioscnn.stdp.competitive.training import PART, answers_of, input_key, train
from bioscnn.stdp.labels import assign, likelihoods, mean_answers, votes
from bioscnn.stdp.network import LearnedNetwork
from bioscnn.stdp.rule import Classified, Trained

RASTERS = 10
"""Images whose spikes the page can show."""


class CompetitiveRule:
    """Diehl and Cook (2015); methods as of `bioscnn.stdp.rule.Rule`."""

    config = CompetitiveConfig
    measured_by = ("bioscnn.stdp.competitive.rule",)
    code = "rate"

    def train(
        self, config: CompetitiveConfig, shown: ImageSet, checkpoint: Path, progress: Progress
    ) -> Trained:
        """Train, round the weights to half precision, and have labelled images say what neurons stand for."""
        keys, images, n_classes = config.learning, flat(shown), len(shown.classes)
        labelled = shown.take(min(keys.label_examples, len(shown)))
        if (missing := np.flatnonzero(np.bincount(labelled.labels, minlength=n_classes) == 0)).size:
            raise UserError(
                f"no labelled image shows class {shown.classes[missing[0]]}, so no neuron can stand for it",
                key="learning.label_examples",
                value=len(labelled),
                expected="training images of every class",
                fix="label, or show, more images",
            )
        paths = {name: getattr(keys, name) for name in ("excitatory", "inhibitory", "synapse")}
        model = read_model(keys.parameters, **{name: path and Path(path) for name, path in paths.items()})
        circuit = circuit_of(keys, images.shape[1])
        progress.stage("compiling")
        *_, last = train(
            model, circuit, images, shown.labels, passes=keys.passes, seed=keys.seed, checkpoint=checkpoint,
            precision=config.simulation.precision, told=_teller(progress),
        )  # fmt: skip
        # What is kept is what assigns and is scored: 2 bytes a weight.
        weight = last.state.weight.astype(np.float16)
        state = State(weight.astype(np.float32), last.state.kept)
        progress.stage("labelling neurons")
        answers = answers_of(
            model, circuit, state, flat(labelled), input_key(keys.seed, "labels"), told=_teller(progress),
            precision=config.simulation.precision, jobs=config.simulation.jobs,
        )  # fmt: skip
        means = mean_answers(answers.counts, labelled.labels, n_classes).astype(np.float32)
        kept = {f"kept_{name}": values.astype(np.float32) for name, values in state.kept.items()}
        facts = {
            "model": model.table(),
            "circuit": circuit.as_dict(),
            "equations": _texts(model),
            "images_seen": last.seen,
            "presentations": last.slots,
            "labels_used": len(labelled),
            "curve": [list(point) for point in last.curve],
            "curve_of": f"Accuracy on each {PART:,} training images while weights still changed, with "
            f"classes assigned on the {PART:,} images before them: no image is judged by its own label.",
        }
        return Trained({"weight": weight, "answers": means, **kept}, facts)

    def classify(
        self, config: CompetitiveConfig, network: LearnedNetwork, shown: ImageSet, progress: Progress
    ) -> Classified:
        """Show each image to the network, whose weights and thresholds are held, and let its neurons vote."""
        model, circuit, state = restored(network)
        n_classes = len(shown.classes)
        means = network.array("answers", n_classes, circuit.n_neurons)
        if not (np.isfinite(means).all() and means.min() >= 0 and means.any()):
            raise UserError(
                "the neurons of the network are not labelled", file=network.file, key="answers",
                expected="mean spikes of each neuron in answer to each class, some above 0",
                fix="train the network again",
            )  # fmt: skip
        loss = config.noise.get("spike-loss")
        if (
            loss is not None
        ):  # each spike of a Bernoulli process survives by itself: a Bernoulli process again
            left = 1 - loss.amount
            circuit = replace(circuit, rate=circuit.rate * left, raise_rate=circuit.raise_rate * left)
        progress.stage("simulating")
        answers = answers_of(
            model, circuit, state, flat(shown), input_key(config.simulation.seed, "answers"),
            precision=config.simulation.precision, rasters=RASTERS, jobs=config.simulation.jobs,
            told=_teller(progress),
        )  # fmt: skip
        answered = answers.first_step >= 0
        latency = np.where(answered, 1e3 * circuit.dt * (answers.first_step + 1), np.nan)
        excitatory = answers.counts.sum(axis=1, dtype=np.int64)
        # An inhibitory spike reaches all excitatory neurons but its own, an excitatory one its partner.
        synops = answers.input_spikes * circuit.n_neurons + excitatory
        synops = synops + answers.inhibitory_spikes * (circuit.n_neurons - 1)
        silent = int((~answered).sum())
        said = {
            "votes": votes(answers.counts, assign(means), n_classes),
            "likelihood": likelihoods(answers.counts, means),
        }
        chosen = {name: scores.argmax(axis=1) for name, scores in said.items()}
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
            [f"{silent:,} images got no answer from any neuron, and count as class 0"] if silent else [],
        )

    def sections(self, network: LearnedNetwork, classified: Classified) -> Sequence[Section]:
        """Return receptive fields, one image's spikes, and activity."""
        return sections(network, classified)


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


def _teller(progress: Progress) -> Any:
    """Return what turns the number of images that are done into trials of a progress."""
    before = 0

    def told(done: int) -> None:
        nonlocal before
        for _ in range(max(0, done - before)):
            progress.trial()
        before = done

    return told


def _texts(model: Model) -> dict[str, str]:
    """Return the equations for people, by what they are of."""
    found = {}
    for name in ("excitatory", "inhibitory"):
        neuron = getattr(model, name)
        table = neuron.table()
        rules = "\n".join(
            f"{key}: {table[key]}" for key in ("threshold", "reset", "between") if table.get(key)
        )
        given = ", ".join(f"{key} = {value}" for key, value in table["parameters"].items())
        found[f"{name} neuron"] = f"{table['equations']}\n{rules}\n{given}".replace(" * ", "*")
    table = model.synapse.table()
    given = ", ".join(f"{key} = {value}" for key, value in table["parameters"].items())
    found["plastic synapse"] = (
        f"{table['pre']['equations']}\n{table['post']['equations']}\n"
        f"at a spike of the input: {table['on_pre']}; {table['pre']['spike']}\n"
        f"at a spike of the neuron: {table['on_post']}; {table['post']['spike']}\n{given}"
    ).replace(" * ", "*")
    return found


RULE = CompetitiveRule()
"""Named by `bioscnn.stdp.rule.RULES`."""

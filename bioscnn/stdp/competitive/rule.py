"""The competitive network as a rule of `bioscnn.stdp.rule`: trained, asked, shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import fill

import numpy as np

from bioscnn.datasets import ImageSet
from bioscnn.errors import UserError
from bioscnn.report.page import Section
from bioscnn.simulation import Progress
from bioscnn.stdp.competitive import replay
from bioscnn.stdp.competitive.classify import classify, flat, teller
from bioscnn.stdp.competitive.config import CompetitiveConfig, circuit_of, model_of, own_files
from bioscnn.stdp.competitive.model import Model
from bioscnn.stdp.competitive.page import sections
from bioscnn.stdp.competitive.simulate import State, compiled_program
from bioscnn.stdp.competitive.training import PART, answers_of, input_key, train
from bioscnn.stdp.labels import mean_answers
from bioscnn.stdp.network import LearnedNetwork
from bioscnn.stdp.rule import Classified, Trained


class CompetitiveRule:
    """Diehl and Cook (2015); methods as of `bioscnn.stdp.rule.Rule`."""

    config = CompetitiveConfig
    measured_by = ("bioscnn.stdp.competitive.classify",)
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
        model = model_of(keys)
        circuit = circuit_of(keys, images.shape[1])
        progress.stage("compiling")
        try:
            compiled_program(model, circuit, config.simulation.precision)
        except UserError as error:
            raise error.but(file=error.file or own_files(keys)) from None
        progress.stage("learning")
        *_, last = train(
            model, circuit, images, shown.labels, passes=keys.passes, seed=keys.seed, checkpoint=checkpoint,
            precision=config.simulation.precision, told=teller(progress),
        )  # fmt: skip
        if last.seen > keys.passes * len(images):
            raise UserError(
                "the training has gone further than it is asked to", file=checkpoint, key="learning.passes",
                value=keys.passes, expected=f"{last.seen:,} images or more",
                fix="remove the file to begin anew",
            )  # fmt: skip
        # What is kept is what assigns and is scored: 2 bytes a weight.
        weight = last.state.weight.astype(np.float16)
        state = State(weight.astype(np.float32), last.state.kept)
        progress.stage("labelling neurons")
        answers = answers_of(
            model, circuit, state, flat(labelled), input_key(keys.seed, "labels"), told=teller(progress),
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
            "curve": [list(point) for point in last.curve if np.isfinite(point[1])],
            "curve_of": f"Accuracy on each {PART:,} training images while weights still changed, with "
            f"classes assigned on the {PART:,} images before them: no image is judged by its own label.",
        }
        return Trained({"weight": weight, "answers": means, **kept}, facts)

    def classify(
        self, config: CompetitiveConfig, network: LearnedNetwork, shown: ImageSet, progress: Progress
    ) -> Classified:
        """Show each image to the network, of which nothing changes, and let its neurons speak."""
        return classify(config, network, shown, progress)

    def time_shown(self, config: CompetitiveConfig) -> tuple[float, float]:
        """Return the keys ``shown`` and ``dt``."""
        return config.learning.shown, config.learning.dt

    def read_by(self, config: CompetitiveConfig) -> str:
        """Return the readout that the study names."""
        return config.learning.readout

    spikes = staticmethod(replay.spikes)
    answers = staticmethod(replay.answers)
    on_devices = staticmethod(replay.on_devices)

    def references(self, config: CompetitiveConfig) -> Iterator[tuple[str, str]]:
        """Yield the literature of its circuit, and of its plasticity unless that is the user's own."""
        yield "stimberg2019brian2", "the simulator, Brian2"
        yield "diehl2015unsupervised", "neurons that compete for images by lateral inhibition"
        if config.learning.excitatory is None:
            yield "diehl2015unsupervised", "thresholds that adapt"
        if config.learning.synapse is None:
            yield "diehl2015unsupervised", "its plasticity, STDP"
            yield "pfister2006triplets", "STDP with two traces of the neuron's own spikes"
        if config.learning.readout == "votes":
            yield "diehl2015unsupervised", "classes by the votes of labelled neurons"

    def sections(self, network: LearnedNetwork, classified: Classified) -> Sequence[Section]:
        """Return receptive fields, one image's spikes, and activity."""
        return sections(network, classified)


def _texts(model: Model) -> dict[str, str]:
    """Return the equations for people, by what they are of."""
    found = {}
    for name in ("excitatory", "inhibitory"):
        neuron = getattr(model, name)
        table = neuron.table()
        rules = "\n".join(
            f"{key}: {table[key]}" for key in ("threshold", "reset", "between") if table.get(key)
        )
        given = fill(", ".join(f"{key} = {value}" for key, value in table["parameters"].items()), 90)
        found[f"{name} neuron"] = f"{table['equations']}\n{rules}\n{given}".replace(" * ", "*")
    table = model.synapse.table()
    given = fill(", ".join(f"{key} = {value}" for key, value in table["parameters"].items()), 90)
    found["plastic synapse"] = (
        f"{table['pre']['equations']}\n{table['post']['equations']}\n"
        f"at a spike of the input: {table['on_pre']}; {table['pre']['spike']}\n"
        f"at a spike of the neuron: {table['on_post']}; {table['post']['spike']}\n{given}"
    ).replace(" * ", "*")
    return found


RULE = CompetitiveRule()
"""Named by `bioscnn.stdp.rule.RULES`."""

"""The convolutional network as a rule of `bioscnn.stdp.rule`: trained, asked, shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import ImageSet
from bioscnn.report.page import Section
from bioscnn.simulation import Progress
from bioscnn.stdp.convolutional import replay
from bioscnn.stdp.convolutional.classify import LAYERS, architecture, classify, keys_of
from bioscnn.stdp.convolutional.equations import equations
from bioscnn.stdp.convolutional.page import sections
from bioscnn.stdp.convolutional.settings import ConvolutionalConfig
from bioscnn.stdp.convolutional.training import refuse_missing_classes, train_layers, train_readout
from bioscnn.stdp.network import LearnedNetwork
from bioscnn.stdp.rule import Classified, Trained


class ConvolutionalRule:
    """Kheradpisheh and others (2018); methods as of `bioscnn.stdp.rule.Rule`."""

    config = ConvolutionalConfig
    measured_by = ("bioscnn.stdp.convolutional.classify",)
    code = "time"

    def train(
        self, config: ConvolutionalConfig, shown: ImageSet, checkpoint: Path, progress: Progress
    ) -> Trained:
        """Train both layers without labels, round them to half precision, then fit the classifier."""
        refuse_missing_classes(shown)
        keys, network = config.learning, architecture(config.learning)
        state = train_layers(network, keys.stdp, shown.intensities(), keys.seed, checkpoint, progress)
        kept = [weights.astype(np.float16) for weights in state.weights]
        rounded = (kept[0].astype(np.float32), kept[1].astype(np.float32))
        readout = train_readout(network, rounded, shown, progress)
        facts = {
            "image_shape": list(shown.images.shape[2:]),
            "equations": equations(network, keys.stdp),
            "images_seen": sum(state.seen),
            "labels_used": len(shown),
            "labels_for": "train the linear classifier that reads its potentials",
            "unsettled": {
                name: [list(point) for point in state.unsettled[k]] for k, name in enumerate(LAYERS)
            },
            "wins": {name: state.wins[k].tolist() for k, name in enumerate(LAYERS)},
        }
        arrays: dict[str, NDArray[Any]] = dict(zip(LAYERS, kept, strict=True))
        return Trained(arrays | {"readout": readout.weights, "bias": readout.bias}, facts)

    def classify(
        self, config: ConvolutionalConfig, network: LearnedNetwork, shown: ImageSet, progress: Progress
    ) -> Classified:
        """Let the retina's spikes run through the network, and read the class from the second layer."""
        return classify(config, network, shown, progress)

    def time_shown(self, config: ConvolutionalConfig) -> tuple[float, float]:
        """Return the keys ``duration`` and ``dt`` of its neurons."""
        return config.learning.neuron.duration, config.learning.neuron.dt

    def read_by(self, config: ConvolutionalConfig) -> str:
        """Return the only readout that there is."""
        return "linear classifier"

    spikes = staticmethod(replay.spikes)
    answers = staticmethod(replay.answers)
    on_devices = staticmethod(replay.on_devices)

    def references(self, config: ConvolutionalConfig) -> Iterator[tuple[str, str]]:
        """Yield the literature of its retina, layers, plasticity and readout."""
        yield "kheradpisheh2018stdp", "convolutional layers that learn from latencies, without labels"
        yield "masquelier2007unsupervised", "STDP by the order of spikes alone"
        yield "mozafari2019spyketorch", "its growing learning rate, and how many neurons learn"
        yield "thorpe1998rankorder", "rank-order coding"
        yield "vanrullen2001rate", "rank-order coding"
        if config.learning.neuron.model == "lif":
            yield "gerstner2014neuronal", "the neuron model, lif"
            yield "rotter1999exact", "exact integration"
        yield "pedregosa2011scikit", "the linear classifier, in scikit-learn"

    def sections(self, network: LearnedNetwork, classified: Classified) -> Sequence[Section]:
        """Return features of both layers, how soon the class can be read, and activity."""
        return sections(network, architecture(keys_of(network)), classified)


RULE = ConvolutionalRule()
"""Named by `bioscnn.stdp.rule.RULES`."""

"""The networks that are compared in noise, and the questions that pairs of them answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from bioscnn.ann import LIFRate, read_model
from bioscnn.encoding import FOVEAL_PIT
from bioscnn.errors import UserError
from bioscnn.quantities import format_quantity
from bioscnn.studies.config import Encoding, StudyConfig
from bioscnn.studies.study import Study

SOFT_LIF, FINE_TUNED, RELU = "soft LIF", "fine-tuned", "ReLU"
NOISE_TRAINED, RETINA, BOTH = "noise-trained", "retina", "retina, noise-trained"


@dataclass(frozen=True)
class ComparedNetwork:
    """A network that is compared with others, and how its input reaches it.

    Parameters
    ----------
    name : str
        What it is called.
    model : str
        Shipped network or ONNX file.
    about : str
        What it is, for people.
    encoding : Encoding, optional
        Its ``[encoding]``; that of the study if not given.
    duration : float, optional
        Of its trials, s; that of the study if not given.
    """

    name: str
    model: str
    about: str
    encoding: Encoding | None = None
    duration: float | None = None

    def of(self, study: Study, trials: int) -> Study:
        """Return the study with this network, its encoding and so many trials; all other keys stay.

        Raises
        ------
        UserError
            If its trials do not fit the time step of the study.
        """
        written = study.config.model_dump()
        written["network"]["model"] = self.model
        written["dataset"]["trials"] = trials
        if self.encoding is not None:
            written["encoding"] = self.encoding.model_dump()
        if self.duration is not None:
            written["simulation"]["duration"] = format_quantity(self.duration, "time")
        try:
            return Study(study.name, StudyConfig.model_validate(written))
        except ValidationError as error:
            raise UserError(
                f"the network {self.name!r} does not fit the study: {error.errors()[0]['msg']}",
                fix="take the time step of the data set's own study",
            ) from None

    def can_have_neuron_of(self, config: StudyConfig) -> bool:
        """Whether it can have the neuron of a study; one trained on the rates of LIF neurons needs those."""
        if config.neuron.model == "lif":
            return True
        return not any(isinstance(node.layer, LIFRate) for node in read_model(self.model).nodes)

    def is_of(self, config: StudyConfig) -> bool:
        """Whether this is what a study itself runs."""
        encoding = self.encoding or config.encoding
        return config.network.model == self.model and config.encoding.model_dump() == encoding.model_dump()


_PIXELS = Encoding(kind="currents")
_FOVEAL = Encoding.model_validate(
    {
        "kind": "rank-order",
        "retina": tuple(FOVEAL_PIT),
        "keep": 0.3,
        "full_current": "2 nA",
        "input_rate": "250 Hz",
    }
)
_EVENTS = Encoding.model_validate({"kind": "events", "input_rate": "100 Hz", "bin_size": 1, "frame": "50 ms"})
_UNFILTERED = Encoding.model_validate(
    {"kind": "lif-layer", "retina": (), "full_current": "2 nA", "input_rate": "250 Hz"}
)
_FILTERED = _UNFILTERED.model_copy(update={"retina": ("off-midget", "on-midget", "on-parasol")})

_ABOUT = {
    SOFT_LIF: "trained on the rates of leaky integrate-and-fire neurons",
    FINE_TUNED: "the same, trained further on its own spikes",
    RELU: "trained with rectified linear units, whose activations were normalised to rates",
    NOISE_TRAINED: "trained as soft LIF, on clean and noisy examples",
    RETINA: "trained as soft LIF, on what the cells of a retina make of an image",
    BOTH: "trained as retina, on clean and noisy images",
}


def _network(
    name: str, model: str, encoding: Encoding | None = None, duration: float | None = None
) -> ComparedNetwork:
    return ComparedNetwork(name, model, _ABOUT[name], encoding, duration)


NETWORKS: dict[str, tuple[ComparedNetwork, ...]] = {
    "mnist": (
        _network(SOFT_LIF, "mnist-small", _PIXELS),
        _network(FINE_TUNED, "mnist-small-fine-tuned", _PIXELS),
        _network(RELU, "mnist-small-relu", _PIXELS),
        _network(NOISE_TRAINED, "mnist-small-noise", _PIXELS),
        _network(RETINA, "mnist-foveal", _FOVEAL, 60e-3),
    ),
    "nmnist": (
        _network(SOFT_LIF, "nmnist-small", _EVENTS),
        _network(FINE_TUNED, "nmnist-small-fine-tuned", _EVENTS),
        _network(RELU, "nmnist-small-relu", _EVENTS),
        _network(NOISE_TRAINED, "nmnist-small-noise", _EVENTS),
    ),
    "caltech": (
        _network(SOFT_LIF, "caltech-pixels", _UNFILTERED),
        _network(RETINA, "caltech-foveal", _FILTERED),
        _network(RELU, "caltech-pixels-relu", _UNFILTERED),
        _network(NOISE_TRAINED, "caltech-pixels-noise", _UNFILTERED),
        _network(BOTH, "caltech-foveal-noise", _FILTERED),
    ),
}
"""Of each data set with a line-up of its own; the first one is the one that is judged by itself."""

QUESTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "retina": ((RETINA, SOFT_LIF), (BOTH, NOISE_TRAINED)),
    "noise-training": ((NOISE_TRAINED, SOFT_LIF), (BOTH, RETINA)),
    "fine-tuning": ((FINE_TUNED, SOFT_LIF),),
    "normalisation": ((RELU, SOFT_LIF),),
}
"""Pairs of networks: with a thing, and without.

They differ in nothing else, but for the retina of digits, whose cells also fire in the order of their ranks
for 60 ms."""

SEEN_IN_TRAINING = {
    "images": ("gaussian-noise", "salt-and-pepper", "occlusion"),
    "events": ("background-activity", "hot-pixels", "event-loss"),
}
"""Noises that a noise-trained network was shown, see `bioscnn.training`."""


def networks_of(study: Study, only: Sequence[str] = ()) -> tuple[ComparedNetwork, ...]:
    """Return the networks that a study compares, or those of these names.

    A study that runs none of its data set's networks in their own way compares none: it has its own network.

    Raises
    ------
    UserError
        If a name is none of theirs.
    """
    every = _networks_of(study)
    names = [network.name for network in every]
    for name in only:
        if name not in names:
            raise UserError(
                "no such network is compared", key="--networks", value=name, expected=" | ".join(names)
            )
    return tuple(network for network in every if not only or network.name in only)


def _networks_of(study: Study) -> tuple[ComparedNetwork, ...]:
    config = study.config
    every = NETWORKS.get(config.dataset.name, ())
    if not any(network.is_of(config) for network in every):
        name = Path(config.network.model).stem
        return (ComparedNetwork(name, config.network.model, "the network of the study"),)
    return every

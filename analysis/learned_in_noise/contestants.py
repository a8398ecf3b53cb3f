"""The networks that are compared, how each is trained, and which noise it can have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bioscnn.experiments.noise.conditions import fits
from bioscnn.noise import NOISES, Noise
from bioscnn.studies import Study, read_study
from bioscnn.studies.config.training import Training
from bioscnn.studies.recipe import Recipe, recipe_of
from bioscnn.studies.recipes import shipped_recipes
from bioscnn.training.augmentation import DISTORTIONS

RATE, FINE_TUNED = "converted, rate", "converted, fine-tuned"
NOISE_TRAINED, TIME = "converted, trained in noise", "converted, time"
COMPETITIVE, CONVOLUTIONAL = "learned, competing neurons", "learned, convolutional"
UNDISTORTED = "converted, rate, undistorted"
"""The control of `RATE`: trained, as learned networks are, on digits that nothing turns, shifts or warps."""

LIKELIHOOD = "learned, competing neurons, likelihood"
"""The second readout of the same neurons and spikes."""

FEW = "few labels"
"""A tenth of the labels, on clean digits."""

BEYOND_IMAGES = "noise beyond images"
"""Noise of spikes and of the network."""

WITH_FEW = (RATE, UNDISTORTED, COMPETITIVE, CONVOLUTIONAL)
"""Those that are given few labels, too."""


@dataclass(frozen=True)
class Amount:
    """How much is trained and shown.

    Parameters
    ----------
    seeds : int
        Networks of each contestant. Each meets noise of its own, which all networks of one seed share.
    trials : int
        Test digits that are scored, under each condition.
    looked_at : int
        Test digits that come before them. Earlier runs scored these; nothing is scored on them again.
    training, choosing : int
        Labelled digits that train a converted network, and that choose its epoch. Learned networks are given
        as many labels in all.
    epochs, epochs_on_times, epochs_on_spikes : int
        Passes of a converted network through them, and further ones on spike times or on spikes.
    batch : int
        Digits in a batch of the first passes.
    unlabelled, passes : int
        Digits that competing neurons see without labels, and how often.
    severity : int
        Of every noise.
    without : tuple of str
        What is left out: names of contestants, `FEW` or `BEYOND_IMAGES`.
    """

    seeds: int = 5
    trials: int = 1000
    looked_at: int = 1000
    training: int = 5000
    choosing: int = 1000
    epochs: int = 12
    epochs_on_times: int = 4
    epochs_on_spikes: int = 2
    batch: int = 64
    unlabelled: int = 55_000
    passes: int = 2
    severity: int = 3
    without: tuple[str, ...] = ()

    @property
    def shown(self) -> int:
        """Test digits that are shown under each condition: the first ones, of which the last are scored."""
        return self.looked_at + self.trials

    @property
    def labels(self) -> int:
        """Labels that each network uses."""
        return self.training + self.choosing

    @property
    def few(self) -> Amount:
        """The same with a tenth of the labels, shown ten times as often."""
        return replace(
            self, training=self.training // 10, choosing=self.choosing // 10, epochs=10 * self.epochs
        )


FULL, QUICK = Amount(), Amount(2, 40, 0, 1000, 500, 1, 1, 1, 32, 1500, 1)


@dataclass(frozen=True)
class Converted:
    """A network that is trained with labels and converted.

    Parameters
    ----------
    study : str
        In which it is simulated.
    recipes : tuple of str
        Shipped networks whose recipes are followed one after the other, without their teacher, whose labels
        would count.
    distorted : bool
        Whether training distorts digits as those recipes say.
    """

    study: str
    recipes: tuple[str, ...]
    distorted: bool = True

    def recipe(self, step: int, amount: Amount) -> Recipe:
        """Return how it is trained, step by step."""
        shipped = shipped_recipes()[self.recipes[step]]
        keys, stage = shipped.config.training.model_dump(), shipped.stage
        for key in ("teacher", "teacher_weight", "teacher_sees", "start", "on", "spikes", "times"):
            own = keys.pop(key, None)
            if key == stage:
                epochs = amount.epochs_on_times if stage == "times" else amount.epochs_on_spikes
                keys[key] = {**own, "epochs": epochs}
        keys |= {"examples": amount.training, "validation_from": VALIDATION - amount.choosing}
        if not self.distorted:
            keys |= dict.fromkeys((*DISTORTIONS, "warp"), 0.0)
        if stage == "rates":
            keys |= {"epochs": amount.epochs, "batch_size": amount.batch}
            if not self.recipes[step].endswith("-relu"):
                keys["spiking_images"] = 0  # which choose nothing
        bare = shipped.config.model_copy(update={"training": Training()})
        return recipe_of(Study(shipped.name, bare).changed(training=keys), shipped.stage)


VALIDATION = 5000
"""Digits of the split, of which the last ones choose the epoch."""


@dataclass(frozen=True)
class Learned:
    """A network that learns without labels.

    Parameters
    ----------
    study : str
        Of its training, and of its answers.
    unfit : mapping of str
        Noises that converted networks can have and this one cannot, and why.
    """

    study: str
    unfit: Mapping[str, str] = field(default_factory=dict)

    def digits(self, amount: Amount) -> int:
        """Return how many digits it sees."""
        if self.study != "mnist-stdp":
            return amount.labels
        return max(amount.unlabelled, amount.labels)

    def changes(self, amount: Amount) -> list[str]:
        """Return what is changed in its study."""
        if self.study == "mnist-stdp":
            return [
                f"learning.passes={amount.passes}",
                f"learning.examples={self.digits(amount)}",
                f"learning.label_examples={amount.labels}",
            ]
        small = {} if amount.labels >= 6000 else {"first": 200, "second": 200}
        return [
            f"learning.examples={amount.labels}",
            *(f"learning.{layer}.images={n}" for layer, n in small.items()),
        ]


NO_SUCH = {
    "axonal-delay": "spikes of its programs take one step, and no other time",
    "transmission-failure": "a spike of its programs reaches all synapses of its neuron",
    "time-constant-mismatch": "all its neurons have one time constant",
    "membrane-noise": "its equations have no such term",
    "stuck-neurons": "its neurons spike by their equations alone",
}
AT_RANDOM = NO_SUCH | {"spike-jitter": "its input has no times: a pixel fires at random, at one rate"}
SHARED = "all places of a map have one kernel and one threshold"

CONTESTANTS: dict[str, Converted | Learned] = {
    RATE: Converted("mnist", ("mnist-small",)),
    UNDISTORTED: Converted("mnist", ("mnist-small",), distorted=False),
    FINE_TUNED: Converted("mnist", ("mnist-small", "mnist-small-fine-tuned")),
    NOISE_TRAINED: Converted("mnist", ("mnist-small-noise",)),
    TIME: Converted("mnist-time", ("mnist-small-relu", "mnist-small-time")),
    COMPETITIVE: Learned("mnist-stdp", unfit=AT_RANDOM),
    CONVOLUTIONAL: Learned(
        "mnist-stdp-convolutional",
        unfit=NO_SUCH | dict.fromkeys(("weight-noise", "threshold-mismatch", "dead-neurons"), SHARED),
    ),
}


def study_of(contestant: Converted | Learned, amount: Amount, seed: int) -> Study:
    """Return the study whose digits, noise and seed a contestant gets; of a converted one, all of it."""
    name = contestant.study if isinstance(contestant, Converted) else "mnist"
    keys: dict[str, Any] = {"dataset": {"split": "test", "trials": amount.shown}}
    return read_study(name).changed(**keys, simulation={"seed": seed})


def can_have(contestant: Converted | Learned, noise: type[Noise]) -> bool:
    """Whether a noise is defined for a contestant."""
    if isinstance(contestant, Converted):
        return fits(noise, read_study(contestant.study).config) is None
    return noise.acts_on in ("images", "spikes", "network") and noise.name not in contestant.unfit


def noises() -> dict[str, type[Noise]]:
    """Return the noises that at least one converted and one learned network can have."""
    kinds: tuple[type, ...] = (Converted, Learned)
    return {
        name: noise
        for name, noise in NOISES.items()
        if name not in NO_SUCH
        and name != "membrane-noise-xi"
        and all(any(isinstance(one, kind) and can_have(one, noise) for one in CONTESTANTS.values())
                for kind in kinds)
    }  # fmt: skip

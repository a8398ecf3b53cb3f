"""The codes that are compared, how much their networks are trained, and what they are put under."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bioscnn.ann import LayerGraph, MaxPool2d
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.noise.conditions import fits
from bioscnn.noise import NOISES, Noise, SpikeJitter
from bioscnn.studies.config.training import Training
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.recipe import Recipe, Stage, recipe_of, why_no_times, why_no_twin
from bioscnn.studies.recipes import shipped_recipes
from bioscnn.studies.settling import lasting_its_windows
from bioscnn.studies.study import Study

RATE, TIME = "rate", "time"
CODES = (RATE, TIME)

OWN_STAGE: dict[str, Stage] = {RATE: "spikes", TIME: "times"}
"""What a network is trained on after its activations: what its neurons will fire."""

ACTIVATION = {RATE: "lif", TIME: "relu"}

LEARNING_RATES = {RATE: (0.02, 0.001), TIME: (0.01, 0.006)}
"""Of the first stage and of the second: each the best of two to five by validation digits, one seed."""

UNTUNED = 0.0
"""In the place of a price: a network of rates after the first stage, which nobody asked to decide early."""

BATCH, OWN_BATCH = 64, 32
"""Images in a batch of the first stage and of the second."""

FROM_THE_RECIPE = (
    "layers", "teacher", "teacher_weight", "teacher_sees", "temperature", "weight_decay", "average",
    "rotation", "shift", "scaling", "shear", "mirror", "warp",
)  # fmt: skip
"""Keys of ``[training]`` that both codes take from the study, or from the recipe of its shipped network."""

JITTER = "jitter of every spike"

PARAMETERS: dict[str, Mapping[str, Mapping[str, str]]] = {
    "dt 0.5 ms": {"simulation": {"dt": "0.5 ms"}},
    "dt 2 ms": {"simulation": {"dt": "2 ms"}},
    "tau_m 10 ms": {"neuron": {"tau_m": "10 ms"}},
    "tau_m 40 ms": {"neuron": {"tau_m": "40 ms"}},
    "tau_s 2.5 ms": {"synapse": {"tau_s": "2.5 ms"}},
    "tau_s 10 ms": {"synapse": {"tau_s": "10 ms"}},
}
"""Simulated otherwise than trained for, one at a time."""


@dataclass(frozen=True)
class Amount:
    """How much is trained and tested, the same for each code.

    Parameters
    ----------
    seeds : int
        Networks of each code and price.
    examples, epochs : int
        Training images, and passes through them on activations.
    own_epochs : int
        Passes through the same images on what the neurons fire.
    prices : tuple of float
        Added to the loss per thousand spikes of an image; the middle one is that of the primary comparisons.
    choosing, trials : int
        Validation and test images of the clean comparison.
    noise_trials : int
        The first so many test images, in noise and with other parameters.
    severities : tuple of int
        Of every kind of noise.
    """

    seeds: int
    examples: int
    epochs: int
    own_epochs: int
    prices: tuple[float, ...]
    choosing: int
    trials: int
    noise_trials: int
    severities: tuple[int, ...] = (1, 2)

    @property
    def price(self) -> float:
        """The price of the primary comparisons."""
        return self.prices[len(self.prices) // 2]


FULL = Amount(5, 6000, 8, 1, (0.03, 0.1, 0.3), 2000, 10_000, 1000)
QUICK = Amount(2, 500, 2, 1, (0.1,), 200, 200, 100, (1, 2))

ENDS = (0.2, 0.27, 0.34, 0.4, 0.5, 0.67, 0.84, 1.0)
"""Shares of a trial after which rates are read, too."""


def training_of(study: Study) -> Mapping[str, Any]:
    """Return the keys of training that both codes share."""
    keys = study.config.training
    recipe = shipped_recipes().get(study.config.network.model)
    if not keys.model_fields_set and recipe is not None:
        keys = recipe.config.training
    return {name: getattr(keys, name) for name in FROM_THE_RECIPE if name in keys.model_fields_set}


def first_recipe(study: Study, code: str, amount: Amount) -> Recipe:
    """Return the recipe of a code's training on activations; `UserError` if there can be none."""
    return recipe_of(_trained(study, code, amount), "rates")


def second_recipe(study: Study, code: str, price: float, amount: Amount) -> Recipe:
    """Return the recipe of its training on what its neurons fire; `UserError` if there can be none."""
    own = {
        "epochs": amount.own_epochs,
        "batch_size": OWN_BATCH,
        "learning_rate": LEARNING_RATES[code][1],
        "spike_penalty": price,
    }
    return recipe_of(_trained(study, code, amount, {OWN_STAGE[code]: own}), OWN_STAGE[code])


def _trained(
    study: Study, code: str, amount: Amount, own: Mapping[str, Mapping[str, Any]] | None = None
) -> Study:
    training = {
        **training_of(study),
        "activation": ACTIVATION[code],
        "examples": amount.examples,
        "epochs": amount.epochs,
        "batch_size": BATCH,
        "learning_rate": LEARNING_RATES[code][0],
    }
    bare = study.config.model_copy(update={"training": Training()})
    return Study(study.name, bare).changed(training={**training, **(own or {})})


def studies_of(study: Study, bench: Bench) -> dict[str, Study]:
    """Return the study of each code: the given one, and one of spike times that lasts its windows.

    Raises
    ------
    UserError
        If the study is one that a code cannot take.
    """
    config = study.config
    refuse_noise(config, "this experiment adds noise itself")
    if config.is_nir or config.network.code != RATE:
        raise _refused("it is no study of the rate code", "network.code", config.network.code)
    if problem := why_no_times(config) if config.dataset.recorded else why_no_twin(config):
        raise _refused(problem, "encoding, neuron, synapse", config.encoding.kind)
    if any(isinstance(layer, MaxPool2d) for layer in _untrained(study, RATE, bench).layers):
        raise _refused(
            "the differentiable twin of rates has no max pooling", "training.layers", "max pooling"
        )
    times = study.changed(
        network={"code": TIME, "scale": 1.0},
        encoding={"kind": "spike-time"},
        readout={"rule": "last-potential"},
    )
    return {RATE: study, TIME: lasting(times, bench)}


def lasting(study: Study, bench: Bench, **keys: Mapping[str, Any]) -> Study:
    """Return a study of spike times, some keys changed, whose trials end with the window of the output."""
    return lasting_its_windows(study, _untrained(study, TIME, bench), **keys)


def _untrained(study: Study, code: str, bench: Bench) -> LayerGraph:
    """Return a network of random weights, of the architecture that is trained."""
    clean = bench.clean(study.config)
    return first_recipe(study, code, FULL).initial(clean.shape, len(clean.examples.classes), 1)


def _refused(problem: str, key: str, value: str) -> UserError:
    return UserError(
        f"networks of both codes cannot be trained alike for this study: {problem}",
        key=key,
        value=value,
        expected='images as currents, network.code = "rate", LIF neurons with synaptic currents',
        fix="begin with a study such as sims/mnist.toml",
    )


def noises_of(studies: Mapping[str, Study], severities: tuple[int, ...]) -> Iterator[tuple[Noise, int]]:
    """Yield every noise that reaches networks of both codes, at every severity.

    Spikes of the input are moved with all others, by `JITTER`.
    """
    for kind in NOISES.values():
        if all(fits(kind, study.config) is None for study in studies.values()):
            for severity in severities:
                yield kind.at(severity), severity


def jitters_of(severities: tuple[int, ...]) -> list[tuple[float, int]]:
    """Return standard deviations of the jitter of every spike, s, and their severities."""
    return [(SpikeJitter.at(severity).amount, severity) for severity in severities]

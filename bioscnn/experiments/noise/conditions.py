"""How much is done, and which noises fit: severities, seeds, trials, kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bioscnn.errors import UserError
from bioscnn.noise import (
    NOISES,
    AxonalDelay,
    Noise,
    NoisyMembrane,
    NoisyMembraneXi,
    SpikeLoss,
    TransmissionFailure,
    find_noise,
)
from bioscnn.studies.config import StudyConfig

CLEAN = "clean"
"""Stands for the name of a noise where there is none."""

TRIALS = {"mnist": 500, "nmnist": 250, "caltech": 200}
"""Of a full study, unless asked for otherwise; `OTHER_TRIALS` for other data."""

OTHER_TRIALS = 250

NOT_OF_GENN = (SpikeLoss, AxonalDelay, TransmissionFailure)

QUICK_KINDS = (
    "gaussian-noise", "occlusion", "background-activity", "event-loss", "spike-loss", "quantisation",
    "threshold-mismatch",
)  # fmt: skip


@dataclass(frozen=True)
class Amount:
    """How much is done.

    Parameters
    ----------
    trials : int
        Examples shown under each condition.
    severities : tuple of int
        Of each noise, 1 to 5.
    seeds : tuple of int
        Each one draws its own noise; ``simulation.seed`` of the runs.
    """

    trials: int
    severities: tuple[int, ...]
    seeds: tuple[int, ...]

    @property
    def judged_severity(self) -> int:
        """The severity at which noises are compared with each other."""
        return self.severities[len(self.severities) // 2]


def amount_of(config: StudyConfig, *, quick: bool, trials: int | None, seeds: int | None = None) -> Amount:
    """Return the amount of a study: so many trials, or, if None, the fewer of its own and the usual."""
    usual = 60 if quick else TRIALS.get(config.dataset.name, OTHER_TRIALS)
    first = config.simulation.seed
    return Amount(
        trials or min(config.dataset.trials, usual),
        (2, 4) if quick else (1, 2, 3, 4, 5),
        tuple(range(first, first + (seeds or (2 if quick else 5)))),
    )


def fits(noise: type[Noise], config: StudyConfig) -> str | None:
    """Return why a noise does not fit a study; None if it does."""
    kind = config.encoding.kind
    if noise.acts_on == "images" and kind == "events":
        return f"{config.dataset.name} consists of recordings, not images"
    if noise.acts_on == "events" and kind != "events":
        return f"{config.dataset.name} consists of images, not recordings"
    if noise.acts_on == "spikes" and kind == "currents":
        return "images enter as currents, not spikes"
    if noise.needs_leak and config.neuron.model == "if":
        return "it is defined for neurons that leak"
    if noise.needs_known_neuron and config.neuron.is_own:
        return "it is defined for the neurons that come with bioscnn"
    if issubclass(noise, NoisyMembraneXi):
        return f"{NoisyMembrane.name} is the same, with random numbers that every run can repeat"
    if config.simulation.device == "genn" and issubclass(noise, NOT_OF_GENN):
        return "GeNN has no axons, and no synapses that fail"
    return None


def kinds_of(configs: Sequence[StudyConfig], chosen: Sequence[str], *, quick: bool) -> dict[str, type[Noise]]:
    """Return the noises of a study, by name: those asked for, or all that fit one of the networks.

    Raises
    ------
    UserError
        If a name is none, comes twice, or its noise fits no network, or if none fits the first network.
    """
    for name in chosen:
        kind = find_noise(name)
        reasons = [fits(kind, config) for config in configs]
        if None not in reasons:
            raise UserError(
                f"the noise does not fit the study: {reasons[0]}",
                key="--kinds",
                value=name,
                fix="leave it out",
            )
    if chosen and all(fits(find_noise(name), configs[0]) for name in chosen):
        raise UserError(
            "none of these kinds of noise reaches the first network, whose losses are judged",
            key="--kinds",
            value=",".join(chosen),
            expected=f"at least one that fits it: {fits(find_noise(chosen[0]), configs[0])}",
            fix="add one of another kind, such as threshold-mismatch",
        )
    if len(set(chosen)) < len(chosen):
        raise UserError("the same noise twice", key="--kinds", value=",".join(chosen))
    names = chosen or (QUICK_KINDS if quick else tuple(NOISES))
    return {
        name: kind
        for name, kind in NOISES.items()
        if name in names and any(fits(kind, config) is None for config in configs)
    }

"""How the networks that ship with bioscnn are made."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bioscnn.ann import LIFRate, ReLU
from bioscnn.errors import UserError
from bioscnn.training.architectures import Architecture, Convolution
from bioscnn.training.settings import RateSettings, SpikeSettings

LIF_RATE = LIFRate(tau_m=20e-3, t_ref=2e-3, amplitude=10e-3, gamma=0.0)


@dataclass(frozen=True)
class Recipe:
    """How a network is made.

    Parameters
    ----------
    name : str
        Of the network and its files.
    dataset : str
        The data set it classifies, a name for `bioscnn.datasets.load_dataset`.
    start : Architecture or str
        What training begins with: random weights of this shape, or the network of another recipe.
    settings : RateSettings or SpikeSettings
        The stage.
    teacher : str, optional
        The network of another recipe that teaches this one.
    ships : bool
        Whether the network comes with bioscnn; the others are studies of training itself.
    """

    name: str
    dataset: str
    start: Architecture | str
    settings: RateSettings | SpikeSettings
    teacher: str | None = None
    ships: bool = True

    def changed(self, seed: int, epochs: int | None = None) -> Recipe:
        """Return the recipe with another seed, and another number of epochs if one is given."""
        settings = replace(self.settings, seed=seed, epochs=epochs or self.settings.epochs)
        return replace(self, settings=settings)


def _digits(neuron: LIFRate | ReLU, *channels: int) -> Architecture:
    first, *others = channels
    strided = (Convolution(number, stride=(2, 2)) for number in others)
    return Architecture((1, 28, 28), (Convolution(first), *strided), 10, neuron)


SMALL, LARGE = (8, 16, 32), (32, 64, 128)  # large: the shape of Nengo's spiking MNIST example

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "mnist-large-relu",
            "mnist",
            _digits(ReLU(), *LARGE),
            RateSettings(epochs=24, learning_rate=2e-3, warp=0.8),
        ),
        Recipe(
            "mnist-small-relu",
            "mnist",
            _digits(ReLU(), *SMALL),
            RateSettings(epochs=20, learning_rate=5e-3, warp=0.3),
            teacher="mnist-large-relu",
        ),
        Recipe(
            "mnist-small",
            "mnist",
            _digits(LIF_RATE, *SMALL),
            RateSettings(epochs=16, warp=0.3),
            teacher="mnist-large-relu",
        ),
        Recipe(
            "mnist-small-fine-tuned",
            "mnist",
            "mnist-small",
            SpikeSettings(epochs=3, warp=0.3, spike_penalty=0.05),
            teacher="mnist-large-relu",
        ),
        Recipe(
            "mnist-large",
            "mnist",
            _digits(LIF_RATE, *LARGE),
            RateSettings(epochs=14, learning_rate=1e-2, warp=0.5),
            teacher="mnist-large-relu",
        ),
        Recipe(
            "mnist-large-fine-tuned",
            "mnist",
            "mnist-large",
            SpikeSettings(epochs=1, warp=0.5, spike_penalty=0.05),
            teacher="mnist-large-relu",
        ),
        # Does training too long make the network worse? Nothing here holds it back.
        Recipe(
            "mnist-small-plain",
            "mnist",
            _digits(LIF_RATE, *SMALL),
            RateSettings(
                epochs=40,
                learning_rate=5e-3,
                rate_noise=0.0,
                shortest_window=0.0,
                rotation=0.0,
                shift=0.0,
                scaling=0.0,
                shear=0.0,
            ),
            ships=False,
        ),
    )
}


def find_recipes(name: str) -> list[Recipe]:
    """Return the recipe of a network, or all of a data set that ship, each after those that it needs.

    Raises
    ------
    UserError
        If there is none of this name.

    Examples
    --------
    >>> [recipe.name for recipe in find_recipes("mnist-small-relu")]
    ['mnist-small-relu']
    """
    if name in RECIPES:
        return [RECIPES[name]]
    found = [recipe for recipe in RECIPES.values() if recipe.dataset == name and recipe.ships]
    if not found:
        known = ", ".join([*dict.fromkeys(recipe.dataset for recipe in RECIPES.values()), *RECIPES])
        raise UserError("no recipe for such a network", key="network", value=name, expected=f"one of {known}")
    return found

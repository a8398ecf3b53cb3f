"""How the networks that ship with bioscnn are made."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bioscnn.ann import LIFRate, ReLU
from bioscnn.encoding import FOVEAL_PIT, FrontEnd
from bioscnn.errors import UserError
from bioscnn.training.architectures import Architecture, Convolution
from bioscnn.training.settings import RateSettings, SpikeSettings

LIF_RATE = LIFRate(tau_m=20e-3, t_ref=2e-3, amplitude=10e-3, gamma=0.0)


@dataclass(frozen=True)
class Recordings:
    """Which recordings of an event camera train a network.

    Parameters
    ----------
    source : str
        ``"simulated"`` or ``"real"``, see `bioscnn.datasets.load_recordings`.
    bin_size : int
        Pixels, across and down, that share an input neuron.
    trials : int or None
        The first so many of the training recordings; None for all.
    validation_from : int
        The first validation recording that chooses the epoch. The thousand digits of which real recordings
        test the simulated camera lie before.
    pool : tuple of str
        The splits that cross-validation divides into folds.
    """

    source: str = "simulated"
    bin_size: int = 1
    trials: int | None = None
    validation_from: int = 0
    pool: tuple[str, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Recipe:
    """How a network is made.

    Parameters
    ----------
    name : str
        Of the network and its files.
    dataset : str
        The data set it classifies, a name for `bioscnn.datasets.load_dataset` or `load_recordings`.
    start : Architecture or str
        What training begins with: random weights of this shape, or the network of another recipe.
    settings : RateSettings or SpikeSettings
        The stage.
    teacher : str, optional
        The network of another recipe that teaches this one.
    recordings : Recordings, optional
        What it is trained on, if the data set is one of recordings.
    front_end : FrontEnd, optional
        What encodes the images; their pixels are currents by default.
    ships : bool
        Whether the network comes with bioscnn; the others are studies of training itself.
    """

    name: str
    dataset: str
    start: Architecture | str
    settings: RateSettings | SpikeSettings
    teacher: str | None = None
    recordings: Recordings | None = None
    front_end: FrontEnd | None = None
    ships: bool = True

    def changed(self, seed: int, epochs: int | None = None) -> Recipe:
        """Return the recipe with another seed, and another number of epochs if one is given."""
        settings = replace(self.settings, seed=seed, epochs=epochs or self.settings.epochs)
        return replace(self, settings=settings)


def _digits(neuron: LIFRate | ReLU, *channels: int, maps: int = 1) -> Architecture:
    first, *others = channels
    strided = (Convolution(number, stride=(2, 2)) for number in others)
    return Architecture((maps, 28, 28), (Convolution(first), *strided), 10, neuron)


def _strided(
    shape: tuple[int, int, int], n_classes: int, *channels: int, neuron: LIFRate | ReLU = LIF_RATE
) -> Architecture:
    first, *others = channels
    strided = (Convolution(number, stride=(2, 2)) for number in others)
    return Architecture(shape, (Convolution(first, (5, 5), (2, 2)), *strided), n_classes, neuron)


SMALL, LARGE = (8, 16, 32), (32, 64, 128)  # large: the shape of Nengo's spiking MNIST example

NMNIST = Recordings(validation_from=3000)
NCALTECH101 = Recordings(bin_size=6)
# Rates of frames are no rates of short trials: no spike is lost at the beginning of a frame.
FRAMES = RateSettings(
    epochs=12,
    batch_size=64,
    learning_rate=1e-2,
    shortest_window=0.0,
    shift=1.5,
    event_loss=0.2,
    duration=300e-3,
    readout="mean-potential",
)
# One frame: the recording collapsed in time.
COLLAPSED = replace(FRAMES, frame=300e-3)
SACCADES = SpikeSettings(
    epochs=1,
    batch_size=32,
    rate_weight=0.0,
    spike_penalty=0.005,
    shift=1.5,
    event_loss=0.2,
    duration=300e-3,
    readout="mean-potential",
    decide_from=100e-3,
)

# Of photographs only what keeps a vehicle a vehicle; it stands upright.
PHOTOGRAPHS = RateSettings(
    epochs=24,
    batch_size=32,
    learning_rate=1e-2,
    rotation=4.0,
    shift=2.0,
    scaling=0.1,
    shear=0.0,
    duration=60e-3,
    readout="mean-potential",
    # The twin takes images for currents, not for what a front end sends.
    spiking_images=0,
)

# Of the examples of a batch; the others stay clean.
NOISY_SHARE = 0.5

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
            "mnist-small-noise",
            "mnist",
            _digits(LIF_RATE, *SMALL),
            RateSettings(epochs=16, warp=0.3, noise=NOISY_SHARE),
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
        Recipe(
            "nmnist-small",
            "nmnist",
            _strided((2, 34, 34), 10, 16, 48, 96),
            FRAMES,
            recordings=NMNIST,
        ),
        Recipe(
            "nmnist-small-fine-tuned",
            "nmnist",
            "nmnist-small",
            SACCADES,
            recordings=replace(NMNIST, trials=16_000),
        ),
        # From scratch it would take an hour.
        Recipe(
            "nmnist-small-noise",
            "nmnist",
            "nmnist-small",
            replace(FRAMES, epochs=2, learning_rate=3e-3, noise=NOISY_SHARE, event_loss=0.5),
            recordings=NMNIST,
        ),
        Recipe(
            "nmnist-small-relu",
            "nmnist",
            _strided((2, 34, 34), 10, 16, 48, 96, neuron=ReLU()),
            replace(FRAMES, epochs=6, learning_rate=2e-3),
            recordings=replace(NMNIST, trials=16_000),
        ),
        # What is there to know for one that does not know when.
        Recipe(
            "nmnist-collapsed",
            "nmnist",
            _strided((2, 34, 34), 10, 16, 48, 96),
            COLLAPSED,
            recordings=NMNIST,
        ),
        # Cross-validated only: a thousand recordings are too few to give any of them away.
        Recipe(
            "nmnist-small-real",
            "nmnist",
            "nmnist-small",
            replace(
                SACCADES,
                epochs=3,
                learning_rate=5e-4,
                rate_weight=0.3,
                spike_penalty=0.0,
                decide_from=200e-3,
                threads=2,
            ),
            recordings=Recordings(source="real", pool=("validation",)),
            ships=False,
        ),
        Recipe(
            "ncaltech101-small",
            "ncaltech101",
            _strided((2, 30, 40), 2, 16, 32, 32),
            replace(FRAMES, epochs=8),
            recordings=NCALTECH101,
        ),
        Recipe(
            "ncaltech101-small-fine-tuned",
            "ncaltech101",
            "ncaltech101-small",
            replace(SACCADES, epochs=2),
            recordings=NCALTECH101,
        ),
        Recipe(
            "ncaltech101-collapsed",
            "ncaltech101",
            _strided((2, 30, 40), 2, 16, 32, 32),
            replace(COLLAPSED, epochs=8),
            recordings=NCALTECH101,
        ),
        Recipe(
            "mnist-foveal",
            "mnist",
            _digits(LIF_RATE, *SMALL, maps=4),
            RateSettings(epochs=12, warp=0.3, duration=60e-3, readout="mean-potential", spiking_images=0),
            front_end=FrontEnd("rank-order", tuple(FOVEAL_PIT)),
        ),
        Recipe(
            "caltech-pixels",
            "caltech",
            _strided((1, 30, 40), 2, 16, 32, 32),
            PHOTOGRAPHS,
            front_end=FrontEnd("lif-layer"),
        ),
        Recipe(
            "caltech-foveal",
            "caltech",
            _strided((3, 30, 40), 2, 16, 32, 32),
            PHOTOGRAPHS,
            front_end=FrontEnd("lif-layer", ("off-midget", "on-midget", "on-parasol")),
        ),
        Recipe(
            "caltech-pixels-noise",
            "caltech",
            _strided((1, 30, 40), 2, 16, 32, 32),
            replace(PHOTOGRAPHS, noise=NOISY_SHARE),
            front_end=FrontEnd("lif-layer"),
        ),
        Recipe(
            "caltech-foveal-noise",
            "caltech",
            _strided((3, 30, 40), 2, 16, 32, 32),
            replace(PHOTOGRAPHS, noise=NOISY_SHARE),
            front_end=FrontEnd("lif-layer", ("off-midget", "on-midget", "on-parasol")),
        ),
        Recipe(
            "caltech-pixels-relu",
            "caltech",
            _strided((1, 30, 40), 2, 16, 32, 32, neuron=ReLU()),
            replace(PHOTOGRAPHS, learning_rate=2e-3),
            front_end=FrontEnd("lif-layer"),
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


def find_recipe(name: str) -> Recipe:
    """Return the recipe of a network.

    Raises
    ------
    UserError
        If there is none of this name, or it is that of a data set of several networks.
    """
    found = find_recipes(name)
    if len(found) > 1:
        names = ", ".join(recipe.name for recipe in RECIPES.values() if recipe.dataset == name)
        raise UserError(
            "a data set of several networks", key="network", value=name, expected=f"one of {names}"
        )
    return found[0]

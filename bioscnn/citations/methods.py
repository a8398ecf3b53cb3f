"""Which methods a study uses, and the references of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from bioscnn.ann import BatchNorm2d, LIFRate, MaxPool2d, ReLU, read_card, read_model
from bioscnn.datasets import fashion_mnist, list_datasets
from bioscnn.datasets.contents import read_content
from bioscnn.datasets.mnist_files import TEST_IMAGES, TRAIN_IMAGES
from bioscnn.datasets.own import kind_and_path
from bioscnn.datasets.own.idx_pairs import find_pairs
from bioscnn.errors import UserError
from bioscnn.stdp.config import LearnedConfig
from bioscnn.stdp.rule import rule_of
from bioscnn.studies.config import Dataset, StudyConfig
from bioscnn.studies.recipe import RANDOM

Method = tuple[str, str]
"""Key of a reference, and what it is cited for."""

DATASETS = {
    "mnist": ("lecun1998gradient",),
    fashion_mnist.NAME: ("xiao2017fashion",),
    "caltech": ("li2022caltech101",),
    "nmnist": ("orchard2015converting", "lecun1998gradient"),
    "ncaltech101": ("orchard2015converting", "li2022caltech101"),
}
CAMERA = ("rebecq2018esim", "hu2021v2e", "lichtsteiner2008sensor")
"""Of the simulated event camera."""

IMAGES_MD5 = {
    **dict.fromkeys((TRAIN_IMAGES.content_md5, TEST_IMAGES.content_md5), "mnist"),
    **dict.fromkeys(fashion_mnist.IMAGES_MD5, fashion_mnist.NAME),
}
"""Which data set a file of images is, by the hash of its unpacked content."""

_IMAGES = ("mu2019mnistc", "hendrycks2019corruptions")
_MEMBRANE = ("destexhe2003highconductance", "gillespie1996exact")
NOISES = {
    **dict.fromkeys(("gaussian-noise", "shot-noise", "salt-and-pepper", "speckle-noise"), _IMAGES),
    **dict.fromkeys(("blur", "brightness", "contrast"), _IMAGES),
    **dict.fromkeys(("rotation", "shear", "scaling", "translation"), ("mu2019mnistc",)),
    "occlusion": ("devries2017cutout",),
    **dict.fromkeys(("background-activity", "hot-pixels"), ("hu2021v2e", "guo2023denoising")),
    "weight-noise": ("li2020robustness",),
    "transmission-failure": ("allen1994unreliability",),
    "threshold-mismatch": ("lichtsteiner2008sensor",),
    "membrane-noise": _MEMBRANE,
    "membrane-noise-xi": _MEMBRANE[:1],
    **dict.fromkeys(("dead-neurons", "stuck-neurons"), ("siddique2023falvolt",)),
}
"""By the name of a noise; those without literature of their own are left out."""


def methods_of(config: StudyConfig | LearnedConfig, data: Path | None = None) -> dict[str, list[str]]:
    """Return the references of a study, and what each is cited for.

    Parameters
    ----------
    config : StudyConfig or LearnedConfig
        The study, of a converted network or of one that learned without labels.
    data : Path or None
        Data folder: whether recordings are there, or are simulated, is seen there.

    Raises
    ------
    UserError
        If its network cannot be read.
    """
    methods: dict[str, list[str]] = {}
    own = _learned(config) if isinstance(config, LearnedConfig) else _converted(config)
    inputs = chain(_dataset(config.dataset, data), _noise(config))
    for key, what in chain([("bioscnn", "this software")], own, inputs):
        reasons = methods.setdefault(key, [])
        reasons += [] if what in reasons else [what]
    methods["wilson1927inference"] = ["95 % intervals of accuracies"]
    return methods


def _learned(config: LearnedConfig) -> Iterator[Method]:
    return rule_of(config.learning.rule).references(config)


def _converted(config: StudyConfig) -> Iterator[Method]:
    for part in (_simulator, _neuron, _network, _encoding):
        yield from part(config)


def _simulator(config: StudyConfig) -> Iterator[Method]:
    yield "stimberg2019brian2", "the simulator, Brian2"
    if config.simulation.device == "genn":
        yield "stimberg2020brian2genn", "the simulator on a GPU, Brian2GeNN"
        yield "yavuz2016genn", "the simulator on a GPU, GeNN"


def _neuron(config: StudyConfig) -> Iterator[Method]:
    if config.is_nir:
        yield "pedersen2024nir", "the network as a NIR graph"
        return
    neuron, synapse = config.neuron, config.synapse
    if not neuron.is_own:
        yield "gerstner2014neuronal", f"the neuron model, {neuron.model}, and its firing rate"
        if neuron.model == "adaptive-lif":
            yield "treves1993meanfield", "spike-frequency adaptation"
            yield "benda2003adaptation", "spike-frequency adaptation"
        if neuron.reset == "subtract":
            yield "rueckauer2017conversion", "reset by subtraction"
    if synapse.model == "conductance":
        yield "destexhe2001conductances", "synaptic conductances"
    elif not neuron.is_own and "membrane-noise-xi" not in config.noise:
        yield "rotter1999exact", "exact integration"


def _network(config: StudyConfig) -> Iterator[Method]:
    if config.is_nir:
        return
    graph, keys = read_model(config.network.model), config.network
    yield from _training(config.network.model, {type(layer) for layer in graph.layers})
    if keys.code == "time":
        yield "stanojevic2024high", "activations as times of single spikes, of neurons without a leak"
        return
    if any(isinstance(layer, MaxPool2d) for layer in graph.layers):
        yield "rueckauer2017conversion", "max pooling of spikes, here exact in counts"
    if any(isinstance(layer, ReLU) for layer in graph.layers):
        if keys.normalisation != "none":
            yield "diehl2015fast", "normalisation by activations on training data"
            yield "rueckauer2017conversion", "normalisation by a percentile of activations"
        if keys.normalisation in ("channel-wise", "rate-matched"):
            yield "kim2020spikingyolo", "normalisation channel by channel"
    if config.simulation.start == "spread":
        yield "bu2022initialization", "membranes that begin between rest and threshold"


def _training(model: str, kinds: set[type], later: tuple[str, ...] = ()) -> Iterator[Method]:
    """Yield how a network was trained, as its card and those of what it began with say, or its layers."""
    card = read_card(model) or {}
    settings, recorded = card.get("settings", {}), "recordings" in card
    if LIFRate in kinds:
        yield "hunsberger2016training", "training on rates of LIF neurons (soft LIF)"
    layers = str(card.get("training", {}).get("layers", "")).split()
    if BatchNorm2d in kinds or "bn" in layers:
        yield "ioffe2015batch", "batch normalisation"
    if not settings:
        return
    yield "paszke2019pytorch", "training, in PyTorch"
    yield "kingma2015adam", "training by Adam"
    if _positive(settings, "weight_decay"):
        yield "loshchilov2019decoupled", "decoupled weight decay (AdamW)"
    yield "loshchilov2017sgdr", "a learning rate that falls as a cosine"
    start, later = card.get("started_from", RANDOM), (*later, model)
    if start == RANDOM:
        yield "he2015delving", "width of the random weights that training began with"
    elif start not in later:
        with suppress(UserError):  # it need not be here any more
            yield from _training(start, kinds, later)
    if card.get("stage") == "spikes":
        yield "neftci2019surrogate", "fine-tuning on spikes by surrogate gradients"
    elif LIFRate in kinds:
        yield "bengio2013estimating", "the slope of a rate in place of its own"
        if _positive(settings, "shortest_window"):
            yield "rueckauer2017conversion", "rates that lose a part of a spike in training"
    if card.get("stage") == "times":
        yield "bengio2013estimating", "gradients straight through the rounding of spike times"
    if card.get("teacher"):
        yield "hinton2015distilling", "training by a larger network"
    if _positive(settings, "warp") and not recorded:  # events are not warped
        yield "simard2003best", "elastic distortions of training images"
    if _positive(settings, "noise"):
        for key in ("hu2021v2e",) if recorded else ("mu2019mnistc", "devries2017cutout"):
            yield key, "noise in training"


def _positive(settings: dict[str, Any], key: str) -> bool:
    """Whether a setting is a number above 0."""
    value = settings.get(key)
    return isinstance(value, int | float) and value > 0


def _encoding(config: StudyConfig) -> Iterator[Method]:
    encoding = config.encoding
    if encoding.retina:
        yield "bhattacharya2010rankorder", "ganglion cells of the foveal pit (differences of Gaussians)"
        yield "gupta2020foveal", "ganglion cells before a spiking convolutional network"
    if encoding.adapts:
        yield "shapley1978contrast", "contrast gain control"
    if encoding.kind in ("rank-order", "latency"):
        yield "thorpe1998rankorder", "rank-order coding"
        yield "vanrullen2001rate", "rank-order coding"
        if encoding.retina:  # pixels do not overlap
            yield "bhattacharya2010rankorder", "correction of overlapping filters"
    if encoding.kind == "poisson":
        yield "diehl2015fast", "pixels as Poisson spike trains"


def _dataset(keys: Dataset, data: Path | None) -> Iterator[Method]:
    own = kind_and_path(keys.name)
    name = keys.name if own is None else _published(*own)
    for key in DATASETS.get(name, ()):
        yield key, f"the data set, {name}"
    if own is None and keys.recorded and _simulated(keys, data):
        for key in CAMERA:
            yield key, "the simulated event camera"


def _published(kind: str, path: str) -> str:
    """Return which data set that bioscnn knows a folder holds, by its images; empty if none."""
    if kind != "idx":
        return ""
    if Path(path) == fashion_mnist.folder():
        return fashion_mnist.NAME
    try:
        files = [images for images, _ in find_pairs(Path(path)).files.values()]
        hashes = (hashlib.md5(read_content(file), usedforsecurity=False).hexdigest() for file in files)
        return next((IMAGES_MD5[md5] for md5 in hashes if md5 in IMAGES_MD5), "")
    except UserError:  # data that are not there are nobody's
        return ""


def _simulated(keys: Dataset, data: Path | None) -> bool:
    """Whether a simulated camera records the examples of a study on this machine."""
    if keys.recordings != "auto":
        return keys.recordings == "simulated"
    here = {(row.name, row.split): row.available for row in list_datasets(data)}
    return here[keys.name, keys.split] == "simulated"


def _noise(config: StudyConfig | LearnedConfig) -> Iterator[Method]:
    for name in config.noise:
        for key in NOISES.get(name, ()):
            yield key, f"noise: {name}"

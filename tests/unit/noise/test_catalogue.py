"""Every noise alike: severities, seeds, and what is left untouched; each on what it acts on."""

import numpy as np
import pytest

from bioscnn.conversion import convert
from bioscnn.datasets import EventSet, EventStream, load_dataset
from bioscnn.errors import UserError
from bioscnn.neurons import LIF, ExponentialCurrent
from bioscnn.noise import NOISES
from bioscnn.seeds import stream
from tests.networks import every_layer, spikes

DETERMINISTIC = {"blur", "brightness", "contrast", "scaling", "quantisation"}
each_kind = pytest.mark.parametrize("kind", NOISES.values(), ids=list(NOISES))
each_random_kind = pytest.mark.parametrize(
    "kind", [kind for name, kind in NOISES.items() if name not in DETERMINISTIC], ids=lambda kind: kind.name
)


def recordings():
    rng = stream(1, "recordings")
    streams = []
    for _ in range(20):
        x, y = rng.integers(0, 34, (2, 2000))
        t_us = np.sort(rng.integers(0, 300_000, 2000))
        streams.append(EventStream(x, y, t_us, rng.random(2000) < 0.5, (34, 34)))
    return EventSet(tuple(streams), np.zeros(20, int), ("0",), (34, 34), "any", "test", "a test", False)


def network():
    return convert(every_layer(), LIF(), ExponentialCurrent(5e-3), input_rate=100.0)


MAKE = {
    "images": lambda: load_dataset("mnist", "validation", download=False).images[:30],
    "events": recordings,
    "spikes": lambda: spikes(10),
    "network": network,
}


@pytest.fixture(scope="module")
def things():
    return {acts_on: make() for acts_on, make in MAKE.items()}


def contents(thing):
    """Everything in a thing as a list of arrays."""
    if isinstance(thing, np.ndarray):
        return [thing]
    if isinstance(thing, EventSet):
        return [getattr(one, name) for one in thing for name in ("x", "y", "t_us", "p")]
    if hasattr(thing, "trial_start"):
        return [thing.neuron, thing.step, thing.trial_start]
    arrays = []
    for p in thing.populations:
        axons = () if p.axons is None else (p.axons.delay, p.axons.loss, p.axons.key)
        noise = () if p.noise is None else (p.noise.sd, p.noise.key, p.noise.xi)
        bias = () if p.bias is None else (p.bias,)
        arrays += [*p.values.values(), *axons, *noise, *bias, len(axons), len(noise), len(p.values)]
    for p in thing.projections:
        failure = () if p.failure is None else (p.failure.probability, p.failure.key)
        arrays += [p.connectivity.synapses()[2], *failure, len(failure)]
    return [np.array(array) for array in arrays]


def same(one, other):
    one, other = contents(one), contents(other)
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@each_kind
def test_severity_0_is_exactly_the_clean_thing(kind, things):
    thing = things[kind.acts_on]
    assert same(kind.at(0).apply(thing, stream(1, "noise")), thing)


@each_kind
def test_what_is_given_stays_untouched_and_what_comes_back_is_another(kind, things):
    thing = things[kind.acts_on]
    noisy = kind.at(5).apply(thing, stream(1, "noise"))
    assert not same(noisy, thing)
    assert same(thing, MAKE[kind.acts_on]())


@each_random_kind
def test_the_same_seed_gives_the_same_noise_and_another_seed_another(kind, things):
    thing = things[kind.acts_on]
    first, again, other = (kind.at(4).apply(thing, stream(seed, "noise")) for seed in (1, 1, 2))
    assert same(first, again) and not same(first, other)


@each_kind
def test_severities_are_ever_further_from_no_noise(kind):
    if np.isfinite(kind.NONE):
        distance = [abs(level - kind.NONE) for level in kind.LEVELS]
    else:
        distance = [1 / level for level in kind.LEVELS]
    assert len(distance) == 5 and distance == sorted(set(distance)) and distance[0] > 0


@pytest.mark.parametrize(
    "kind", [k for k in NOISES.values() if k.acts_on == "images"], ids=lambda kind: kind.name
)
def test_images_are_ever_further_from_the_clean_ones(kind, things):
    clean = things["images"].astype(float)
    distance = [
        np.abs(kind.at(severity).apply(things["images"], stream(1, "noise")) - clean).mean()
        for severity in range(6)
    ]
    assert distance == sorted(set(distance)) and distance[0] == 0


@each_kind
def test_a_noise_is_read_from_the_table_that_it_writes(kind):
    for severity in range(1, 6):
        noise = kind.at(severity)
        assert kind.read(noise.table()) == noise == kind.read({"severity": severity})
        assert noise.setting and noise.label == f"{kind.name} {noise.setting}"


@each_kind
@pytest.mark.parametrize("severity", [-1, 6, 1.5, True, "2"])
def test_unknown_severities_are_refused(kind, severity):
    with pytest.raises(UserError, match="severity"):
        kind.at(severity)


@each_kind
@pytest.mark.parametrize("amount", [-0.1, np.nan, 1e308])
def test_amounts_that_are_none_are_refused(kind, amount):
    with pytest.raises(UserError, match=rf"noise\.{kind.name}\.{kind.parameter()}"):
        kind(amount)

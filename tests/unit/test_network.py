"""A network of populations and projections: what fits together, and what is driven by what."""

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.network import (
    Axons,
    Composition,
    Convolution,
    Dense,
    Individual,
    Pooling,
    Population,
    Projection,
    SpikingNetwork,
    Sum,
)
from bioscnn.neurons import (
    IF,
    LIF,
    ExponentialConductance,
    ExponentialCurrent,
    LeadingCount,
    LeakyIntegrator,
    MaxPooling,
    Pulse,
)

SLOW = ExponentialCurrent(7e-3)


def between(pre, post, synapse=SLOW, weight=1.0):
    return Projection(pre, post, Dense((1,), (1,), np.full((1, 1), weight)), synapse)


def cells(*names, neuron=None):
    return tuple(Population(name, (1,), neuron or LIF()) for name in names)


SOURCE = Population("input", (1,))
CHAIN = SpikingNetwork(
    (SOURCE, *cells("a", "b", "c"), Population("readout", (1,), LeakyIntegrator())),
    (between("input", "a", None), between("a", "b"), between("a", "c"), between("b", "c"),
     between("c", "readout")),
)  # fmt: skip


def test_the_first_population_is_the_source():
    assert CHAIN.source is SOURCE and [p.name for p in CHAIN.neurons] == ["a", "b", "c", "readout"]
    assert CHAIN["b"].name == "b"
    with pytest.raises(KeyError, match="absent"):
        CHAIN["absent"]
    assert [p.spikes for p in CHAIN.populations] == [False, True, True, True, False]


def test_the_stimulus_enters_as_a_current_or_as_spikes():
    assert CHAIN.takes_currents and not CHAIN.after("a").takes_currents
    assert [CHAIN.is_driven(name) for name in "abc"] == [True, False, False]
    assert [CHAIN.has_synapses(name) for name in "abc"] == [False, True, True]
    assert [p.pre for p in CHAIN.onto("c")] == ["a", "b"]


def test_what_a_population_drives_is_a_network_of_its_own():
    behind = CHAIN.after("a")
    assert [p.name for p in behind.populations] == ["a", "b", "c", "readout"]
    assert behind.source.neuron is None and behind.projections == CHAIN.projections[1:]
    delayed = SpikingNetwork(
        (SOURCE, Population("a", (1,), LIF(), axons=Axons(np.ones(1))), *CHAIN.populations[2:]),
        CHAIN.projections,
    )
    assert delayed.after("a").source.axons is delayed["a"].axons
    assert [p.name for p in CHAIN.after("c").populations] == ["c", "readout"]


@pytest.mark.parametrize("other", [between("input", "c", None), between("input", "c")])
def test_what_is_driven_by_others_too_is_no_network_of_its_own(other):
    with pytest.raises(ValueError, match="what comes after 'b' is not driven by its spikes alone"):
        CHAIN.after("b")
    driven = SpikingNetwork((SOURCE, *cells("a", "c")), (between("input", "a"), between("a", "c"), other))
    with pytest.raises(ValueError, match="'a' is not driven"):
        driven.after("a")


def test_a_name_belongs_to_one_population():
    with pytest.raises(ValueError, match="not unique"):
        SpikingNetwork((SOURCE, *cells("a", "a")), ())


@pytest.mark.parametrize("end", ["pre", "post"])
@pytest.mark.parametrize(
    ("shape", "dense", "convolution"),
    [((2, 2, 3), True, True), ((12,), True, False), ((2, 3, 2), True, False), ((2, 2, 2), False, False)],
)
def test_an_all_to_all_map_counts_neurons_and_a_kernel_needs_their_shape(end, shape, dense, convolution):
    right = (2, 2, 3)
    pre, post = (shape, right) if end == "pre" else (right, shape)
    kernel = Convolution(right, right, (1, 1), (0, 0, 0, 0), np.ones((2, 2, 1, 1)))
    for fits, connectivity in ((dense, Dense(right, right, np.ones((12, 12)))), (convolution, kernel)):
        populations = Population("input", pre), Population("cells", post, LIF())
        projection = Projection("input", "cells", connectivity, SLOW)
        if fits:
            assert SpikingNetwork(populations, (projection,)).projections == (projection,)
            continue
        name = "input" if end == "pre" else "cells"
        with pytest.raises(ValueError, match=f"input -> cells: '{name}' does not have shape"):
            SpikingNetwork(populations, (projection,))


def test_a_population_without_synapses_has_those_of_the_others():
    assert CHAIN.synapse_onto("a") == CHAIN.synapse_onto("b") == SLOW
    alone = SpikingNetwork((SOURCE, *cells("a")), (between("input", "a", None),))
    assert alone.synapse_onto("a") == ExponentialCurrent()
    for other in (LeadingCount(), Pulse()):
        kinds = SpikingNetwork(
            (SOURCE, *cells("a"), *cells("b", neuron=MaxPooling())),
            (between("input", "a", None), between("a", "b", other)),
        )
        assert kinds.synapse_onto("a") == ExponentialCurrent() and kinds.synapse_onto("b") == other


def test_excitation_and_inhibition_are_one_kind_and_one_pathway():
    kinds = [ExponentialConductance(7e-3, receptor=receptor) for receptor in ("g_e", "g_i")]
    both = tuple(between("a", "b", kind) for kind in kinds)
    network = SpikingNetwork((SOURCE, *cells("a", "b")), (between("input", "a", None), *both))
    assert network.synapse_onto("b") == network.synapse_onto("a") == kinds[0]
    assert network.pathways == both[1:]
    assert CHAIN.pathways == CHAIN.projections[1:]


@pytest.mark.parametrize("ratio", [0.98, 0.992, 1.0, 1.008, 1.02])
def test_time_constants_of_membrane_and_synapse_differ_by_a_percent(ratio):
    def made(neuron):
        onto = between("input", "a", ExponentialCurrent(20e-3 * ratio))
        return SpikingNetwork((SOURCE, *cells("a", neuron=neuron)), (onto,))

    assert made(IF()).synapse_onto("a").tau_s == 20e-3 * ratio
    if abs(ratio - 1) > 0.01:
        assert made(LIF(tau_m=20e-3)).synapse_onto("a").tau_s == 20e-3 * ratio
        return
    with pytest.raises(UserError, match="at least 1 %") as refusal:
        made(LIF(tau_m=20e-3))
    assert refusal.value.key == "synapse.tau_s" and "tau_m = 0.02 s" in refusal.value.expected


@pytest.mark.parametrize("what", ["bias", "V_th", "axons.delay"])
def test_what_differs_from_cell_to_cell_has_one_value_for_each(what):
    def made(n):
        return Population(
            "p", (3, 1, 2), LIF(),
            bias=np.zeros(n if what == "bias" else 6),
            values={"V_th": np.ones(n if what == "V_th" else 6)},
            axons=Axons(np.zeros(n if what == "axons.delay" else 6)),
        )  # fmt: skip

    assert made(6).size == 6
    with pytest.raises(ValueError, match=f"{what} of 'p' has shape"):
        made(5)


def test_the_geometry_says_which_synapses_there_are_and_not_their_weights():
    shape = (2, 2, 2)

    def maps(scale, stride=(1, 1)):
        kernel = Convolution(shape, (2, 1, 1), stride, (0, 0, 0, 0), scale * np.ones((2, 1, 2, 2)), groups=2)
        pooling = Pooling(shape, (2, 1, 1), stride, (0, 0, 0, 0), (2, 2), scale * np.ones(2))
        dense = Dense((2, 1, 1), (3,), scale * np.ones((3, 2)))
        own = Individual.of(kernel, scale * np.arange(8.0))
        chain = Composition(shape, (3,), (kernel, dense))
        return kernel, pooling, dense, own, chain, Sum(shape, (2, 1, 1), (kernel, pooling))

    found = [made.geometry for made in maps(1.0)]
    assert found == [made.geometry for made in maps(2.0)] and len(set(found)) == 6
    changed = [made.geometry == before for made, before in zip(maps(1.0, (2, 2)), found, strict=True)]
    assert changed == [False, False, True, False, False, False]

"""A front end: what the network is given, and what the trained one is shown of it."""

from dataclasses import replace

import numpy as np
import pytest

from bioscnn.datasets.mnist import load_embedded
from bioscnn.encoding import Currents, FrontEnd, SpikeTrains, event_frames, rank_order, responses
from bioscnn.errors import UserError

N_STEPS, DT = 60, 1e-3
MIDGETS = ("off-midget", "on-midget")
SPIKING = ("lif-layer", "rank-order", "latency", "poisson")


@pytest.fixture(scope="module")
def digits():
    return load_embedded().take(20).intensities()


def stimulus(front_end, images, seed=1):
    return front_end.stimulus(images, N_STEPS, DT, np.random.default_rng(seed))


def test_plain_pixels_stay_the_currents_that_they_always_were(digits):
    given = stimulus(FrontEnd("currents"), digits)
    assert isinstance(given, Currents)
    assert np.array_equal(given.values, digits.reshape(20, -1) * np.float32(1e-9))
    assert np.array_equal(FrontEnd("currents").intensities(digits, N_STEPS, DT), digits)


@pytest.mark.parametrize("kind", SPIKING)
@pytest.mark.parametrize("retina", [(), MIDGETS])
def test_a_spiking_front_end_has_a_neuron_a_cell_and_pixel(digits, kind, retina):
    front_end = FrontEnd(kind, retina)
    given = stimulus(front_end, digits)
    assert isinstance(given, SpikeTrains) and given.n_trials == len(digits) and given.n_spikes > 500
    assert front_end.shape(digits.shape) == (max(1, len(retina)), 28, 28)
    assert given.size == max(1, len(retina)) * 784
    assert given.step.max() < N_STEPS - 1, "nothing spikes in the last step of a trial"


@pytest.mark.parametrize("kind", ["lif-layer", "rank-order", "latency"])
def test_the_trained_network_is_shown_how_often_each_input_fires(digits, kind):
    front_end = FrontEnd(kind, MIDGETS)
    shown = front_end.intensities(digits, N_STEPS, DT)
    frames = event_frames(stimulus(front_end, digits), (2, 28, 28), N_STEPS, front_end.input_rate)
    assert np.array_equal(shown, frames[:, 0])
    assert shown.min() == 0 and 0 < shown.max() <= 1


def test_poisson_spikes_have_the_rates_that_the_trained_network_is_shown(digits):
    front_end = FrontEnd("poisson", MIDGETS)
    shown = front_end.intensities(digits, N_STEPS, DT)
    given = stimulus(front_end, np.repeat(digits[:1], 400, axis=0))
    counts = np.bincount(given.neuron, minlength=given.size) / 400
    # A neuron spikes at most once a step, and not in the last one.
    expected = (N_STEPS - 1) * -np.expm1(-shown[0].ravel() * front_end.input_rate * DT)
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected.max() / 400)


def test_chance_is_in_poisson_spikes_alone(digits):
    for kind in SPIKING:
        front_end = FrontEnd(kind, MIDGETS)
        same = stimulus(front_end, digits, seed=1) == stimulus(front_end, digits, seed=2)
        assert same is (kind != "poisson")
        assert stimulus(front_end, digits, seed=1) == stimulus(front_end, digits, seed=1)


def test_rank_order_tells_nothing_of_contrast_and_a_lif_layer_of_pixels_does(digits):
    dim = digits / 2
    ranked, sized = FrontEnd("rank-order", MIDGETS), FrontEnd("lif-layer")
    assert stimulus(ranked, digits) == stimulus(ranked, dim)
    assert stimulus(sized, dim).n_spikes < 0.7 * stimulus(sized, digits).n_spikes


def test_the_first_ranks_fire_first(digits):
    front_end = replace(FrontEnd("rank-order", MIDGETS), keep=0.1)
    code = rank_order(responses(digits[:1], front_end.cells), front_end.cells, 0.1)
    given = stimulus(front_end, digits[:1])
    first = np.full(given.size, N_STEPS)
    np.minimum.at(first, given.neuron, given.step)
    times = first[code.neuron]
    assert (np.diff(times) >= 0).all() and times[0] < 5 < times[-1]


def test_cells_are_named_in_any_order_and_mean_the_same(digits):
    assert FrontEnd("lif-layer", MIDGETS[::-1]) == FrontEnd("lif-layer", MIDGETS)


@pytest.mark.parametrize(
    ("key", "value"),
    [("kind", "latencies"), ("kind", "events"), ("input_rate", 0.0), ("input_rate", "100 Hz"),
     ("full_current", -1e-9), ("full_current", np.nan)],
)  # fmt: skip
def test_what_is_no_front_end_is_refused_by_its_key(key, value):
    with pytest.raises(UserError) as refused:
        FrontEnd(**{key: value})
    assert (refused.value.key, refused.value.value) == (f"encoding.{key}", value) or np.isnan(value)

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate

from bioscnn.errors import UserError
from bioscnn.network import (
    Composition,
    Convolution,
    Dense,
    Individual,
    Pooling,
    Population,
    Projection,
    SpikingNetwork,
    Sum,
    compose,
    summed,
)
from bioscnn.neurons import LIF, ExponentialCurrent
from bioscnn.seeds import stream


@st.composite
def geometries(draw):
    """Input height and width, window, stride, padding: any that give at least one output."""
    axes = []
    for _ in range(2):
        length, window = draw(st.integers(1, 9)), draw(st.integers(1, 5))
        before, after = (draw(st.integers(0, window - 1)) for _ in range(2))
        if length + before + after < window:
            length = window
        axes.append((length, window, draw(st.integers(1, 4)), before, after))
    (height, kh, sy, top, bottom), (width, kw, sx, left, right) = axes
    return (height, width), (kh, kw), (sy, sx), (top, left, bottom, right)


def output_size(size, window, stride, padding):
    lengths = (size[0] + padding[0] + padding[2], size[1] + padding[1] + padding[3])
    return tuple((n - w) // s + 1 for n, w, s in zip(lengths, window, stride, strict=True))


def padded(image, padding):
    top, left, bottom, right = padding
    return np.pad(image, ((top, bottom), (left, right)))


@settings(max_examples=150, deadline=None)
@given(geometries(), st.integers(1, 2), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**31))
def test_convolution_connects_as_scipy_correlates(geometry, groups, inputs, outputs, seed):
    size, window, stride, padding = geometry
    rng = stream(seed, "convolution")
    kernel = rng.normal(size=(groups * outputs, inputs, *window))
    image = rng.normal(size=(groups * inputs, *size))
    post = (groups * outputs, *output_size(size, window, stride, padding))
    convolution = Convolution(image.shape, post, stride, padding, kernel, groups)

    expected = np.zeros(post)
    for channel in range(post[0]):
        first = channel // outputs * inputs
        for k in range(inputs):
            full = correlate(padded(image[first + k], padding), kernel[channel, k], mode="valid")
            expected[channel] += full[:: stride[0], :: stride[1]]
    assert np.allclose((convolution.matrix() @ image.ravel()).reshape(post), expected)
    check_bookkeeping(convolution)


@settings(max_examples=100, deadline=None)
@given(geometries(), st.integers(1, 3), st.booleans(), st.integers(0, 2**31))
def test_pooling_averages_what_lies_in_the_image(geometry, channels, count_include_pad, seed):
    size, window, stride, padding = geometry
    image = stream(seed, "pooling").normal(size=(channels, *size))
    post = (channels, *output_size(size, window, stride, padding))
    pooling = Pooling(image.shape, post, stride, padding, window, np.ones(channels), count_include_pad)

    inside = padded(np.ones(size), padding)
    for channel in range(channels):
        got = (pooling.matrix() @ image.ravel()).reshape(post)[channel]
        for y in range(post[1]):
            for x in range(post[2]):
                rows = slice(y * stride[0], y * stride[0] + window[0])
                columns = slice(x * stride[1], x * stride[1] + window[1])
                total = padded(image[channel], padding)[rows, columns].sum()
                counted = window[0] * window[1] if count_include_pad else inside[rows, columns].sum()
                assert got[y, x] == pytest.approx(total / counted)
    check_bookkeeping(pooling)


def check_bookkeeping(connectivity):
    """Synapses are ordered and unique, and counted without listing them."""
    pre, post, _ = connectivity.synapses()
    key = pre.astype(np.int64) * (post.max() + 1) + post
    assert np.all(np.diff(key) > 0)
    assert np.array_equal(connectivity.fan_out(), np.bincount(pre, minlength=len(connectivity.fan_out())))
    assert connectivity.n_synapses == len(pre)


@pytest.mark.parametrize("kind", ["pooling", "convolution", "dense", "composition", "individual"])
def test_what_is_rectified_and_what_its_opposite_keeps_are_the_whole(kind):
    """Excitation and inhibition: every synapse is in both, with its weight in one of them."""
    pooling, convolution, dense = example_chain()
    pooling = replace(pooling, gain=np.array([1.0, -2.0]))
    whole = {
        "pooling": pooling,
        "convolution": convolution,
        "dense": dense,
        "composition": Composition(pooling.pre_shape, dense.post_shape, (pooling, convolution, dense)),
        "individual": Individual.of(convolution, -1.5 * convolution.synapses()[2]),
    }[kind]
    positive = whole.rectified()
    opposite = whole.scaled(-np.ones(whole.pre_shape[0]), np.ones(whole.post_shape[0])).rectified()
    weights = [part.synapses()[2] for part in (whole, positive, opposite)]
    assert weights[1].min() == 0 < weights[1].max() and weights[2].min() == 0 < weights[2].max()
    assert np.allclose(weights[1] - weights[2], weights[0])
    for part in (positive, opposite):
        assert all(
            np.array_equal(a, b) for a, b in zip(part.synapses()[:2], whole.synapses()[:2], strict=True)
        )


def example_chain():
    rng = stream(1, "chain")
    pooling = Pooling((2, 6, 6), (2, 3, 3), (2, 2), (0, 0, 0, 0), (2, 2), np.ones(2))
    convolution = Convolution((2, 3, 3), (3, 2, 2), (1, 1), (0, 0, 0, 0), rng.normal(size=(3, 2, 2, 2)))
    dense = Dense((3, 2, 2), (4,), rng.normal(size=(4, 12)))
    return pooling, convolution, dense


def test_a_composition_is_the_product_of_its_parts():
    parts = example_chain()
    composed = Composition((2, 6, 6), (4,), parts)
    product = parts[2].matrix() @ parts[1].matrix() @ parts[0].matrix()
    assert np.allclose(composed.matrix().toarray(), product.toarray())
    check_bookkeeping(composed)


@st.composite
def chains(draw):
    """Two or three maps in a row, pooling among them."""
    size, window, stride, padding = draw(geometries())
    rng, channels, parts = stream(draw(st.integers(0, 2**31)), "chain"), draw(st.integers(1, 3)), []
    kinds = draw(st.sampled_from(["pc", "cp", "pp", "pcp", "pcd", "cd"]))
    shape = (channels, *size)
    for kind in kinds:
        if kind == "d":
            n_pre = int(np.prod(shape))
            parts.append(Dense(shape, (4,), rng.normal(size=(4, n_pre))))
            continue
        groups = draw(st.sampled_from([1, shape[0]]))
        after = (shape[0] if kind == "p" else 2 * groups, *output_size(shape[1:], window, stride, padding))
        if kind == "p":
            counts = draw(st.booleans())
            parts.append(Pooling(shape, after, stride, padding, window, rng.normal(size=shape[0]), counts))
        else:
            kernel = rng.normal(size=(2 * groups, shape[0] // groups, *window))
            parts.append(Convolution(shape, after, stride, padding, kernel, groups))
        shape = after
        window = tuple(draw(st.integers(1, n)) for n in shape[1:])
        stride = tuple(draw(st.integers(1, n)) for n in window)
        padding = (0, 0, 0, 0) if draw(st.booleans()) else (window[0] - 1, window[1] - 1, 0, window[1] - 1)
    return tuple(parts)


@settings(max_examples=300, deadline=None)
@given(chains())
def test_folding_changes_neither_a_weight_nor_which_neurons_are_connected(parts):
    composed = Composition(parts[0].pre_shape, parts[-1].post_shape, parts)
    folded = compose(parts)
    for got, expected in zip(folded.synapses(), composed.synapses(), strict=True):
        assert np.allclose(got, expected, rtol=1e-12, atol=1e-12)
    assert np.array_equal(folded.fan_out(), composed.fan_out())


def test_the_usual_chains_fold_to_one_map_and_the_others_stay():
    pooling, convolution, dense = example_chain()
    assert isinstance(compose([pooling, convolution]), Convolution)
    assert isinstance(compose([convolution, dense]), Dense)
    assert isinstance(compose([pooling, convolution, dense]), Dense)
    padded_kernel = Convolution((2, 3, 3), (3, 3, 3), (1, 1), (1, 1, 1, 1), np.ones((3, 2, 3, 3)))
    assert isinstance(compose([pooling, padded_kernel]), Convolution)
    # The last row and column of 7 x 7 pixels are not pooled, so a padded window must not see them.
    uneven = Pooling((2, 7, 7), (2, 3, 3), (2, 2), (0, 0, 0, 0), (2, 2), np.ones(2))
    cut, whole = compose([uneven, padded_kernel]), Composition((2, 7, 7), (3, 3, 3), (uneven, padded_kernel))
    assert isinstance(cut, Convolution)
    for got, expected in zip(cut.synapses(), whole.synapses(), strict=True):
        assert np.allclose(got, expected)
    assert isinstance(compose([uneven, convolution]), Convolution)
    # A step of three pixels in the padding of both: 1 + 3 pixels around the image.
    thirds = Pooling((2, 7, 7), (2, 3, 3), (3, 3), (1, 1, 1, 1), (3, 3), np.ones(2), True)
    cut, whole = compose([thirds, padded_kernel]), Composition((2, 7, 7), (3, 3, 3), (thirds, padded_kernel))
    assert isinstance(cut, Convolution) and cut.padding[:2] == (4, 4)
    for got, expected in zip(cut.synapses(), whole.synapses(), strict=True):
        assert np.allclose(got, expected)
    # Windows that overlap: those in the padding would see pixels that the last of the others sees.
    overlapping = Pooling((2, 7, 7), (2, 3, 3), (2, 2), (0, 0, 0, 0), (3, 3), np.ones(2))
    assert isinstance(compose([overlapping, padded_kernel]), Composition)
    # Without padding there are none, also where the last step of the second map would lead beyond.
    unpadded = Convolution((2, 3, 3), (3, 2, 2), (1, 1), (0, 0, 0, 0), np.ones((3, 2, 2, 2)))
    assert isinstance(compose([overlapping, unpadded]), Convolution)


def test_weights_that_cancel_or_vanish_are_synapses_all_the_same():
    zero = Convolution((1, 3, 3), (1, 2, 2), (1, 1), (0, 0, 0, 0), np.zeros((1, 1, 2, 2)))
    assert zero.n_synapses == len(zero.synapses()[2]) == 16
    fan = Dense((1,), (2,), np.array([[1.0], [-1.0]]))
    join = Dense((2,), (1,), np.array([[1.0, 1.0]]))
    pre, post, weight = Composition((1,), (1,), (fan, join)).synapses()
    assert (list(pre), list(post), list(weight)) == ([0], [0], [0.0])


def with_weights_of_their_own():
    wide = example_chain()[1]
    return Individual.of(wide, stream(4, "own").normal(size=wide.n_synapses))


@pytest.mark.parametrize(
    "part",
    [*example_chain(), Composition((2, 6, 6), (4,), example_chain()), with_weights_of_their_own()],
)
def test_scaling_multiplies_channels_before_and_behind(part):
    rng = stream(2, "scales")
    pre, post = rng.uniform(1, 2, part.pre_shape[0]), rng.uniform(1, 2, part.post_shape[0])
    rows = np.repeat(post, np.prod(part.post_shape[1:], dtype=int))
    columns = np.repeat(pre, np.prod(part.pre_shape[1:], dtype=int))
    scaled = part.scaled(pre, post).matrix().toarray()
    assert np.allclose(scaled, rows[:, None] * part.matrix().toarray() * columns)
    assert part.scaled(pre, post).geometry == part.geometry


@pytest.mark.parametrize("kind", ["pooling", "grouped", "composition", "individual", "sum"])
def test_a_dense_map_is_pulled_back_to_its_product_with_the_map_before_it(kind):
    rng = stream(5, "pulled back")
    pooling = Pooling((4, 7, 6), (4, 4, 3), (2, 2), (1, 0, 0, 1), (2, 3), rng.normal(size=4))
    grouped = Convolution((4, 4, 3), (6, 2, 3), (2, 1), (0, 1, 1, 1), rng.normal(size=(6, 2, 3, 3)), 2)
    part = {
        "pooling": pooling,
        "grouped": grouped,
        "composition": Composition(pooling.pre_shape, grouped.post_shape, (pooling, grouped)),
        "individual": with_weights_of_their_own(),
        "sum": Sum(grouped.pre_shape, grouped.post_shape, (grouped, grouped.rectified())),
    }[kind]
    weight = rng.normal(size=(5, np.prod(part.post_shape)))
    assert np.allclose(part.pulled_back(weight), weight @ part.matrix().toarray())


@pytest.mark.parametrize("shape", [(15, 12), (12, 15)])
def test_a_fold_of_three_maps_does_not_see_the_pixels_that_one_of_them_leaves_out(shape):
    """Both poolings leave out their last row or column, which the padding of the third map would reach."""
    middle, after = (tuple(n // k for n in shape) for k in (2, 4))
    rng, none = stream(6, "fold"), (0, 0, 0, 0)
    parts = (
        Pooling((2, *shape), (2, *middle), (2, 2), none, (2, 2), np.ones(2)),
        Pooling((2, *middle), (2, *after), (2, 2), none, (2, 2), np.ones(2)),
        Convolution((2, *after), (3, *after), (1, 1), (1, 1, 1, 1), rng.normal(size=(3, 2, 3, 3))),
    )
    folded = compose((parts[0], compose(parts[1:])))
    assert isinstance(folded, Convolution) and sorted(folded.padding) == [-3, 4, 4, 4]
    whole = Composition(parts[0].pre_shape, parts[2].post_shape, parts)
    for got, expected in zip(folded.synapses(), whole.synapses(), strict=True):
        assert np.allclose(got, expected)


def one_to_one(shape, rng):
    return Convolution(shape, shape, (1, 1), (0, 0, 0, 0), rng.normal(size=(shape[0], 1, 1, 1)), shape[0])


@pytest.mark.parametrize("first", [True, False])
def test_a_scaling_of_channels_goes_into_the_map_beside_it(first):
    rng, shape = stream(1, "scaling"), (4, 5, 6)
    kernel = rng.normal(size=(6, 2, 3, 3))
    conv = Convolution(shape, (6, 5, 6), (1, 1), (1, 1, 1, 1), kernel, groups=2)
    pool = Pooling(shape, (4, 2, 3), (2, 2), (0, 0, 0, 0), (2, 2), np.ones(4))
    for one in (conv, pool):
        scaling = one_to_one(one.pre_shape if first else one.post_shape, rng)
        parts = (scaling, one) if first else (one, scaling)
        joined = compose(parts)
        assert joined.geometry == one.geometry
        expected = parts[1].matrix() @ parts[0].matrix()
        assert np.allclose(joined.matrix().toarray(), expected.toarray())


def test_maps_side_by_side_are_added():
    """Convolutions of one stride become one; a pooling beside a convolution has its synapses listed."""
    rng, shape, after = stream(2, "sums"), (4, 6, 6), (4, 3, 3)
    wide = Convolution(shape, after, (2, 2), (1, 1, 1, 1), rng.normal(size=(4, 4, 3, 3)))
    point = Convolution(shape, after, (2, 2), (0, 0, 0, 0), rng.normal(size=(4, 1, 1, 1)), groups=4)
    pool = Pooling(shape, after, (2, 2), (0, 0, 0, 0), (2, 2), np.ones(4))
    dense = Dense(shape, after, rng.normal(size=(36, 144)))
    for parts, kind in (
        ((wide, point), Convolution),
        ((point, wide, wide), Convolution),
        ((point, point), Convolution),
        ((wide, pool), Sum),
        ((wide, pool, point), Sum),
        ((wide, replace(wide, padding=(1, 1, -1, 1)), pool, pool), Sum),
        ((pool, dense), Dense),
    ):
        total = summed(parts)
        assert type(total) is kind
        expected = sum(part.matrix().toarray() for part in parts)
        assert np.allclose(total.matrix().toarray(), expected)
        check_bookkeeping(total)
        pre, post = rng.normal(size=4), rng.normal(size=4)
        rows, columns = np.repeat(post, 9)[:, None], np.repeat(pre, 36)
        assert np.allclose(total.scaled(pre, post).matrix().toarray(), expected * rows * columns)
        assert np.allclose(total.rectified().matrix().toarray(), np.maximum(expected, 0))


@pytest.mark.parametrize("padding", [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)])
def test_a_sum_of_convolutions_has_the_padding_of_each_side(padding):
    rng, shape = stream(3, "sides"), (2, 5, 6)
    window = (1 + padding[0] + padding[2], 1 + padding[1] + padding[3])
    wide = Convolution(shape, shape, (1, 1), padding, rng.normal(size=(2, 2, *window)))
    point = Convolution(shape, shape, (1, 1), (0, 0, 0, 0), rng.normal(size=(2, 2, 1, 1)))
    total = summed([point, wide])
    assert isinstance(total, Convolution)
    assert (total.padding, total.kernel.shape[2:]) == (padding, window)
    assert np.allclose(total.matrix().toarray(), (point.matrix() + wide.matrix()).toarray())


@pytest.mark.parametrize("n", [2, 4])
def test_a_population_has_a_bias_for_each_neuron(n):
    assert Population("p", (3,), bias=np.zeros(3)).size == 3
    with pytest.raises(ValueError, match="has shape"):
        Population("p", (3,), bias=np.zeros(n))


def test_all_synapses_onto_a_population_are_of_one_kind():
    there = Dense((1,), (1,), np.ones((1, 1)))
    neurons = Population("a", (1,), LIF()), Population("b", (1,), LIF())
    for times, right in (((5e-3, 5e-3), True), ((5e-3, 6e-3), False)):
        kinds = [ExponentialCurrent(tau_s) for tau_s in times]
        onto = tuple(Projection(pre, "b", there, kind) for pre, kind in zip("xa", kinds, strict=True))
        with nullcontext() if right else pytest.raises(UserError, match="one kind of synapse"):
            network = SpikingNetwork((Population("x", (1,)), *neurons), onto)
            assert network.synapse_onto("b") == ExponentialCurrent(5e-3)

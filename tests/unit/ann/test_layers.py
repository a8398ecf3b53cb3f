"""Layers against loops that a reader can check by eye."""

import itertools

import numpy as np
import pytest

from bioscnn.ann import AveragePool2d, BatchNorm2d, Conv2d, Dense, Flatten, LIFRate, ReLU
from bioscnn.errors import UserError
from bioscnn.neurons import lif_rate, soft_lif_rate

GEOMETRIES = list(
    itertools.product([(1, 1), (2, 3), (4, 4)], [(1, 1), (2, 3)], [(0, 0, 0, 0), (0, 1, 2, 0), (1, 1, 1, 1)])
)


def padded_pixel(image, row, column, padding):
    row, column = row - padding[0], column - padding[1]
    inside = 0 <= row < image.shape[0] and 0 <= column < image.shape[1]
    return (image[row, column], 1) if inside else (0.0, 0)


def correlation_by_loops(x, layer):
    shape = layer.output_shape(x.shape)
    out = np.zeros(shape)
    per_group = shape[0] // layer.groups
    for c, i, j in itertools.product(*map(range, shape)):
        first = (c // per_group) * layer.weight.shape[1]
        for k, u, v in itertools.product(*map(range, layer.weight.shape[1:])):
            row, column = i * layer.stride[0] + u, j * layer.stride[1] + v
            out[c, i, j] += (
                layer.weight[c, k, u, v] * padded_pixel(x[first + k], row, column, layer.padding)[0]
            )
        out[c, i, j] += layer.bias[c]
    return out


def average_by_loops(x, layer):
    shape = layer.output_shape(x.shape)
    out = np.zeros(shape)
    for c, i, j in itertools.product(*map(range, shape)):
        pixels = [
            padded_pixel(x[c], i * layer.stride[0] + u, j * layer.stride[1] + v, layer.padding)
            for u, v in itertools.product(*map(range, layer.kernel))
        ]
        n = len(pixels) if layer.count_include_pad else sum(inside for _, inside in pixels)
        out[c, i, j] = sum(value for value, _ in pixels) / n
    return out


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("kernel", "stride", "padding"), GEOMETRIES)
def test_convolution_equals_four_nested_loops(kernel, stride, padding, groups):
    rng = np.random.default_rng(1)
    layer = Conv2d(rng.normal(size=(4, 2, *kernel)), rng.normal(size=4), stride, padding, groups)
    x = rng.normal(size=(3, 2 * groups, 7, 6))
    expected = [correlation_by_loops(image, layer) for image in x]
    np.testing.assert_allclose(layer.forward(x), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("count_include_pad", [False, True])
@pytest.mark.parametrize(("kernel", "stride"), list(itertools.product([(2, 2), (3, 2)], [(1, 1), (2, 3)])))
def test_average_pooling_counts_padding_only_when_asked(kernel, stride, count_include_pad):
    layer = AveragePool2d(kernel, stride, (1, 0, 0, 1), count_include_pad)
    x = np.random.default_rng(2).normal(size=(3, 2, 7, 6))
    np.testing.assert_allclose(layer.forward(x), [average_by_loops(image, layer) for image in x], rtol=1e-12)


def test_a_pixel_is_an_image():
    assert Conv2d(np.full((1, 1, 1, 1), 3)).forward(np.full((1, 1, 1, 1), 2.0)).item() == 6


def test_flatten_runs_over_channels_then_rows_then_columns():
    x = np.arange(2 * 3 * 4.0).reshape(1, 2, 3, 4)
    np.testing.assert_array_equal(Flatten().forward(x), np.arange(24.0)[None])


def test_batch_normalisation_removes_mean_and_variance():
    x = np.random.default_rng(3).normal(5, 3, size=(500, 2, 4, 4))
    layer = BatchNorm2d([1, 2], [0, 7], x.mean((0, 2, 3)), x.var((0, 2, 3)))
    out = layer.forward(x)
    np.testing.assert_allclose(out.mean((0, 2, 3)), [0, 7], atol=1e-5)
    np.testing.assert_allclose(out.std((0, 2, 3)), [1, 2], rtol=1e-5)


def test_lif_rate_of_width_zero_is_the_exact_rate():
    J = np.linspace(-2, 20, 200)
    expected = 0.01 * lif_rate(J, 20e-3, 2e-3)
    np.testing.assert_array_equal(LIFRate(20e-3, 2e-3, 0.01, 0.0).forward(J), expected)


def test_lif_rate_of_some_width_is_the_soft_rate():
    J = np.linspace(-2, 20, 200)
    expected = 0.01 * soft_lif_rate(J, 20e-3, 2e-3, 0.1)
    np.testing.assert_array_equal(LIFRate(20e-3, 2e-3, 0.01, 0.1).forward(J), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "layer",
    [
        Conv2d(np.ones((2, 1, 2, 2)), np.ones(2)),
        AveragePool2d((2, 2), (1, 1), (1, 0, 0, 0)),
        BatchNorm2d([1], [0], [0], [1]),
        Flatten(),
        ReLU(),
        LIFRate(),
        LIFRate(gamma=0.1),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_the_output_has_the_promised_shape_and_the_type_of_the_input(layer, dtype):
    x = np.ones((5, 1, 4, 3), dtype)
    out = layer.forward(x)
    assert out.shape == (5, *layer.output_shape(x.shape[1:]))
    assert out.dtype == dtype


def test_weights_are_copies_that_nobody_changes():
    weight = np.ones((2, 3), np.float32)
    layer = Dense(weight)
    weight[0, 0] = 5
    assert layer.weight[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        layer.weight[0, 0] = 5


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: Conv2d(np.ones((2, 3, 3))), "weight"),
        (lambda: Conv2d(np.ones((2, 1, 3, 3)), np.ones(3)), "bias"),
        (lambda: Conv2d(np.ones((2, 1, 3, 3)), stride=(0, 1)), "stride"),
        (lambda: Conv2d(np.ones((2, 1, 3, 3)), padding=(1, 1)), "padding"),
        (lambda: Conv2d(np.ones((3, 1, 3, 3)), groups=2), "groups"),
        (lambda: AveragePool2d((2, 2), (2, 2), (2, 0, 0, 0)), "padding"),
        (lambda: AveragePool2d((0, 2), (2, 2)), "kernel"),
        (lambda: BatchNorm2d([1], [0], [0], [-1]), "epsilon"),
        (lambda: BatchNorm2d([1, 1], [0], [0, 0], [1, 1]), "beta"),
        (lambda: LIFRate(tau_m=0), "tau_m"),
        (lambda: LIFRate(gamma=-0.1), "gamma"),
    ],
)
def test_an_impossible_layer_is_refused_by_the_field_at_fault(make, key):
    with pytest.raises(UserError) as refusal:
        make()
    assert refusal.value.key == key

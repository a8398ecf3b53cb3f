"""The text of layers: what it means, what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioscnn.ann import AveragePool2d, Conv2d, Dense, LIFRate, MaxPool2d
from bioscnn.errors import UserError
from bioscnn.studies.recipes import find_recipes
from bioscnn.training.architectures import Architecture
from bioscnn.training.layers import Convolution, Hidden, Pooling, layers_text, parse_layers, usual_layers

CONVOLUTIONS = st.builds(
    lambda n, k, s, p, bn: Convolution(n, (k, k), (s, s), p, bn),
    st.integers(1, 512), st.integers(1, 9), st.integers(1, 4), st.integers(0, 4), st.booleans(),
)  # fmt: skip
POOLED = st.builds(
    lambda convolution, kind, k: (convolution, Pooling(kind, k)),
    CONVOLUTIONS, st.sampled_from(("average", "max")), st.integers(1, 9),
)  # fmt: skip
LAYERS = st.lists(CONVOLUTIONS.map(lambda one: (one,)) | POOLED, max_size=4).map(lambda parts: sum(parts, ()))


@given(LAYERS, st.lists(st.builds(Hidden, st.integers(1, 4096)), min_size=1, max_size=2))
def test_layers_are_read_as_they_are_written(images, dense):
    layers = (*images, *dense)
    assert parse_layers(layers_text(layers)) == layers


def test_a_network_has_the_layers_of_the_text():
    layers = (
        Architecture((3, 20, 30), parse_layers("8c3p1 mp2 16c5s2 ap2 d7"), 4, LIFRate())
        .initial("x", 1)
        .layers
    )
    kinds = [type(layer) for layer in layers if isinstance(layer, Conv2d | Dense | MaxPool2d | AveragePool2d)]
    assert kinds == [Conv2d, MaxPool2d, Conv2d, AveragePool2d, Dense, Dense]
    convolutions = [layer for layer in layers if isinstance(layer, Conv2d)]
    assert [c.weight.shape for c in convolutions] == [(8, 3, 3, 3), (16, 8, 5, 5)]
    assert [(c.stride, c.padding) for c in convolutions] == [((1, 1), (1,) * 4), ((2, 2), (0,) * 4)]
    assert layers[-1].weight.shape == (4, 7)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", ""), ("ap2", "ap2"), ("mp2 8c3", "mp2"), ("8c3 ap2 mp2", "mp2"),
        ("bn 8c3", "bn"), ("8c3 bn bn", "bn"), ("d8 bn", "bn"), ("d8 8c3", "8c3"),
        ("8c0", "8c0"), ("0c3", "0c3"), ("8c3s0", "8c3s0"), ("99999c3", "99999c3"), ("8C3", "8C3"),
        ("٣c3", "٣c3"), ("8c3; rm", "8c3;"), ("8c3p1s2", "8c3p1s2"), ("d" + 5000 * "1", "d1111"),
    ],
)  # fmt: skip
def test_words_that_are_no_layers_are_refused_by_name(text, word):
    with pytest.raises(UserError) as refused:
        parse_layers(text)
    assert refused.value.key == "training.layers"
    assert word in refused.value.problem and len(str(refused.value)) < 600


def test_layers_that_do_not_fit_on_each_other_are_refused():
    with pytest.raises(UserError):
        Architecture((1, 8, 8), parse_layers("8c5 8c5"), 2, LIFRate()).initial("x", 1)


@pytest.mark.parametrize(
    "text", ["4096c4096", "8c13", "ap13 d2", "8c3p4096", "4096c3p9 4096c3p9", " ".join(["d4096"] * 8)]
)
def test_layers_that_would_fill_the_memory_are_refused_before_they_are_made(text):
    with pytest.raises(UserError) as refused:
        Architecture((1, 12, 12), parse_layers(text), 2, LIFRate()).initial("x", 1)
    assert refused.value.key == "training.layers" and refused.value.value.split() == text.split()


def test_a_text_of_very_many_layers_is_refused():
    with pytest.raises(UserError, match="at most 256 layers"):
        parse_layers("d1 " * 30_000)


@given(st.integers(1, 4), st.integers(1, 300), st.integers(1, 300))
def test_usual_layers_fit_images_of_any_size(channels, height, width):
    shape = (channels, height, width)
    graph = Architecture(shape, usual_layers(shape), 5, LIFRate()).initial("x", 1)
    assert graph.n_classes == 5
    convolutions = [layer for layer in graph.layers if isinstance(layer, Conv2d)]
    assert all(len(layer.weight) <= 128 for layer in convolutions)


def test_the_name_of_a_recipe_may_be_too_long_for_a_file():
    with pytest.raises(UserError, match="no such network"):
        find_recipes("x" * 5000)

"""Near-duplicates are found whatever their brightness, contrast and size; others are not."""

import numpy as np
import pytest
from PIL import Image

from bioscnn.datasets.duplicates import difference_hash, near_duplicates
from bioscnn.datasets.mnist import load_embedded


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(1)
    coarse = rng.integers(60, 200, (12, 9, 12), np.uint8)
    large = [Image.fromarray(c).resize((160, 120), Image.Resampling.BICUBIC) for c in coarse]
    return np.stack([np.asarray(one) for one in large])[:, None]


def test_brightness_contrast_size_and_a_little_noise_hide_no_duplicate(pictures):
    dim, noisy = pictures // 2 + 40, pictures.astype(int)
    noisy = noisy + np.random.default_rng(2).integers(-2, 3, pictures.shape)
    small = np.stack([np.asarray(Image.fromarray(p[0]).resize((80, 60))) for p in pictures])[:, None]
    for changed in (dim, noisy.astype(np.uint8), small):
        for k in range(len(pictures)):
            found = near_duplicates(changed, pictures[k : k + 1])
            assert found[k] and found.sum() == 1


def test_a_mirror_image_and_another_picture_are_no_duplicates(pictures):
    assert not near_duplicates(pictures[..., ::-1], pictures).any()
    assert not near_duplicates(pictures[:6], pictures[6:]).any()


def test_a_hash_has_256_bits_and_an_even_image_none_of_them():
    digits = load_embedded().take(3).images
    assert difference_hash(digits).shape == (3, 256)
    assert not difference_hash(np.full((1, 1, 30, 40), 7, np.uint8)).any()

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.noise import MergePolarities
from bioscnn.seeds import stream
from tests.unit.noise.rasters import random_trains, raster_of


def test_a_pixel_spikes_whenever_either_polarity_did_and_nothing_tells_which():
    trains = random_trains(0.2, size=6)
    merged, raster = MergePolarities().apply(trains, stream(1, "none")), raster_of(trains)
    assert np.array_equal(raster_of(merged)[..., :3], raster[..., :3] | raster[..., 3:])
    assert not raster_of(merged)[..., 3:].any()


def test_neurons_that_are_no_pairs_are_refused():
    with pytest.raises(UserError, match="two polarities"):
        MergePolarities().apply(random_trains(0.2, size=5), stream(1, "none"))

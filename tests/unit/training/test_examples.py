"""Input spikes in batches: nothing is lost or moved at width zero, and events move as pixels do."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bioscnn.encoding import event_frames  # noqa: E402
from bioscnn.training.augmentation import augment  # noqa: E402
from bioscnn.training.examples import SpikeExamples, batches  # noqa: E402
from bioscnn.training.settings import RateSettings  # noqa: E402
from tests.networks import SHAPE, spikes  # noqa: E402

TRAINS = spikes(7)
EXAMPLES = SpikeExamples(TRAINS, np.arange(7), SHAPE)
STILL = RateSettings(rotation=0, shift=0, scaling=0, shear=0)


def test_a_batch_holds_every_spike_of_its_recordings_and_no_other():
    batch = EXAMPLES.batch(torch.tensor([4, 2]))
    assert batch.shape == (TRAINS.n_steps, 2, *SHAPE)
    for column, trial in enumerate((4, 2)):
        step, neuron = np.nonzero(batch[:, column].flatten(1).numpy())
        np.testing.assert_array_equal(step, TRAINS[trial : trial + 1].step)
        np.testing.assert_array_equal(neuron, TRAINS[trial : trial + 1].neuron)


def test_frames_hold_the_counts_that_the_study_divides_by_rate_and_duration():
    counts = EXAMPLES.batch(torch.arange(7), steps=10)
    frames = event_frames(TRAINS, SHAPE, 10, input_rate=100.0)
    np.testing.assert_allclose(counts.transpose(0, 1) / (10e-3 * 100.0), frames)


def test_augmentation_of_width_zero_changes_nothing():
    rows = torch.arange(7)
    moved = EXAMPLES.augmented(rows, STILL, torch.Generator())
    torch.testing.assert_close(moved, EXAMPLES.batch(rows))


def test_batches_come_in_order_with_their_labels():
    labels = torch.cat([labels for _, labels in batches(EXAMPLES, torch.arange(1, 6))])
    assert labels.tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "change",
    [{"rotation": 40}, {"shift": 5}, {"scaling": 0.4}, {"shear": 0.5}],
    ids=lambda change: next(iter(change)),
)
def test_events_move_as_the_pixels_of_an_image_do(change):
    settings = RateSettings(**({"rotation": 0, "shift": 0, "scaling": 0, "shear": 0} | change))
    shape, n = (1, 33, 33), 40
    neuron = np.tile(9 * 33 + 12, n)
    single = SpikeExamples(
        type(TRAINS)(neuron, np.zeros(n), np.arange(n + 1), 33 * 33, 2, 1e-3), np.zeros(n, np.int64), shape
    )
    events = single.augmented(torch.arange(n), settings, torch.Generator().manual_seed(2))[0]
    pixels = augment(single.batch(torch.arange(n))[0], settings, torch.Generator().manual_seed(2))
    for event, pixel in zip(events, pixels, strict=True):
        at = torch.nonzero(event[0])
        assert len(at) <= 1
        if len(at):  # a pixel is spread by interpolation, around the place where the event goes
            row, column = (int(place) for place in at[0])
            around = pixel[0, max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
            assert around.sum() > 0.9 * pixel.sum() > 0


def test_up_to_the_share_asked_for_of_the_events_is_lost():
    lossy = RateSettings(rotation=0, shift=0, scaling=0, shear=0, event_loss=0.5)
    rows = torch.zeros(400, dtype=torch.long)
    whole = EXAMPLES.batch(rows[:1]).sum()
    kept = EXAMPLES.augmented(rows, lossy, torch.Generator().manual_seed(1)).sum((0, 2, 3, 4)) / whole
    assert 0.4 < kept.min() < 0.6 < 0.95 < kept.max() <= 1
    assert kept.mean() == pytest.approx(0.75, abs=0.02)

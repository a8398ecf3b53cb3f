"""The simulated event camera: its pixels obey their equations, and its recordings are like the real ones."""

from dataclasses import replace

import numpy as np
import pytest

from bioscnn.datasets import ImageSet
from bioscnn.datasets.event_pixels import Pixels, watch
from bioscnn.datasets.idx import read_idx
from bioscnn.datasets.saccades import Camera, record
from bioscnn.errors import UserError

QUIET = Camera(leak_rate=0, mismatch=0, memory_spread=0, late=(0, 0, 0))
SIZE = 34


def images(pixels, **names):
    pixels = np.asarray(pixels, np.uint8)
    labels = np.zeros(len(pixels), np.int64)
    return ImageSet(pixels, labels, ("a",), **{"name": "mnist", "split": "train", "source": "test"} | names)


def digits(n=6):
    return images(np.random.default_rng(3).integers(0, 256, (n, 1, 7, 7)).repeat(4, 2).repeat(4, 3))


def pixel(threshold_on=0.2, threshold_off=0.2, leak=0.0, refractory=0.0):
    def one(value):
        return np.full((1, 1), value, np.float32)

    return Pixels(one(threshold_on), one(threshold_off), one(leak), refractory)


def film(values):
    return (np.full((1, 1, 1), value, np.float32) for value in values)


AT_REST = np.zeros((1, 1, 1), np.float32)


def by_pixel(stream):
    """Yield the times of each pixel's events."""
    place = stream.y.astype(int) * stream.sensor_size[0] + stream.x
    for number in np.unique(place):
        yield stream.t_us[place == number]


@pytest.mark.parametrize("way", [1, -1])
def test_a_pixel_makes_an_event_each_time_its_log_intensity_crosses_a_threshold(way):
    events = watch(film(way * np.linspace(0, 1.01, 11)), 1e-3, pixel(), AT_REST)
    assert np.all(events.on == (way > 0))
    assert events.time == pytest.approx(np.arange(1, 6) * 0.2 / 101, rel=1e-5)


def test_one_step_may_hold_many_events():
    events = watch(film([0, 2.1]), 1e-3, pixel(), AT_REST)
    assert events.time == pytest.approx(np.arange(1, 11) * 0.2 / 2.1 * 1e-3, rel=1e-4)


def test_a_pixel_in_reset_says_nothing_and_memorises_what_it_sees_at_its_end():
    slope, refractory = 100.0, 1.5e-3
    events = watch(film(slope * 1e-3 * np.arange(21)), 1e-3, pixel(refractory=refractory), AT_REST)
    assert np.diff(events.time) == pytest.approx(0.2 / slope + refractory, rel=1e-4)
    jump = watch(film([0, 1, 1, 1, 1]), 1e-3, pixel(refractory=1.5e-3), AT_REST)
    assert len(jump.time) == 1


def test_leak_makes_on_events_at_its_rate():
    events = watch(film(np.zeros(1001)), 1e-2, pixel(leak=0.2 * 2.5), AT_REST)
    assert events.on.all() and len(events.time) == pytest.approx(25, abs=1)


def test_a_blank_image_gives_no_events_without_noise():
    for camera in (QUIET, replace(QUIET, negative=False), replace(QUIET, surround="black")):
        assert len(record(images(np.zeros((1, 1, 28, 28))), camera)[0]) == 0


def test_a_blank_image_gives_on_events_at_the_leak_rate():
    camera = replace(QUIET, leak_rate=2.0, leak_spread=0.0)
    stream = record(images(np.zeros((4, 1, 28, 28))), camera)
    n = sum(len(recording) for recording in stream)
    expected = 4 * SIZE**2 * 2.0 * camera.duration
    assert all(recording.p.all() for recording in stream)
    assert n == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_shot_noise_has_its_rate_in_both_polarities_and_all_places():
    camera = replace(QUIET, shot_rate=3.0)
    stream = record(images(np.zeros((1, 1, 28, 28))), camera)[0]
    expected = SIZE**2 * 3.0 * camera.duration
    for on in (True, False):
        assert np.sum(stream.p == on) == pytest.approx(expected, abs=4 * np.sqrt(expected))
    assert np.ptp(stream.x) > 30 and np.ptp(stream.y) > 30


@pytest.mark.parametrize("negative", [False, True])
def test_an_edge_gives_one_polarity_as_many_as_its_contrast_holds_thresholds(negative):
    half = np.zeros((1, 1, 28, 28))
    half[..., :14] = 255
    ramp = ((0.0, -3.0, 0.0), (100.0, 5.0, 0.0))  # the bright half moves right: it brightens what it covers
    camera = replace(QUIET, path=ramp, negative=negative, refractory=0.0, rests=(), late=(0,))
    stream = record(images(half), camera)[0]
    assert len(stream) and np.all(stream.p != negative)
    threshold = camera.threshold_off if negative else camera.threshold_on
    swept = (stream.x == 17) & (stream.y == 17)
    contrast = np.log((1 + camera.dark) / camera.dark)
    assert swept.sum() == pytest.approx(contrast / threshold, abs=1)


def test_a_moving_bar_brightens_in_front_and_darkens_behind():
    bar = np.zeros((1, 1, 28, 28))
    bar[..., 11:17] = 255
    ramp = ((0.0, -2.0, 0.0), (100.0, 2.0, 0.0))
    camera = replace(QUIET, path=ramp, negative=False, rests=(), late=(0,))
    stream = record(images(bar), camera)[0]
    assert stream.x[stream.p].mean() - stream.x[~stream.p].mean() == pytest.approx(6, abs=1)


def test_a_recording_depends_on_its_image_and_number_but_not_on_its_neighbours():
    all_of_them = digits(70)  # more than a batch
    order = np.array([69, 3, 41])
    some = record(all_of_them.take(order))
    whole = record(all_of_them)
    assert all(one == whole[number] for one, number in zip(some, order, strict=True))


def test_the_same_image_is_recorded_otherwise_each_time_it_is_shown():
    twice = record(images(np.repeat(digits(1).images, 2, axis=0)))
    assert twice[0] != twice[1]


def test_the_same_seed_gives_the_same_events_and_another_seed_others():
    first = record(digits(2), seed=5)
    assert first.sha256 == record(digits(2), seed=5).sha256
    assert first.sha256 != record(digits(2), seed=6).sha256


def test_events_are_in_order_in_time_and_no_pixel_speaks_in_reset():
    camera = Camera(shot_rate=2.0, refractory=2e-3)
    for stream in record(digits(), camera):
        assert 0 <= stream.t_us[0] and stream.t_us[-1] < 1e6 * camera.duration
        assert all(np.diff(times).min(initial=2000) >= 2000 - 1 for times in by_pixel(stream))


def test_saccades_end_where_they_begin():
    x, y = Camera().centre(np.array([0, Camera().duration]), np.zeros((1, 3)))[:, :, 0].T
    assert np.hypot(*np.diff([x, y])) < 0.25


def test_a_late_saccade_is_the_same_path_later():
    time = np.array([0.05, 0.15, 0.26])
    late = np.array([[0.001, -0.002, 0.003]])
    one_by_one = [Camera().centre(time[k : k + 1] - late[0, k], np.zeros((1, 3)))[0] for k in range(3)]
    assert Camera().centre(time, late) == pytest.approx(np.stack(one_by_one))


def test_colours_and_large_sensors_are_recorded_and_named_simulated():
    colours = np.zeros((1, 3, 40, 60), np.uint8)
    colours[:, :, 10:30, 20:40] = 255
    recordings = record(images(colours, name="caltech101"), replace(QUIET, sensor_size=(60, 40)))
    grey = record(images(colours[:, :1], name="caltech101"), replace(QUIET, sensor_size=(60, 40)))
    assert recordings.name == "ncaltech101-simulated" and recordings.simulated
    assert "simulated" in recordings.source and recordings.sensor_size == (60, 40)
    assert len(recordings[0]) == pytest.approx(len(grey[0]), rel=0.01) and len(grey[0]) > 100


def test_progress_counts_recordings():
    seen = []
    record(digits(60), progress=lambda done, wanted: seen.append((done, wanted)))
    assert seen[-1] == (60, 60) and len(seen) > 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold_on": 0.0},
        {"refractory": -1e-3},
        {"blur": float("nan")},
        {"surround": "white"},
        {"path": ((0.0, 0.0, 0.0), (0.0, 1.0, 1.0))},
        {"late": (0.0, 0.0)},
    ],
)
def test_an_impossible_camera_is_refused(wrong):
    with pytest.raises(UserError, match="impossible camera"):
        Camera(**wrong)


def test_held_out_digits_have_the_means_of_the_real_camera(real_data):
    from bioscnn.datasets.recordings import load_recordings

    real = load_recordings("nmnist", "validation", source="real", data=real_data)
    real = real.take(np.flatnonzero(real.index >= 500)[:200])
    pixels = read_idx(real_data / "MNIST" / "train-images-idx3-ubyte.gz")[real.index][:, None]
    simulated = record(images(pixels))
    for measure in (
        lambda s: np.sum(s.p),
        lambda s: np.sum(~s.p),
        lambda s: s.t_us.mean(),
        lambda s: s.x.mean(),
        lambda s: s.y.mean(),
        lambda s: np.mean(np.concatenate([np.diff(times) for times in by_pixel(s)])),
    ):
        one, other = (np.mean([measure(stream) for stream in streams]) for streams in (real, simulated))
        assert other == pytest.approx(one, rel=0.1)

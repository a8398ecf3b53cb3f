import numpy as np
import pytest

from bioscnn.datasets import EventStream, from_tonic, read_events, stabilise
from bioscnn.datasets.stabilisation import path as path_of_image
from bioscnn.errors import UserError

FIELDS = [("x", int), ("y", int), ("t", int), ("p", int)]


def to_tonic(stream):
    events = np.empty(len(stream), FIELDS)
    for name, values in zip("xytp", (stream.x, stream.y, stream.t_us, stream.p), strict=True):
        events[name] = values
    return events


def test_a_point_that_moves_with_the_image_stands_still():
    t_us = np.arange(0, 315_000, 500)
    moved_x, moved_y = path_of_image(t_us)
    x, y = np.rint(10 + moved_x).astype(int), np.rint(12 + moved_y).astype(int)
    still = stabilise(EventStream(x, y, t_us, np.ones(len(t_us), bool), (34, 34)))
    assert len(still) == len(t_us)
    assert np.ptp(still.x) <= 1 and np.ptp(still.y) <= 1
    assert np.bincount(still.x).argmax() == 14 and np.bincount(still.y).argmax() == 14


def test_the_path_is_closed_and_continuous():
    t_us = np.arange(0, 315_001)
    for moved, top in zip(path_of_image(t_us), (7, 7), strict=True):
        assert moved[0] == 0 and moved[-1] == pytest.approx(0)
        assert np.abs(np.diff(moved)).max() < 1e-3
        assert moved.max() == pytest.approx(top)


def test_what_leaves_the_sensor_is_dropped_and_the_original_is_left_alone():
    stream = EventStream([0, 33, 5], [0, 33, 5], [0, 1, 2], [True, False, True], (34, 34))
    still = stabilise(stream)
    assert (still.x.tolist(), still.y.tolist(), still.t_us.tolist()) == ([4, 9], [2, 7], [0, 2])
    assert still.p.tolist() == [True, True]
    assert len(stream) == 3


def test_stabilised_digits_are_sharper(real_recordings):
    """The events of a recording that stands still fall on fewer pixels."""

    def spread(stream):
        share = np.bincount(stream.y * 34 + stream.x, minlength=34 * 34) / len(stream)
        return 1 / (share**2).sum()

    streams = [read_events(path, size) for path, size in real_recordings[:1000:20]]
    assert np.mean([spread(stabilise(s)) / spread(s) for s in streams]) < 0.9


def test_every_real_recording_is_stabilised_as_tonic_does(real_recordings):
    nmnist = pytest.importorskip("tonic.datasets.nmnist")
    for path, size in real_recordings[:1000]:
        stream = read_events(path, size)
        assert stabilise(stream) == from_tonic(nmnist.stabilize(to_tonic(stream)), (34, 34, 2)), path


def test_what_tonic_holds_is_taken_over_whatever_its_types():
    stream = EventStream([1, 2], [3, 4], [5, 6], [True, False], (34, 34))
    for dtype in (FIELDS, [("t", "u4"), ("x", "i2"), ("y", "u1"), ("p", bool)]):
        events = np.empty(2, dtype)
        for name in "xytp":
            events[name] = to_tonic(stream)[name]
        assert from_tonic(events, (34, 34, 2)) == stream


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda e: e[["x", "y", "t"]], "fields"),
        (lambda e: e["x"], "fields"),
        (lambda e: e.astype([("x", float), ("y", int), ("t", int), ("p", int)]), "x"),
        (lambda e: np.array([(1, 2, 3, -1)], FIELDS), "p"),
        (lambda e: np.array([(34, 2, 3, 1)], FIELDS), "x"),
        (lambda e: np.array([(1, 2, 3, 1), (1, 2, 2, 1)], FIELDS), "t_us"),
        (lambda e: np.array([(1, 2, 3, 1), (1, 2, 2, 1)], [*FIELDS[:2], ("t", "u4"), ("p", int)]), "t_us"),
        (lambda e: np.array([(1, 2, -3, 1)], FIELDS), "t_us"),
    ],
)
def test_arrays_that_are_no_events_on_the_sensor_are_refused(change, key):
    events = np.array([(1, 2, 3, 1)], FIELDS)
    with pytest.raises(UserError) as caught:
        from_tonic(change(events), (34, 34, 2))
    assert caught.value.key == key

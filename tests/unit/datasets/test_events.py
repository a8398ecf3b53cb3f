import numpy as np
import pytest

from bioscnn.datasets import EventSet, EventStream
from bioscnn.errors import UserError


def stream(x=(1, 2), y=(3, 4), t_us=(5, 6), p=(True, False), sensor_size=(34, 20)):
    return EventStream(x, y, t_us, p, sensor_size)


def test_a_stream_has_the_types_of_the_contract_and_compares_by_content():
    assert [array.dtype.name for array in (stream().x, stream().y, stream().t_us, stream().p)] == [
        "int16", "int16", "int64", "bool",
    ]  # fmt: skip
    assert stream() == stream(x=np.array([1, 2], np.uint8)) and stream() != stream(t_us=(5, 7))
    assert stream() != "events"
    assert len(stream((), (), (), ())) == 0


@pytest.mark.parametrize(
    ("change", "key", "value"),
    [
        ({"x": (1, 34)}, "x", 34),
        ({"p": (True,)}, "events", {"x": (2,), "y": (2,), "t_us": (2,), "p": (1,)}),
        ({"x": (-1, 2)}, "x", -1),
        ({"x": (1, 65537)}, "x", 65537),
        ({"y": (3, 20)}, "y", 20),
        ({"t_us": (5, 4)}, "t_us", 4),
        ({"t_us": (-1, 4)}, "t_us", -1),
        ({"t_us": np.array([5, 4], np.uint32)}, "t_us", 4),
        ({"t_us": np.array([5, 4], np.uint64)}, "t_us", 4),
    ],
)
def test_events_off_the_sensor_or_backwards_in_time_are_refused(change, key, value):
    with pytest.raises(UserError) as caught:
        stream(**change)
    assert (caught.value.key, caught.value.value) == (key, value)


def recordings(**change):
    given = {"labels": [0, 1, 1], "classes": ("no", "yes"), "index": [7, 8, 9]} | change
    return EventSet(
        (stream(), stream(t_us=(7, 8)), stream((), (), (), ())), sensor_size=(34, 20), name="any",
        split="test", source="made up", simulated=False, **given,
    )  # fmt: skip


def test_a_part_of_a_set_keeps_labels_and_numbers():
    for part in (recordings().take(slice(1, 3)), recordings().take(np.array([1, 2]))):
        assert (part.labels.tolist(), part.index.tolist()) == ([1, 1], [8, 9])
        assert (len(part[0]), len(part[1])) == (2, 0)
    with pytest.raises(UserError, match="has 3 recordings"):
        recordings().take(4)


@pytest.mark.parametrize("change", [{"labels": [0, 1]}, {"labels": [0, 1, 2]}, {"index": [1]}])
def test_labels_and_numbers_that_do_not_fit_are_refused(change):
    with pytest.raises(UserError) as caught:
        recordings(**change)
    assert caught.value.key in change


def test_only_sets_of_the_same_classes_are_joined():
    both = EventSet.concatenate([recordings(), recordings().take(1)])
    assert (len(both), both.labels.tolist()) == (4, [0, 1, 1, 0])
    with pytest.raises(ValueError, match="other recordings"):
        EventSet.concatenate([recordings(), recordings(classes=("no", "maybe"))])


def test_the_hash_of_a_set_is_that_of_its_events_and_labels():
    assert recordings().sha256 == recordings(index=[1, 2, 3]).sha256
    assert recordings().sha256 != recordings(labels=[0, 0, 1]).sha256
    assert recordings().take(2).sha256 != recordings().sha256

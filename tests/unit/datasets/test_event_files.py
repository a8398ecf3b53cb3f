import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bioscnn.datasets import EventFile, EventStream, from_tonic, read_events, write_events
from bioscnn.datasets.event_files import decode, encode
from bioscnn.errors import UserError

SENSOR = (34, 34)


def event(x, y, t_us, p=0):
    return bytes([x, y, p << 7 | t_us >> 16, t_us >> 8 & 255, t_us & 255])


def slowly(content, sensor_size):
    """The format's description, word by word: one event after the other, one byte after the other."""
    x, y, t_us, p = [], [], [], []
    added = 0
    for begin in range(0, len(content), 5):
        column, row, high, middle, low = content[begin : begin + 5]
        if row == 240:
            added += 2**13
            continue
        x.append(column)
        y.append(row)
        p.append(high >= 128)
        t_us.append((high % 128) * 65536 + middle * 256 + low + added)
    return EventStream(x, y, t_us, p, sensor_size)


def test_every_real_recording_is_read_as_the_format_describes(real_recordings):
    assert len(real_recordings) == 1004
    for path, sensor_size in real_recordings:
        assert read_events(path, sensor_size) == slowly(path.read_bytes(), sensor_size), path


def test_every_real_recording_is_read_as_tonic_reads_it(real_recordings):
    io = pytest.importorskip("tonic.io")
    dtype = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])
    for path, sensor_size in real_recordings:
        theirs = from_tonic(io.read_mnist_file(str(path), dtype=dtype), (*sensor_size, 2))
        assert read_events(path, sensor_size) == theirs, path


def test_writing_undoes_reading(real_recordings, tmp_path):
    for path, sensor_size in real_recordings[::100]:
        write_events(tmp_path / "again.bin", read_events(path, sensor_size))
        assert (tmp_path / "again.bin").read_bytes() == path.read_bytes()


def test_times_go_on_when_the_clock_runs_over():
    run_over = event(0, 240, 8191)
    content = event(1, 1, 8000) + run_over + event(2, 2, 100) + run_over + run_over + event(3, 3, 7)
    stream = decode(content, SENSOR)
    assert stream.t_us.tolist() == [8000, 8192 + 100, 3 * 8192 + 7]
    assert stream.x.tolist() == [1, 2, 3]


def test_the_highest_time_and_both_polarities_survive():
    stream = decode(event(33, 0, 0, 1) + event(0, 33, 2**23 - 1, 0), SENSOR)
    assert (stream.t_us.tolist(), stream.p.tolist()) == ([0, 2**23 - 1], [True, False])


def test_no_bytes_are_a_recording_without_events(tmp_path):
    (tmp_path / "empty.bin").touch()
    stream = EventFile(tmp_path / "empty.bin", SENSOR).read()
    assert len(stream) == 0
    assert encode(stream) == b""


GOOD = event(1, 1, 500)


@pytest.mark.parametrize(
    ("content", "problem", "value"),
    [
        (GOOD + GOOD[:3], "truncated", "8 bytes, 3 of them after byte 5"),
        (GOOD + event(34, 1, 600), "byte 5 lies outside the sensor", (34, 1)),
        (2 * GOOD + event(1, 34, 600), "byte 10 lies outside the sensor", (1, 34)),
        (GOOD + event(1, 255, 600), "byte 5 lies outside the sensor", (1, 255)),
        (GOOD + event(1, 1, 499), "backwards in the event at byte 5", 499),
        (event(0, 240, 0) + GOOD + event(1, 1, 499), "at byte 10", 8192 + 499),
        (GOOD + event(1, 1, 499) + event(99, 1, 500), "byte 5", 499),
        (GOOD + event(99, 1, 500) + event(1, 1, 499), "byte 5", (99, 1)),
    ],
)
def test_the_first_bad_event_is_named_by_its_byte(tmp_path, content, problem, value):
    path = tmp_path / "00001.bin"
    path.write_bytes(content)
    with pytest.raises(UserError, match=problem) as caught:
        read_events(path, SENSOR)
    assert (caught.value.file, caught.value.value) == (path, value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match="cannot read") as caught:
        read_events(tmp_path / "gone.bin", SENSOR)
    assert caught.value.file == tmp_path / "gone.bin"


@pytest.mark.parametrize(("x", "y", "t_us"), [(256, 0, 0), (0, 256, 0), (0, 240, 0), (0, 0, 2**23)])
def test_an_event_that_five_bytes_cannot_hold_is_not_written(tmp_path, x, y, t_us):
    stream = EventStream([0, x], [0, y], [0, t_us], [True, True], (300, 300))
    with pytest.raises(UserError, match="event 1 does not fit into five bytes"):
        write_events(tmp_path / "any.bin", stream)
    assert list(tmp_path.iterdir()) == []


sizes = st.tuples(st.integers(1, 300), st.integers(1, 300))
# Random bytes are hardly ever in order; events sorted in time with a few of any kind get further.
likely = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from([0, 7, 33, 34, 239, 240, 241]), st.integers(0, 2**23 - 1)),
    max_size=40,
).map(lambda events: b"".join(event(*each) for each in sorted(events, key=lambda each: each[2])))


def valid_or_refused(content, sensor_size):
    try:
        stream = decode(content, sensor_size)
    except UserError:
        return False
    assert stream == slowly(content, sensor_size)
    assert len(stream) == 0 or (
        0 <= stream.x.min() <= stream.x.max() < sensor_size[0]
        and 0 <= stream.y.min() <= stream.y.max() < sensor_size[1]
        and (np.diff(stream.t_us) >= 0).all()
        and 0 <= stream.t_us[0]
    )
    return True


@pytest.mark.slow
@settings(max_examples=2_000, deadline=200)
@given(st.one_of(st.binary(max_size=400), likely), sizes)
@example(b"", (1, 1))
def test_any_bytes_are_events_on_the_sensor_or_a_clear_error(content, sensor_size):
    valid_or_refused(content, sensor_size)


@settings(max_examples=500, deadline=None)
@given(likely)
def test_bytes_in_order_are_refused_exactly_where_an_event_is_off_the_sensor(content):
    events = [content[begin : begin + 2] for begin in range(0, len(content), 5)]
    assert valid_or_refused(content, SENSOR) == all(y == 240 or (x < 34 and y < 34) for x, y in events)


coordinates = st.tuples(st.integers(0, 33), st.integers(0, 33), st.integers(0, 2**23 - 1), st.booleans())


@given(st.lists(coordinates, max_size=50))
def test_reading_undoes_writing(events):
    events = sorted(events, key=lambda each: each[2])
    x, y, t_us, p = (list(column) for column in zip(*events, strict=True)) if events else ([], [], [], [])
    stream = EventStream(np.array(x, int), np.array(y, int), np.array(t_us, int), np.array(p, bool), SENSOR)
    assert decode(encode(stream), SENSOR) == stream


@pytest.mark.timeout(20)
def test_a_file_that_is_all_overflow_takes_no_longer_than_another():
    stream = decode(event(0, 240, 0) * 1_000_000 + GOOD, SENSOR)
    assert stream.t_us.tolist() == [500 + 2**13 * 1_000_000]

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioscnn.datasets.contents import unpack
from bioscnn.datasets.idx import parse_idx, read_idx
from bioscnn.errors import UserError

SMALL = b"\0\0\x08\x02" + b"\0\0\0\x02" + b"\0\0\0\x03" + bytes(range(6))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_type_survives_the_round_trip(tmp_path, encode_idx, dtype, packed):
    array = (np.arange(24).reshape(2, 3, 4) * 5 - 60 * (dtype != "uint8")).astype(dtype)
    file = tmp_path / "array.whatever"
    file.write_bytes(gzip.compress(encode_idx(array)) if packed else encode_idx(array))
    found = read_idx(file)
    assert found.dtype == array.dtype
    assert found.flags.writeable
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("length", range(len(SMALL)))
def test_a_truncated_file_is_refused_with_its_name(length):
    with pytest.raises(UserError, match="truncated") as caught:
        parse_idx(SMALL[:length], "train-images")
    assert caught.value.file == "train-images"
    assert caught.value.fix


def test_truncation_names_the_byte_where_the_file_ends():
    with pytest.raises(UserError, match=r"at byte 15") as caught:
        parse_idx(SMALL[:15], "train-images")
    assert caught.value.expected == "18 bytes for shape (2, 3)"


def test_trailing_bytes_are_refused_at_the_byte_where_they_begin():
    with pytest.raises(UserError, match=r"trailing bytes .* at byte 18") as caught:
        parse_idx(SMALL + b"ab", "train-images")
    assert caught.value.value == "2 bytes too many"


@pytest.mark.parametrize(
    ("start", "byte"),
    [(b"\0\x01\x08\x01", 0), (b"\0\0\x0a\x01", 0), (b"<htm", 0), (b"\0\0\x08\x00", 3), (b"\0\0\x08\x21", 3)],
)
def test_a_file_of_another_format_is_refused(start, byte):
    with pytest.raises(UserError, match=f"not an idx file, at byte {byte}"):
        parse_idx(start + SMALL[4:], "page.html")


def test_an_empty_dimension_is_refused():
    with pytest.raises(UserError, match="empty idx file"):
        parse_idx(b"\0\0\x08\x01" + bytes(4), "labels")


@pytest.mark.parametrize("kept", [2, 10, 25])
def test_a_truncated_gzip_file_says_so(kept):
    with pytest.raises(UserError, match=f"gzip file is truncated: it ends at byte {kept}"):
        unpack(gzip.compress(SMALL)[:kept], "labels.gz")


@pytest.mark.parametrize("position", [10, 12, -6])  # the block type, the deflated data, the checksum
def test_a_changed_byte_in_a_gzip_file_is_noticed(position):
    packed = bytearray(gzip.compress(SMALL))
    packed[position] ^= 0xFF
    with pytest.raises(UserError, match="damaged"):
        unpack(bytes(packed), "labels.gz")


def test_a_file_that_cannot_be_read_is_a_user_error(tmp_path):
    with pytest.raises(UserError, match="no file") as caught:
        read_idx(tmp_path)
    assert caught.value.file == tmp_path


@st.composite
def _nearly_idx(draw: st.DrawFn) -> bytes:
    """Bytes that begin like idx or gzip, to get behind the first check."""
    header = draw(st.sampled_from([b"\0\0\x08", b"\0\0\x0e", b"\x1f\x8b\x08", b"", b"\0\0"]))
    content = header + draw(st.binary(max_size=60))
    return gzip.compress(content) if draw(st.booleans()) else content


@given(st.one_of(st.binary(max_size=60), _nearly_idx()))
def test_any_bytes_give_an_array_or_a_user_error(content):
    try:
        array = parse_idx(unpack(content, Path("fuzz")), Path("fuzz"))
    except UserError as error:
        assert error.file == Path("fuzz")
    else:
        assert array.size > 0


@given(st.integers(0, len(SMALL) - 1), st.integers(0, 255))
def test_one_changed_byte_gives_an_array_or_a_user_error(position, byte):
    content = bytearray(SMALL)
    content[position] = byte
    try:
        assert parse_idx(bytes(content), "fuzz").nbytes <= len(SMALL)
    except UserError as error:
        assert "fuzz" in str(error)

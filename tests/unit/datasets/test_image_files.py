"""Image files of others: no format but the named ones is opened, and nothing large is decoded."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bioscnn.datasets.caltech import read_photograph
from bioscnn.datasets.image_files import MOST_PIXELS, ORIENTATION, open_image
from bioscnn.errors import UserError

CASE = Path(__file__).parents[2] / "cases" / "image-as-eps" / "image_0001.jpg"


def png(width, height, depth=8, colour=0, content=bytes(100)):
    """A PNG file that says how large it is and how deep, and holds a few bytes."""

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(content))
        + chunk(b"IEND", b"")
    )


def test_postscript_under_the_name_of_a_photograph_starts_no_program(tmp_path, monkeypatch):
    monkeypatch.setattr("subprocess.Popen", lambda *words, **more: pytest.fail(f"started {words}"))
    monkeypatch.setattr("subprocess.check_call", lambda *words, **more: pytest.fail(f"started {words}"))
    for read in (lambda: read_photograph(CASE, (30, 40)), lambda: open_image(CASE, ["JPEG", "PNG"])):
        with pytest.raises(UserError, match="another kind: EPS") as raised:
            read()
        assert raised.value.file == CASE


@pytest.mark.parametrize(
    "kind", ["GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO", "PCX", "TGA", "PDF", "EPS", "DDS"]
)
def test_every_other_format_is_refused_whatever_its_name(tmp_path, kind):
    file = tmp_path / "image_0001.jpg"
    packed = io.BytesIO()
    Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(packed, kind)
    file.write_bytes(packed.getvalue())
    with pytest.raises(UserError, match=r"another kind|not an intact image"):
        open_image(file, ["JPEG", "PNG"])


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x1cftypavif", "AVIF"),
        (b"\0\0\0\x18ftypisom", "a video"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"<!DOCTYPE html>", "HTML"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
    ],
)
def test_what_lies_under_the_name_of_a_photograph_is_named(tmp_path, start, kind):
    file = tmp_path / "image_0001.jpg"
    file.write_bytes(start + bytes(100))
    with pytest.raises(UserError, match=f"an image of another kind: {kind}") as raised:
        open_image(file, ["JPEG", "PNG"])
    assert raised.value.fix


@pytest.mark.parametrize(
    "size", [(50_000, 50_000), (2**31 - 1, 2**31 - 1), (MOST_PIXELS + 1, 1), (10_000, 10_000)]
)
def test_an_image_that_unpacks_to_too_much_is_not_unpacked(tmp_path, size):
    file = tmp_path / "bomb.png"
    file.write_bytes(png(*size))
    tracemalloc.start()
    with pytest.raises(UserError, match=r"too many pixels|not an intact image"):
        open_image(file, ["PNG"])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20e6


def test_what_is_allowed_is_read(tmp_path):
    pixels = np.arange(48, dtype=np.uint8).reshape(6, 8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert np.array_equal(np.asarray(open_image(tmp_path / "a.png", ["JPEG", "PNG"])), pixels)


@pytest.mark.parametrize("colour", [0, 2, 4, 6])  # grey, RGB, grey and RGB with alpha
def test_sixteen_bits_a_channel_do_not_become_eight(tmp_path, colour):
    row = b"\0" + 2 * (1, 0, 3, 0, 2, 0, 4)[colour] * b"\xff\xff"
    (tmp_path / "a.png").write_bytes(png(2, 3, 16, colour, 3 * row))
    with pytest.raises(UserError, match="more than 8 bits a channel"):
        open_image(tmp_path / "a.png", ["PNG"])


@pytest.mark.parametrize("most", [255, 256, 65535])
def test_colours_of_a_ppm_file_have_eight_bits(tmp_path, most):
    values = np.array([[[most, 0, most], [0, most, 0]]])
    content = values.astype(">u2" if most > 255 else "u1").tobytes()
    (tmp_path / "a.ppm").write_bytes(b"P6 2 1 %d\n" % most + content)
    if most == 255:
        assert np.array_equal(np.asarray(open_image(tmp_path / "a.ppm", ["PPM"])), values)
        return
    with pytest.raises(UserError, match="more than 8 bits a channel"):
        open_image(tmp_path / "a.ppm", ["PPM"])


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_no_file_is_turned_without_a_word(tmp_path, compression, orientation):
    pixels = np.arange(48, dtype=np.uint8).reshape(6, 8)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    for name in ("a.png", "a.tif"):
        image = Image.fromarray(pixels)
        image.save(tmp_path / name, exif=exif, compression=compression)
    assert np.array_equal(np.asarray(open_image(tmp_path / "a.png", ["PNG"])), pixels)
    if orientation == 1:
        assert np.array_equal(np.asarray(open_image(tmp_path / "a.tif", ["TIFF"])), pixels)
        return
    with pytest.raises(UserError, match="pixels are to be turned"):
        open_image(tmp_path / "a.tif", ["TIFF"])


PNM = {
    b"P1 2 2\n1 0 0 1": [[0, 255], [255, 0]],
    b"P1 2 2\n1001": [[0, 255], [255, 0]],
    b"P2 # of 3\n2 2 255\n1 2 # and 9\n3 4": [[1, 2], [3, 4]],
    b"P3 1 2 255\n1 2 3 4 5 6": [[[1, 2, 3]], [[4, 5, 6]]],
    b"P4 9 1\n\xaa\x80": [[0, 255, 0, 255, 0, 255, 0, 255, 0]],
    b"P5 2 2 255\n\x01\x02\x03\x04": [[1, 2], [3, 4]],
    b"P5 2 2 15\n\x00\x05\x0a\x0f": [[0, 85], [170, 255]],
    b"P6 1 2 255\n\x01\x02\x03\x04\x05\x06": [[[1, 2, 3]], [[4, 5, 6]]],
}


@pytest.mark.parametrize("content", PNM)
def test_nothing_lies_behind_the_image_of_a_pgm_or_ppm(tmp_path, content):
    path = tmp_path / "a.ppm"
    for white in (b"", b"\n", b" \r\n\n"):
        path.write_bytes(content + white)
        assert (
            np.asarray(open_image(path, ["PPM"]).convert("RGB" if content[1:2] in b"36" else "L")).tolist()
            == (PNM[content])
        )
    plain = content[1:2] in b"123"
    for more in (b"\n" + content[:2] + b" 1 1 255\n9", b"\n7\n" if plain else b"junk"):
        path.write_bytes(content + more)
        with pytest.raises(UserError, match="goes on behind its image"):
            open_image(path, ["PPM"])


def test_of_a_jpeg_with_a_second_image_the_first_is_taken_as_viewers_do(tmp_path):
    first, second = (Image.new("L", (8, 8), value) for value in (10, 200))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    assert (np.asarray(open_image(tmp_path / "a.jpg", ["JPEG"])) == 10).all()

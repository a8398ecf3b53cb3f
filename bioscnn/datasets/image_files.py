"""Image files of others: opened by an allow-list of formats, never decoded beyond a size.

Pillow chooses what reads a file by its first bytes, whatever its name says, and starts other programs for
some formats: Ghostscript for EPS. Here it tries the named formats alone.
"""

from __future__ import annotations

import re
import struct
import warnings
import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from bioscnn.errors import UserError
from bioscnn.files import LARGEST_UNPACKED, read_bytes

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

MOST_PIXELS = 50_000_000
"""Of an image file: a large photograph. What unpacks to more is a bomb, or no example for these networks."""

LONGEST_SIDE = 1_000_000
"""Pixels of an image file: what resizing needs grows with a side, whatever the other one is."""

DAMAGE = (OSError, ValueError, SyntaxError, EOFError, MemoryError, struct.error, OverflowError, LookupError,
          TypeError, AttributeError, ArithmeticError, zlib.error)  # fmt: skip
"""What Pillow raises, whatever a damaged file holds."""

ORIENTATION = 0x0112
"""Number of the tag of EXIF and TIFF that says how an image is to be turned."""

SIGNATURES = {
    b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"GIF8": "GIF", b"BM": "BMP", b"II*\0": "TIFF",
    b"MM\0*": "TIFF", b"RIFF": "WEBP", b"%!PS": "EPS", b"\xc5\xd0\xd3\xc6": "EPS", b"%PDF": "PDF",
    b"8BPS": "PSD", b"\0\0\1\0": "ICO", b"<svg": "SVG", b"<?xml": "SVG", b"\0\0\0\x0cjP": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000", b"\xff\x0a": "JPEG XL", b"\0\0\0\x0cJXL": "JPEG XL", b"<!": "HTML",
    b"<html": "HTML", b"version https://g": "a pointer of Git LFS, without the image",
}  # fmt: skip
"""How files of other kinds begin, so that an error can name the kind."""

_MEDIA = {
    b"heic": "HEIC",
    b"heix": "HEIC",
    b"mif1": "HEIC",
    b"msf1": "HEIC",
    b"avif": "AVIF",
    b"avis": "AVIF",
}
"""Brands behind ``ftyp`` of files of ISO media, which begin with their length."""


_WORDS = re.compile(rb"#[^\r\n]*|[^\s#]+")
"""Comments and numbers of a plain PBM, PGM or PPM."""


def open_image(path: Path, formats: Sequence[str], **details: str) -> Image:
    """Return a decoded image file of one of some formats.

    Parameters
    ----------
    path : path
        The file.
    formats : sequence of str
        Names of Pillow's formats, such as ``"JPEG"`` or ``"PNG"``.
    **details : str
        ``expected`` and ``fix`` of the error.

    Raises
    ------
    UserError
        If the file is of another format or damaged, and as of `check_header`.
    """
    from PIL import Image

    content = BytesIO(read_bytes(path))  # Pillow asks a file on the disk for as much as an image claims
    details = {"expected": "an intact image: " + " | ".join(formats)} | details
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(content, formats=tuple(formats)) as image:
            # Pillow warns of what it makes good, such as metadata, and of sizes above a bound that is wider.
            check_header(image, path)
            image.load()
    except (*DAMAGE, Image.DecompressionBombError) as error:
        kind = _kind(path)
        if kind in (None, *formats):
            details = {"fix": "copy it again, or remove it"} | details
            raise UserError("not an intact image", file=path, value=str(error), **details) from error
        details = {"fix": "convert it, or remove it"} | details
        raise UserError(f"an image of another kind: {kind}", file=path, **details) from error
    return image


def check_header(image: ImageFile, path: Path) -> None:
    """Refuse what the header of an image file tells of too many pixels or images, or other ones than read.

    Raises
    ------
    UserError
        If it has more than `MOST_PIXELS` or a side of more than `LONGEST_SIDE`, is a TIFF of several
        images or an animated PNG, has 16 bits a channel, is a PBM, PGM or PPM with more than white space
        behind its image, or is a TIFF to be turned.
    """
    if image.width * image.height > MOST_PIXELS:
        raise UserError(
            "an image of too many pixels",
            file=path,
            value=f"{image.width} x {image.height}",
            expected=f"at most {MOST_PIXELS:,} pixels",
            fix="make it smaller",
        )
    if max(image.size) > LONGEST_SIDE:
        raise UserError(
            "an image of too long a side",
            file=path,
            value=f"{image.width} x {image.height}",
            expected=f"sides of at most {LONGEST_SIDE:,} pixels",
            fix="make it smaller",
        )
    # A JPEG file may have more images (MPO: previews, a second view); its first is the one that viewers show.
    if image.format in ("TIFF", "PNG") and getattr(image, "n_frames", 1) > 1:
        raise UserError(
            "a file of several images",
            file=path,
            expected="one image per file",
            fix="save the one that counts",
        )
    if _is_deep(image):  # of colours, Pillow would keep the upper 8 bits without a word
        raise UserError(
            "an image of more than 8 bits a channel",
            file=path,
            expected="8 bits a channel",
            fix='collect images of 16 bits as floats in an npz file, dataset.name = "npz:PATH"',
        )
    if image.format == "PPM" and image.mode != "F" and _goes_on(image):
        raise UserError(
            "a file that goes on behind its image",
            file=path,
            expected="one image per file",
            fix="save the one that counts, or copy it again",
        )
    if image.format == "TIFF" and (orientation := image.getexif().get(ORIENTATION, 1)) != 1:
        raise UserError(  # Pillow turns TIFF files, and no others
            "a TIFF file whose pixels are to be turned",
            file=path,
            value=f"orientation {orientation}",
            expected="orientation 1: the first row on top",
            fix="save it turned as it shall be seen",
        )


def _is_deep(image: ImageFile) -> bool:
    """Whether the file of an image that is not decoded has more than 8 bits a channel."""
    for decoder, _, _, words in getattr(image, "tile", ()):
        raw_mode, *more = words if isinstance(words, tuple) else (words,)
        if ";16" in raw_mode or (decoder.startswith("ppm") and more and more[0] > 255):
            return True
    return False


def _goes_on(image: ImageFile) -> bool:
    """Whether a PBM, PGM or PPM of 8 bits, not decoded, has more than white space behind its pixels."""
    decoder, _, start, _ = image.tile[0]
    file, n_pixels = image.fp, image.width * image.height
    if file is None:
        return False
    row = -(-image.width // 8) if image.mode == "1" else image.width * len(image.getbands())
    plain = decoder == "ppm_plain"
    file.seek(start if plain else start + row * image.height)
    rest = file.read(LARGEST_UNPACKED)
    if not plain:
        return bool(rest.strip())
    words = (word.group() for word in _WORDS.finditer(rest) if word.group()[:1] != b"#")
    if image.mode == "1":  # white space between its digits may be left out
        return sum(map(len, words)) > n_pixels
    return sum(1 for _ in words) > n_pixels * len(image.getbands())


def _kind(path: Path) -> str | None:
    """Return the format that the first bytes of a file tell; nothing is decoded."""
    try:
        with path.open("rb") as file:
            start = file.read(32)
    except OSError:
        return None
    if start[4:8] == b"ftyp":
        return _MEDIA.get(start[8:12], "a video")
    return next((kind for signature, kind in SIGNATURES.items() if start.startswith(signature)), None)

"""Photographs of a user's own: read by an allow-list of formats, in grey or colour, at one size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets.image_files import MOST_PIXELS, open_image
from bioscnn.errors import UserError
from bioscnn.large_arrays import large_array

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "TIFF", "PPM")
ENDINGS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".pgm", ".ppm", ".pbm")
Colour = Literal["grey", "rgb"]
Fit = Literal["pad", "crop", "stretch"]
_MODES = {"1", "L", "P", "RGB", "RGBA", "LA", "PA", "CMYK"}
_WITH_ALPHA = ("RGBA", "LA", "PA")


def read_photographs(
    paths: Sequence[Path], size: tuple[int, int] | None, colour: Colour, fit: Fit
) -> NDArray[np.uint8]:
    """Read photographs one after the other, of which only the resized ones are kept.

    Parameters
    ----------
    paths : sequence of Path
        The files, at least one.
    size : tuple of int or None
        Height and width; None for that of the files, which then have to be of one size.
    colour : str
        ``"grey"`` (luma of ITU-R 601) or ``"rgb"``.
    fit : str
        What becomes of another aspect ratio, see `fitted`.

    Returns
    -------
    ndarray of uint8, shape (n, channels, height, width)
        One channel or three.

    Raises
    ------
    UserError
        If a file is no intact image of these formats, or has another size than the first.
    """
    first = read_photograph(paths[0], size, colour, fit)
    images = large_array((len(paths), *first.shape), np.uint8)
    images[0] = first
    for image, path in zip(images[1:], paths[1:], strict=True):
        pixels = read_photograph(path, size, colour, fit)
        if pixels.shape != first.shape:
            raise UserError(
                "images of different sizes",
                file=path,
                value=f"{pixels.shape[1]} x {pixels.shape[2]} pixels (height x width)",
                expected=f"{first.shape[1]} x {first.shape[2]}, as {paths[0].name}",
                fix="give dataset.size = [height, width], to which all are resized",
            )
        image[...] = pixels
    return images


def read_photograph(path: Path, size: tuple[int, int] | None, colour: Colour, fit: Fit) -> NDArray[np.uint8]:
    """Read one photograph, shape (channels, height, width); parameters and errors as of `read_photographs`.

    Pixels are taken as the file has them: no colour profile is applied, and the image is not turned.
    """
    image = open_image(path, FORMATS)
    check_mode(image, path)
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        image = image.convert("RGBA")
        if np.asarray(image)[..., 3].min() < 255:
            raise UserError(
                "an image that is partly transparent",
                file=path,
                expected="an image without transparency, or with none of its pixels",
                fix="choose what is behind it, and save it without an alpha channel",
            )
    image = image.convert("RGB" if colour == "rgb" else "L")
    pixels = np.asarray(image if size is None else fitted(image, size, fit))
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def check_mode(image: Image, path: Path) -> None:
    """Refuse an image, decoded or not, whose pixels are none of those that are read.

    Raises
    ------
    UserError
        If it has other than 8 bits per channel, or channels of another kind.
    """
    if image.mode not in _MODES or (image.mode == "CMYK" and "adobe" not in image.info):
        convert = "convert it to RGB"
        if image.mode.startswith(("I", "F")):
            convert = 'collect images of 16 bits as floats in an npz file, dataset.name = "npz:PATH"'
        raise UserError(
            "an image of another kind",
            file=path,
            value=f"mode {image.mode}",
            expected="8 bits a channel: grey, palette, RGB, or CMYK with Adobe's marker",
            fix=convert,
        )


def fitted(image: Image, size: tuple[int, int], fit: Fit) -> NDArray[np.uint8]:
    """Return an image resized to a field (bilinear, averaged over what shrinks into a pixel).

    Parameters
    ----------
    image : Image
        Grey or RGB.
    size : tuple of int
        Height and width of the field.
    fit : str
        ``"pad"``: as large as the field allows, in its middle, the outermost pixels repeated beyond it;
        ``"crop"``: as small as covers the field, its middle kept; ``"stretch"``: made to fit.

    Returns
    -------
    ndarray of uint8, shape (height, width) or (height, width, 3)
    """
    from PIL.Image import Resampling

    height, width = size
    if fit == "stretch":
        return np.asarray(image.resize((width, height), Resampling.BILINEAR))
    scales = width / image.width, height / image.height
    scale = min(scales) if fit == "pad" else max(scales)
    covered = max(1, round(scale * image.width)), max(1, round(scale * image.height))
    if fit == "crop" and math.prod(covered) > MOST_PIXELS:
        return np.asarray(_enlarged_middle(image, size, scale))
    pixels = np.asarray(image.resize(covered, Resampling.BILINEAR))
    across, down = width - covered[0], height - covered[1]
    if fit == "crop":
        left, above = -across // 2, -down // 2
        return pixels[above : above + height, left : left + width]
    margins = [(down // 2, down - down // 2), (across // 2, across - across // 2)]
    return np.pad(pixels, [*margins, (0, 0)][: pixels.ndim], mode="edge")


def _enlarged_middle(image: Image, size: tuple[int, int], scale: float) -> Image:
    """Return the middle of an image of which the whole, enlarged, would be too large: cut, then enlarged.

    Up to the rounding of the whole to pixels, it is what would be cut from the whole.
    """
    from PIL.Image import Resampling

    spans = []
    for side, field in zip(image.size, reversed(size), strict=True):
        part = min(field / scale, side)
        start = (side - part) / 2
        # Pixels beside the part go into its outermost ones.
        reach = math.ceil(max(1.0, 1 / scale))
        first = max(0, math.floor(start) - reach)
        spans.append((first, min(side, math.ceil(start + part) + reach), start - first, start - first + part))
    (left, right, *across), (above, below, *down) = spans
    height, width = size
    box = (across[0], down[0], across[1], down[1])
    return image.crop((left, above, right, below)).resize((width, height), Resampling.BILINEAR, box)

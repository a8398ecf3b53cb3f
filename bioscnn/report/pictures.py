"""Figures as parts of a page: an image for a desktop, one for a phone, and words."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bioscnn.plots.files import CSS_PIXELS_PER_INCH, to_svg
from bioscnn.plots.style import NARROW, WIDE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIMULATED = "Recordings: simulated."
"""Ends the caption of every figure about recordings that no real camera made."""


@dataclass(frozen=True)
class Image:
    """An SVG image as a data URI, with its size in CSS pixels.

    An image, not SVG elements of the page: matplotlib's element ids would clash between figures.
    """

    uri: str
    width: int
    height: int

    @classmethod
    def of(cls, figure: Figure) -> Image:
        """Render a figure."""
        encoded = b64encode(to_svg(figure).encode()).decode()
        width, height = (round(CSS_PIXELS_PER_INCH * inches) for inches in figure.get_size_inches())
        return cls(f"data:image/svg+xml;base64,{encoded}", width, height)


@dataclass(frozen=True)
class Picture:
    """A figure of the page: one image a width of the screen, and words.

    Parameters
    ----------
    desktop, phone : Image
        The same image if the figure is narrow anyway.
    alt : str
        What kind of figure it is, for readers who do not see it; the caption says what it shows.
    caption : str
        What to see.
    """

    desktop: Image
    phone: Image
    alt: str
    caption: str

    @property
    def simulated(self) -> Picture:
        """The same, with a caption that says that the recordings are simulated."""
        return replace(self, caption=f"{self.caption} {SIMULATED}")


def wide(draw: Callable[[float], Figure], alt: str, caption: str) -> Picture:
    """Draw a figure for both widths of the screen."""
    return Picture(Image.of(draw(WIDE)), Image.of(draw(NARROW)), alt, caption)


def narrow(figure: Figure, alt: str, caption: str) -> Picture:
    """Take a figure that is narrow enough for a phone as it is."""
    image = Image.of(figure)
    return Picture(image, image, alt, caption)
